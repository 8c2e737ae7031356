"""The containers of an attempt: one a node, begun before the preparation and removed when the attempt is over."""
from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Sequence

from azext_batchai.service.containers import commands
from azext_batchai.service.containers.image import read_image, shm_bytes
from azext_batchai.service.containers.mounts import bound_paths, mount_links
from azext_batchai.service.containers.registry import AUTH_FILE, auth_text
from azext_batchai.service.containers.runtime import Runtime
from azext_batchai.service.containers.variables import client_variables, environment_file_text, job_variables
from azext_batchai.service.engines.base import EngineNode, Task
from azext_batchai.service.scheduler.launching import JobLayout, job_place, node_place
from azext_batchai.service.scheduler.stages import StageTask
from azext_batchai.service.secrets.references import REGISTRY_PASSWORD
from azext_batchai.service.store.jobs import Job

REGISTRY = 'registry'


def stderr_file(folder: Path, index: int) -> Path:
    """Where a task that begins or removes a container complains; `folder` is that of its launch."""
    return folder / f'{index}.stderr'


class Containment:
    """Makes the tasks around and in the containers of a job. Looks at links on the nodes, and writes nothing."""

    def __init__(self, runtime: Runtime, job: Job, data_dir: Path):
        self._runtime = runtime
        self._job = job
        self._data_dir = data_dir

    def start_tasks(self, nodes: Sequence[EngineNode], layout: JobLayout, folder: Path) -> list[StageTask]:
        """Begin the container of each node. `folder` is that of the launch. Raises BindError."""
        settings = self._job.resource.properties['containerSettings']
        image = read_image(settings['imageSourceRegistry'])
        user = settings['imageSourceRegistry'].get('credentials', {}).get('username')
        password = layout.secrets.get(REGISTRY_PASSWORD)
        made = []
        for index, node in enumerate(nodes):
            place = job_place(self._job, node)
            links = [*mount_links(node_place(node).mount_root), *mount_links(place.mount_root)]
            container = commands.Container(
                commands.container_name(self._job.guid, node.id), self._job.guid, self._data_dir,
                tuple(bound_paths([node.folder, place.shared, layout.logs, *links, *layout.folders[index].values()])),
                node.gpus,
                shm_bytes(settings['shmSize']) if 'shmSize' in settings else 0,
                node.id.replace('_', '-') if len(nodes) > 1 else '')
            auth, files = None, {}
            if user and password:
                auth = place.private / REGISTRY
                files = {auth / AUTH_FILE: auth_text(image.server, user, password)}
            made.append(StageTask(
                self._task(node.id, commands.start_command(self._runtime, container, image, auth), folder, index),
                index, shown=f'{self._runtime.name} with image {image.given}', files=files))
        return made

    def remove_tasks(self, node_ids: Sequence[str], folder: Path) -> list[StageTask]:
        """Remove the container of each node, whether the node is still there or not."""
        return [StageTask(self._task(node_id, commands.remove_command(
            self._runtime, commands.container_name(self._job.guid, node_id)), folder, index), index)
            for index, node_id in enumerate(node_ids)]

    def inside(self, purpose: str, tasks: Sequence[StageTask], nodes: Sequence[EngineNode]) -> list[StageTask]:
        """The same tasks, in the containers of their nodes."""
        return [self._inside(each, nodes[each.node], f'{purpose}-{number}') for number, each in enumerate(tasks)]

    def _inside(self, each: StageTask, node: EngineNode, name: str) -> StageTask:
        task = each.task
        file = job_place(self._job, node).private / f'{name}.environment'
        variables = job_variables(each.variables, os.environ, node.gpus)
        command = commands.exec_command(self._runtime, commands.container_name(self._job.guid, node.id), file,
                                        task.working_directory, task.command, task.stdout, task.stderr)
        return replace(each, files={file: environment_file_text(variables)}, task=replace(
            task, command=command, environment=client_variables(os.environ), is_ours=True))

    @staticmethod
    def _task(node_id: str, command: str, folder: Path, index: int) -> Task:
        return Task(node_id, command, client_variables(os.environ), folder, folder / f'{index}.stdout',
                    stderr_file(folder, index), is_ours=True)
