"""Small clusters for tests of the plan, and what they look for in it."""
from azext_batchai.arm.states import AllocationState, DeallocationOption, NodeState
from azext_batchai.service.scheduler.plan import SetAllocation, StartJob, StopJob, Timing
from azext_batchai.service.scheduler.snapshot import ClusterView, NodeView, Scale
from azext_batchai.service.store.jobs import Queued

IDLE, RUNNING, PREPARING = NodeState.IDLE, NodeState.RUNNING, NodeState.PREPARING
LEAVING, UNUSABLE = NodeState.LEAVING, NodeState.UNUSABLE
STEADY, RESIZING = SetAllocation(AllocationState.STEADY), SetAllocation(AllocationState.RESIZING)
NOW = 1000.0
TIMING = Timing(grace=2.0, idle_delay=10.0)
EVICTING = Timing(grace=2.0, idle_delay=10.0, eviction=30.0)
AUTO = Scale(minimum=0, maximum=4)


def nodes(*states, since=NOW):
    """Nodes n1, n2 ...; a state may come with the job that holds the node."""
    pairs = [state if isinstance(state, tuple) else (state, None) for state in states]
    return tuple(NodeView(f'n{number}', number, state, since, job)
                 for number, (state, job) in enumerate(pairs, start=1))


def queue(*node_counts):
    """Jobs q1, q2 ... in the order of the queue."""
    return tuple(Queued(f'q{number}', count, 0) for number, count in enumerate(node_counts, start=1))


def view(target=None, *, scale=None, **fields):
    """A steady cluster; with `target` a manual one."""
    if scale is None:
        scale = Scale(target=len(fields.get('nodes', ())) if target is None else target)
    return ClusterView(guid='c', scale=scale, **fields)


def option(choice, target):
    return Scale(target=target, deallocation=DeallocationOption(choice))


def starts(actions):
    return {action.guid: action.nodes for action in actions if isinstance(action, StartJob)}


def stops(actions):
    return {action.guid: action.reason for action in actions if isinstance(action, StopJob)}
