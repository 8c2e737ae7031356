import dataclasses

import pytest
from hypothesis import given, settings, strategies as st
from plan_kit import (
    AUTO, EVICTING, IDLE, LEAVING, NOW, PREPARING, RESIZING, RUNNING, STEADY, TIMING, UNUSABLE, nodes, option, queue,
    starts, stops, view)

from azext_batchai.arm.states import AllocationState, DeallocationOption
from azext_batchai.service.scheduler.plan import (
    KillJob, RemoveCluster, Rescale, StartJob, StopJob, StopReason, next_time, plan)
from azext_batchai.service.scheduler.snapshot import ActiveJob, ClusterView, NodeView, Scale


# starting jobs

def test_nothing_is_left_to_do_on_a_steady_idle_cluster():
    assert plan(view(nodes=nodes(IDLE, IDLE)), NOW, TIMING) == []


def test_a_job_starts_on_a_free_node():
    assert plan(view(nodes=nodes(IDLE), queue=queue(1)), NOW, TIMING) == [StartJob('q1', ('n1',))]


def test_jobs_share_out_the_free_nodes_in_the_order_of_the_queue():
    found = plan(view(nodes=nodes(IDLE, IDLE, IDLE, IDLE), queue=queue(2, 1, 1)), NOW, TIMING)
    assert found == [StartJob('q1', ('n1', 'n2')), StartJob('q2', ('n3',)), StartJob('q3', ('n4',))]


def test_gang_waits_until_every_node_is_free():
    busy = view(nodes=nodes((RUNNING, 'a'), IDLE), active=(ActiveJob('a', 1),), queue=queue(2))
    assert plan(busy, NOW, TIMING) == []
    assert starts(plan(view(nodes=nodes(IDLE, IDLE), queue=queue(2)), NOW, TIMING)) == {'q1': ('n1', 'n2')}


def test_no_job_passes_one_that_waits_for_nodes():
    """Strict order, no backfill: a large job cannot starve."""
    waiting = view(nodes=nodes((RUNNING, 'a'), IDLE, IDLE), active=(ActiveJob('a', 1),), queue=queue(3, 1))
    assert plan(waiting, NOW, TIMING) == []


def test_a_job_behind_one_that_starts_may_have_to_wait():
    found = plan(view(nodes=nodes(IDLE, IDLE, IDLE), queue=queue(2, 2)), NOW, TIMING)
    assert starts(found) == {'q1': ('n1', 'n2')}


@pytest.mark.parametrize('state', [PREPARING, UNUSABLE, LEAVING, RUNNING])
def test_only_idle_nodes_take_jobs(state):
    assert starts(plan(view(1, nodes=nodes(state), queue=queue(1)), NOW, TIMING)) == {}


def test_a_job_may_start_while_other_nodes_are_still_preparing():
    assert starts(plan(view(nodes=nodes(IDLE, PREPARING), queue=queue(1)), NOW, TIMING)) == {'q1': ('n1',)}


# manual clusters

def test_a_cluster_grows_to_its_target():
    assert plan(view(3, nodes=nodes(IDLE)), NOW, TIMING) == [RESIZING, Rescale(3)]


def test_a_cluster_that_already_resizes_says_so_once():
    growing = view(3, nodes=nodes(IDLE), allocation_state=AllocationState.RESIZING)
    assert plan(growing, NOW, TIMING) == [Rescale(3)]


def test_a_cluster_is_steady_when_it_has_its_nodes_prepared_or_not():
    grown = view(1, nodes=nodes(PREPARING), allocation_state=AllocationState.RESIZING)
    assert plan(grown, NOW, TIMING) == [STEADY]


@pytest.mark.parametrize('states, target, leaving', [
    pytest.param((IDLE, IDLE, IDLE), 1, ('n2', 'n3'), id='the youngest first'),
    pytest.param((UNUSABLE, IDLE, IDLE), 2, ('n1',), id='an unusable one before any other'),
    pytest.param((IDLE, PREPARING, IDLE), 2, ('n2',), id='a preparing one before an idle one'),
    pytest.param((IDLE, PREPARING, UNUSABLE), 0, ('n1', 'n2', 'n3'), id='all'),
])
def test_a_shrinking_cluster_gives_up_its_free_nodes(states, target, leaving):
    assert plan(view(target, nodes=nodes(*states)), NOW, TIMING) == [RESIZING, Rescale(target, leaving)]


def test_free_nodes_go_before_a_job_is_disturbed():
    shrinking = view(1, nodes=nodes(IDLE, (RUNNING, 'a')), active=(ActiveJob('a', 1),))
    assert plan(shrinking, NOW, TIMING) == [RESIZING, Rescale(1, ('n1',))]


@pytest.mark.parametrize('choice, reason', [
    ('requeue', StopReason.RESIZE_REQUEUE), ('terminate', StopReason.RESIZE_TERMINATE)])
def test_a_job_in_the_way_is_stopped_as_the_deallocation_option_says(choice, reason):
    shrinking = view(scale=option(choice, 1), nodes=nodes((RUNNING, 'a'), (RUNNING, 'b')),
                     active=(ActiveJob('a', 1), ActiveJob('b', 1)))
    assert plan(shrinking, NOW, TIMING) == [StopJob('b', reason), RESIZING]


def test_with_waitforjobcompletion_no_job_is_stopped_and_none_starts():
    waiting = view(scale=option('waitforjobcompletion', 0), nodes=nodes((RUNNING, 'a')), active=(ActiveJob('a', 1),),
                   queue=queue(1), allocation_state=AllocationState.RESIZING)
    assert plan(waiting, NOW, TIMING) == []


def test_with_waitforjobcompletion_free_nodes_leave_at_once():
    waiting = view(scale=option('waitforjobcompletion', 0), nodes=nodes((RUNNING, 'a'), IDLE),
                   active=(ActiveJob('a', 1),), allocation_state=AllocationState.RESIZING)
    assert plan(waiting, NOW, TIMING) == [Rescale(1, ('n2',))]


def test_no_more_jobs_are_stopped_than_the_shrinking_needs():
    shrinking = view(2, nodes=nodes((RUNNING, 'a'), (RUNNING, 'b'), (RUNNING, 'b')),
                     active=(ActiveJob('a', 1), ActiveJob('b', 2)))
    assert stops(plan(shrinking, NOW, TIMING)) == {'b': StopReason.RESIZE_REQUEUE}


def test_a_gang_is_stopped_once_though_it_holds_several_nodes():
    shrinking = view(0, nodes=nodes((RUNNING, 'a'), (RUNNING, 'a')), active=(ActiveJob('a', 2),))
    found = plan(shrinking, NOW, TIMING)
    assert [action for action in found if isinstance(action, StopJob)] == [StopJob('a', StopReason.RESIZE_REQUEUE)]


def test_a_job_being_stopped_counts_as_room_to_come():
    shrinking = view(1, nodes=nodes((RUNNING, 'a'), (RUNNING, 'b')), allocation_state=AllocationState.RESIZING,
                     active=(ActiveJob('a', 1), ActiveJob('b', 1, stop_reason=StopReason.TERMINATE, stop_time=NOW)))
    assert plan(shrinking, NOW, TIMING) == []


def test_no_job_starts_while_there_are_too_many_nodes():
    crowded = view(1, nodes=nodes((RUNNING, 'a'), (RUNNING, 'b')), queue=queue(1),
                   active=(ActiveJob('a', 1), ActiveJob('b', 1)))
    assert starts(plan(crowded, NOW, TIMING)) == {}


def test_a_job_starts_on_the_nodes_that_stay():
    shrinking = view(1, nodes=nodes(IDLE, IDLE), queue=queue(1))
    assert plan(shrinking, NOW, TIMING) == [RESIZING, Rescale(1, ('n2',)), StartJob('q1', ('n1',))]


def test_a_node_already_leaving_is_asked_for_again_until_it_is_gone():
    shrinking = view(1, nodes=nodes(IDLE, LEAVING), allocation_state=AllocationState.RESIZING)
    assert plan(shrinking, NOW, TIMING) == [Rescale(1, ('n2',))]


def test_a_leaving_node_goes_even_if_the_target_was_raised_again_meanwhile():
    """An engine gives up `leaving` nodes only above the count asked for; so the count must not include them."""
    regretted = view(2, nodes=nodes(IDLE, LEAVING), allocation_state=AllocationState.RESIZING)
    rescale = next(action for action in plan(regretted, NOW, TIMING) if isinstance(action, Rescale))
    assert rescale == Rescale(1, ('n2',))


# auto-scale clusters

@pytest.mark.parametrize('fields, count', [
    pytest.param({'queued_nodes': 3}, 3, id='the queue'),
    pytest.param({'queued_nodes': 9}, 4, id='the queue, up to the maximum'),
    pytest.param({'queued_nodes': 2, 'nodes': nodes((RUNNING, 'a')), 'active': (ActiveJob('a', 1),)}, 3,
                 id='the queue beside the running jobs'),
    pytest.param({'scale': Scale(minimum=2, maximum=4)}, 2, id='the minimum'),
    pytest.param({'scale': Scale(minimum=0, maximum=4, initial=3), 'fresh': True}, 3, id='the initial count'),
    pytest.param({'scale': Scale(minimum=0, maximum=4, initial=1), 'fresh': True, 'queued_nodes': 2}, 2,
                 id='more than the initial count'),
])
def test_an_auto_scale_cluster_grows_for(fields, count):
    found = plan(view(**{'scale': AUTO, **fields}), NOW, TIMING)
    assert [action for action in found if isinstance(action, Rescale)] == [Rescale(count)]


def test_the_initial_count_does_not_bring_nodes_back_later():
    assert plan(view(scale=Scale(minimum=0, maximum=4, initial=3)), NOW, TIMING) == []


@pytest.mark.parametrize('age, leaving', [(9.5, ()), (10.0, ('n1',)), (1000.0, ('n1',))])
def test_an_idle_auto_scale_node_leaves_after_the_idle_delay(age, leaving):
    found = plan(view(scale=AUTO, nodes=nodes(IDLE, since=NOW - age)), NOW, TIMING)
    assert [action.leaving for action in found if isinstance(action, Rescale)] == ([leaving] if leaving else [])


def test_an_auto_scale_cluster_keeps_its_minimum_however_idle():
    assert plan(view(scale=Scale(minimum=1, maximum=4), nodes=nodes(IDLE, since=0)), NOW, TIMING) == []


def test_an_auto_scale_cluster_never_stops_a_job():
    lowered = view(scale=Scale(minimum=0, maximum=1), nodes=nodes((RUNNING, 'a'), (RUNNING, 'a')),
                   active=(ActiveJob('a', 2),), allocation_state=AllocationState.RESIZING)
    assert plan(lowered, NOW, TIMING) == []


def test_an_idle_node_is_kept_for_the_queue_whatever_its_age():
    waiting = view(scale=Scale(minimum=0, maximum=2), nodes=nodes((RUNNING, 'a'), IDLE, since=0),
                   active=(ActiveJob('a', 1),), queue=queue(2), queued_nodes=2)
    assert plan(waiting, NOW, TIMING) == []


# stopping jobs

@pytest.mark.parametrize('fields, reason', [
    pytest.param({'wish': 'terminate'}, StopReason.TERMINATE, id='a client terminates it'),
    pytest.param({'wish': 'delete'}, StopReason.DELETE, id='a client deletes it'),
    pytest.param({'deadline': NOW}, StopReason.WALL_CLOCK, id='its time is up'),
    pytest.param({'node_count': 2}, StopReason.NODE_LOST, id='a node of it is gone'),
    pytest.param({'wish': 'terminate', 'deadline': NOW}, StopReason.TERMINATE, id='the wish before the deadline'),
])
def test_a_running_job_is_stopped_when(fields, reason):
    active = ActiveJob(**{'guid': 'a', 'node_count': 1, **fields})
    assert plan(view(nodes=nodes((RUNNING, 'a')), active=(active,)), NOW, TIMING) == [StopJob('a', reason)]


def test_a_job_within_its_time_goes_on():
    active = ActiveJob('a', 1, deadline=NOW + 0.1)
    assert plan(view(nodes=nodes((RUNNING, 'a')), active=(active,)), NOW, TIMING) == []


def test_a_stopped_job_is_not_stopped_again():
    active = ActiveJob('a', 1, wish='delete', stop_reason=StopReason.TERMINATE, stop_time=NOW)
    assert plan(view(nodes=nodes((RUNNING, 'a')), active=(active,)), NOW, TIMING) == []


@pytest.mark.parametrize('since, killed, actions', [
    pytest.param(1.9, False, [], id='within the grace'),
    pytest.param(2.0, False, [KillJob('a')], id='after the grace'),
    pytest.param(5.0, True, [], id='once is enough'),
])
def test_a_job_that_does_not_end_is_killed_after_the_grace(since, killed, actions):
    active = ActiveJob('a', 1, stop_reason=StopReason.TERMINATE, stop_time=NOW - since, killed=killed)
    assert plan(view(nodes=nodes((RUNNING, 'a')), active=(active,)), NOW, TIMING) == actions


# deletion of clusters

def test_a_deleted_cluster_stops_its_jobs_then_gives_up_its_nodes_then_goes():
    deleting = view(2, deleting=True, nodes=nodes((RUNNING, 'a'), IDLE), active=(ActiveJob('a', 1),), queue=queue(1))
    assert plan(deleting, NOW, TIMING) == [
        StopJob('a', StopReason.CLUSTER_DELETED), RESIZING, Rescale(1, ('n2',))]
    ended = dataclasses.replace(deleting, nodes=nodes(IDLE), active=(), allocation_state=AllocationState.RESIZING)
    assert plan(ended, NOW, TIMING) == [Rescale(0, ('n1',))]
    left = dataclasses.replace(ended, nodes=nodes(LEAVING))
    assert plan(left, NOW, TIMING) == [Rescale(0, ('n1',))]
    bare = dataclasses.replace(ended, nodes=())
    assert RemoveCluster() in plan(bare, NOW, TIMING)


def test_a_cluster_is_not_removed_while_a_job_of_it_is_active():
    """Its nodes may be lost before its last launch is known to have ended."""
    deleting = view(0, deleting=True, active=(ActiveJob('a', 1, stop_reason=StopReason.NODE_LOST, stop_time=NOW),))
    assert RemoveCluster() not in plan(deleting, NOW, TIMING)


def test_an_auto_scale_cluster_that_is_deleted_does_not_scale_up():
    deleting = view(scale=Scale(minimum=2, maximum=4), deleting=True, queued_nodes=3, queue=queue(3))
    assert plan(deleting, NOW, TIMING) == [RemoveCluster()]


# time

@pytest.mark.parametrize('fields, due', [
    pytest.param({'nodes': nodes(IDLE)}, None, id='nothing'),
    pytest.param({'active': (ActiveJob('a', 1, deadline=NOW + 5),)}, NOW + 5, id='a deadline'),
    pytest.param({'active': (ActiveJob('a', 1, deadline=NOW + 5), ActiveJob('b', 1, deadline=NOW + 3))}, NOW + 3,
                 id='the nearest deadline'),
    pytest.param({'active': (ActiveJob('a', 1, deadline=NOW + 1, stop_reason='x', stop_time=NOW),)}, NOW + 2,
                 id='the end of the grace'),
    pytest.param({'active': (ActiveJob('a', 1, stop_reason='x', stop_time=NOW, killed=True),)}, None,
                 id='nothing more after the kill'),
    pytest.param({'scale': AUTO, 'nodes': nodes(IDLE)}, NOW + 10, id='the end of an idle delay'),
    pytest.param({'scale': Scale(minimum=1, maximum=4), 'nodes': nodes(IDLE)}, None, id='no idle delay at the minimum'),
])
def test_the_next_plan_is_due_at(fields, due):
    assert next_time(view(**fields), NOW, TIMING) == due


STATES = st.sampled_from([IDLE, RUNNING, PREPARING, UNUSABLE, LEAVING])


@st.composite
def views(draw):
    """Clusters as they can really be: a running node belongs to an active job, the queue fits the limit."""
    scale = draw(st.one_of(
        st.builds(Scale, target=st.integers(0, 5), deallocation=st.sampled_from(DeallocationOption)),
        st.integers(0, 4).flatmap(lambda least: st.builds(
            Scale, minimum=st.just(least), maximum=st.integers(max(1, least), 5), initial=st.integers(0, least)))))
    made, active = [], []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        state = draw(STATES)
        since = NOW - draw(st.sampled_from([0.0, 5.0, 10.0, 50.0]))
        job = None
        if state is RUNNING:
            fresh = not active or draw(st.booleans())
            if fresh:
                stop = draw(st.sampled_from([None, StopReason.TERMINATE]))
                active.append(ActiveJob(
                    f'a{number}', 1, draw(st.sampled_from([None, None, 'terminate', 'delete'])),
                    NOW + draw(st.sampled_from([-1.0, 0.0, 1.0, 100.0])), stop,
                    NOW - draw(st.sampled_from([0.0, 1.0, 3.0])) if stop else None,
                    bool(stop) and draw(st.booleans())))
            else:
                active[-1] = dataclasses.replace(active[-1], node_count=active[-1].node_count + 1)
            job = active[-1].guid
        made.append(NodeView(f'n{number}', number, state, since, job, since - draw(st.sampled_from([0.0, 40.0]))))
    sizes = draw(st.lists(st.integers(1, max(1, scale.limit)), max_size=4)) if scale.limit else []
    return ClusterView('c', scale, draw(st.sampled_from(AllocationState)), draw(st.booleans()), draw(st.booleans()),
                       NOW - draw(st.sampled_from([0.0, 7.0, 100.0])), draw(st.booleans()),
                       tuple(made), tuple(active), queue(*sizes), sum(sizes))


PROPERTY = settings(max_examples=400, derandomize=True, database=None, deadline=None)


@PROPERTY
@given(views())
def test_whatever_the_cluster_gangs_start_whole_on_free_nodes_and_in_order(case):
    found = starts(plan(case, NOW, EVICTING))
    idle = {node.id for node in case.nodes if node.state is IDLE}
    given_out = [node for held in found.values() for node in held]
    assert set(given_out) <= idle
    assert len(given_out) == len(set(given_out)), 'a node was given to two jobs'
    assert list(found) == [job.guid for job in case.queue[:len(found)]], 'a job was passed'
    assert all(len(found[job.guid]) == job.node_count for job in case.queue if job.guid in found)


@PROPERTY
@given(views())
def test_whatever_the_cluster_no_node_leaves_with_a_job_on_it_or_starts_one_while_leaving(case):
    found = plan(case, NOW, EVICTING)
    leaving = {node for action in found if isinstance(action, Rescale) for node in action.leaving}
    busy = {node.id for node in case.nodes if node.state is RUNNING}
    assert not leaving & busy
    assert not leaving & {node for held in starts(found).values() for node in held}


@PROPERTY
@given(views())
def test_whatever_the_cluster_time_alone_never_calls_for_a_plan_that_was_just_made(case):
    """A due time that is over when nothing is to be done makes the loop spin."""
    if plan(case, NOW, EVICTING) == []:
        due = next_time(case, NOW, EVICTING)
        assert due is None or due > NOW
