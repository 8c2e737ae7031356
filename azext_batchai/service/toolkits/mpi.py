"""MPI as tasks: one that runs mpirun on the master, and one on every other node that has ranks.

There is no ssh between nodes. mpirun wants a daemon on every node and asks for it through a program it can be told
to use in place of ssh; ours hands the daemon's command line to the task that waits on that node. So a rank has the
environment of its own node, and the same plan works when each node is a container.

The shell of the tasks lies beside this file: ``mpi_place.sh`` and ``mpi_slurm.sh`` begin both kinds,
``mpi_master.sh`` and ``mpi_node.sh`` go on, ``mpi_agent.sh`` stands in for ssh and ``mpi_rank.sh`` runs around each
rank. What they share is in ``$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi``.

Within a Slurm job srun takes the place of mpirun where Slurm speaks the language of the MPI that is there, and each
rank is given the environment that the task on its node wrote down.
"""
from __future__ import annotations

import shlex
import sys
from functools import lru_cache
from pathlib import Path

from azext_batchai.service.toolkits.base import Gang, TaskPlan


def ranks_per_node(process_count: int, node_count: int) -> list[int]:
    """How many ranks each node gets, in order; the first nodes take what cannot be shared out evenly."""
    each, left = divmod(process_count, node_count)
    return [each + 1] * left + [each] * (node_count - left)


def mpi_tasks(command: str, process_count: int, gang: Gang, shown: str = '') -> list[TaskPlan]:
    """The processes that run the shell text `command` in `process_count` ranks over the gang's nodes.

    One process is started as it is, without MPI. `shown` is what people are to see of the command.
    """
    if process_count == 1:
        return [TaskPlan(node=0, command=command, shown=shown)]
    one_machine = len(set(gang.addresses)) < len(gang.addresses) or len(gang.addresses) == 1
    names = _made_up_names(len(gang.addresses)) if one_machine else list(gang.addresses)
    ranks = [count for count in ranks_per_node(process_count, len(names)) if count]
    loopback = _loopback_interface() if one_machine else ''
    master = _script('slurm', 'master', batchai_command=command, batchai_count=str(process_count),
                     batchai_hosts='\n'.join(f'{name} {count}' for name, count in zip(names, ranks)),
                     batchai_loopback=loopback, batchai_agent=_part('agent'), batchai_rank=_part('rank'))
    return [TaskPlan(node=0, command=master, shown=f'mpirun -n {process_count} {shown or command}')] + [
        TaskPlan(node=node, name=f'MPI daemon {node}', essential=False, vital=False, shown='the daemon of mpirun',
                 command=_script('slurm', 'node', batchai_host=names[node], batchai_node=str(node),
                                 batchai_loopback=loopback))
        for node in range(1, len(ranks))]


def _made_up_names(count: int) -> list[str]:
    """Names that tell nodes of one machine apart: MPI takes all but the first for other machines, which it reaches
    through our agent only, and looks none of them up."""
    return [f'127.0.{number // 256}.{number % 256}' for number in range(1, count + 1)]


def _loopback_interface() -> str:
    return 'lo0' if sys.platform == 'darwin' else 'lo'


def _script(*names: str, **variables: str) -> str:
    """Shell text with its variables set. They are not exported, so no rank sees them."""
    given = ''.join(f'{name}={shlex.quote(value)}\n' for name, value in variables.items())
    return given + ''.join(map(_part, ('place', *names)))


@lru_cache(maxsize=None)
def _part(name: str) -> str:
    return (Path(__file__).parent / f'mpi_{name}.sh').read_text('utf-8')
