"""The stages of an attempt, each a launch: container, preparation, the toolkit's own processes, cleanup."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Mapping, Sequence

from azext_batchai.service.engines.base import EngineNode, Task
from azext_batchai.service.scheduler.launching import JobLayout, job_place
from azext_batchai.service.scheduler.ports import reserve_ports
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import CLEANUP, CONTAINER, MAIN, PREPARATION
from azext_batchai.service.toolkits import toolkit_of
from azext_batchai.service.toolkits.base import FIRST_PORT, Gang, TaskPlan

# What people call a stage.
NAMES = {CONTAINER: 'start of the container', PREPARATION: 'job preparation', MAIN: 'job',
         CLEANUP: 'removal of the container'}


@dataclass(frozen=True)
class StageTask:
    """A task of a stage on the node with index `node`.

    `name` tells it from the others when it fails, empty where there is one a node. `shown` is its command as people are
    to see it, empty for what is none of their business, and `variables` what it says by name. `files` have to be there
    first, for the eyes of the owner only. `essential` and `vital` as in `TaskPlan`.
    """
    task: Task
    node: int
    name: str = ''
    essential: bool = True
    vital: bool = True
    shown: str = ''
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)


def first_stage(properties: dict[str, Any], contained: bool) -> str:
    """What an attempt begins with; `contained` says whether the job runs in containers."""
    return CONTAINER if contained else stage_after(properties, CONTAINER)


def stage_after(properties: dict[str, Any], done: str) -> str:
    """What follows the container or the preparation, which went well."""
    return PREPARATION if done == CONTAINER and 'jobPreparation' in properties else MAIN


def preparation_tasks(job: Job, nodes: Sequence[EngineNode], layout: JobLayout) -> list[StageTask]:
    """The preparation, on every node, with logs of its own."""
    command = job.resource.properties['jobPreparation']['commandLine']
    suffixes = [''] if len(nodes) == 1 else [f'-{node.id}' for node in nodes]
    return [StageTask(Task(
        node.id, command, layout.variables(index), job_place(job, node).temp,
        layout.logs / f'stdout-job_prep{suffixes[index]}.txt', layout.logs / f'stderr-job_prep{suffixes[index]}.txt'),
        index, shown=command, variables=layout.named_variables(index)) for index, node in enumerate(nodes)]


def toolkit_tasks(job: Job, nodes: Sequence[EngineNode], layout: JobLayout, folder: Path) -> list[StageTask]:
    """The processes of the job itself. `folder` is that of the launch. Raises NoPorts."""
    made = []
    for plan in _plans(job, nodes, folder):
        node = nodes[plan.node]
        made.append(StageTask(
            Task(node.id, plan.command, layout.variables(plan.node, plan.environment), job_place(job, node).temp,
                 layout.logs / plan.stdout, layout.logs / plan.stderr),
            plan.node, plan.name, plan.essential, plan.vital, plan.shown or plan.command,
            layout.named_variables(plan.node, plan.environment)))
    return made


def _plans(job: Job, nodes: Sequence[EngineNode], folder: Path) -> list[TaskPlan]:
    """Ports are looked for only where nodes share a machine and the plan depends on them."""
    toolkit, settings = toolkit_of(job.resource.properties)
    gang = Gang(tuple(node.address for node in nodes), tuple(len(node.gpus) for node in nodes))
    plans: list[TaskPlan] = toolkit.tasks(settings, gang)
    if not any(address.startswith('127.') for address in gang.addresses):
        return plans
    if plans == toolkit.tasks(settings, replace(gang, first_port=FIRST_PORT + 1)):
        return plans
    return toolkit.tasks(settings, replace(gang, first_port=reserve_ports(folder, len(plans))))
