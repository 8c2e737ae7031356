"""pyTorchSettings: a Python script as several ranks, which meet by gloo, tcp or MPI (semantics sheet, section 3.2)."""
from __future__ import annotations

import sys
from dataclasses import replace

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan, ToolkitError
from azext_batchai.service.toolkits.mpi import mpi_tasks, ranks_per_node
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.python_command import Command, python_command
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'pyTorchSettings'
_BACKENDS = ('tcp', 'gloo', 'mpi')
_RANK_OF_MPI = 'export AZ_BATCHAI_TASK_INDEX="${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}"; '


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError without a script, for an unknown backend, or for a process count out of bounds."""
    require(BLOCK, settings, 'pythonScriptFilePath')
    if _backend(settings) not in _BACKENDS:
        raise ToolkitError(f'{BLOCK}.communicationBackend', f"should be one of {', '.join(_BACKENDS)}, but is "
                                                            f"{settings['communicationBackend'][:40]!r}")
    check_process_count(BLOCK, settings, node_count)


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return {**settings, 'processCount': process_count(settings, node_count)}


def starts_by_mpi(settings: Settings, node_count: int) -> bool:
    return _backend(settings) == 'mpi' and process_count(settings, node_count) > 1


def _backend(settings: Settings) -> str:
    return (settings.get('communicationBackend') or 'gloo').lower()


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    node_count = len(gang.addresses)
    count = process_count(settings, node_count)
    command = python_command(settings)
    per_node = ranks_per_node(count, node_count)
    nodes = [node for node, ranks in enumerate(per_node) for _ in range(ranks)]
    meeting = _meeting(_backend(settings), nodes, gang)
    if starts_by_mpi(settings, node_count):
        plans = mpi_tasks(_RANK_OF_MPI + command.text, count, gang, command.shown)
        return [replace(plan, environment={**plan.environment, **meeting}) for plan in plans]
    return [_rank(command, nodes, rank, meeting) for rank in range(count)]


def _meeting(backend: str, nodes: list[int], gang: Gang) -> dict[str, str]:
    """How the ranks find each other: by the variables of this service, and by those PyTorch reads itself (env://)."""
    first = gang.endpoints(nodes)[0]
    shared_file = 'file://$AZ_BATCHAI_SHARED_JOB_TEMP/pytorch-init'
    variables = {'AZ_BATCHAI_PYTORCH_BACKEND': backend,
                 'AZ_BATCHAI_PYTORCH_INIT_METHOD': shared_file if backend == 'gloo' else f'tcp://{first}'}
    if len(nodes) > 1:
        variables['MASTER_ADDR'], variables['MASTER_PORT'] = first.rsplit(':', 1)
        if all(address.startswith('127.') for address in gang.addresses):
            # Gloo would take the address of the machine's own name, which may be none of its own.
            variables['GLOO_SOCKET_IFNAME'] = variables['NCCL_SOCKET_IFNAME'] = _loopback()
    return variables


def _loopback() -> str:
    return 'lo0' if sys.platform == 'darwin' else 'lo'


def _rank(command: Command, nodes: list[int], rank: int, meeting: dict[str, str]) -> TaskPlan:
    environment = {**meeting, 'AZ_BATCHAI_TASK_INDEX': str(rank)}
    if len(nodes) > 1:
        # A lone process gets none of these: some libraries take LOCAL_RANK for a sign that others were started too.
        environment.update(RANK=str(rank), WORLD_SIZE=str(len(nodes)),
                           LOCAL_RANK=str(nodes[:rank].count(nodes[rank])),
                           LOCAL_WORLD_SIZE=str(nodes.count(nodes[rank])))
    return TaskPlan(node=nodes[rank], command=command.text, name=f'rank {rank}', stdout=f'stdout-{rank}.txt',
                    stderr=f'stderr-{rank}.txt', environment=environment, shown=command.shown)
