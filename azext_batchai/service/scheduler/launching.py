"""From a job, or a node to set up, to the launch an engine can start: folders, links, variables, tasks."""
from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from azext_batchai.service.engines.base import EngineCluster, EngineNode, Launch, Task
from azext_batchai.service.engines.devices import count_gpus
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler import environment as env
from azext_batchai.service.storage.mounts import Mount, link_mounts, resolve_mounts
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import PREPARATION
from azext_batchai.service.toolkits import toolkit_of
from azext_batchai.service.toolkits.base import Gang

FindFileServer = Callable[[str], str | None]


@dataclass(frozen=True)
class Folders:
    """Where things lie below the service's data folder."""
    data_dir: Path

    def cluster(self, guid: str) -> EngineCluster:
        return EngineCluster(guid, self.data_dir / 'nodes' / guid)

    def launch(self, launch_id: str) -> Path:
        return self.data_dir / 'launches' / launch_id

    def output(self, guid: str) -> Path:
        """Where output goes that a job, or a cluster's setup task, asked to have on a node's own disk, so that it
        outlives the node."""
        return self.data_dir / 'output' / guid

    @property
    def trash(self) -> Path:
        return self.data_dir / 'trash'


def node_place(node: EngineNode) -> env.NodePlace:
    return env.NodePlace(node.folder, node.address, node.gpus, node.cores, count_gpus() > 0)


def job_place(job: Job, node: EngineNode) -> env.JobPlace:
    """``<node>/jobs/<workspace>/<experiment>/<job>`` (semantics sheet, section 1.1, AZ_BATCHAI_JOB_TEMP)."""
    name = job.resource.id
    return env.JobPlace(node.folder / 'jobs' / name.workspace / str(name.experiment) / name.name)


@dataclass(frozen=True)
class JobLayout:
    """Everything about an attempt that does not change while it runs."""
    variables: list[dict[str, str]]
    folders: list[dict[str, Path]]

    @property
    def logs(self) -> Path:
        """The log folder, as the master sees it."""
        return self.folders[0]['stdouterr']


def job_layout(job: Job, nodes: list[EngineNode], secrets: dict[str, str]) -> JobLayout:
    """Variables and output folders for each node of the gang. Pure. Raises ValueError as `env.output_folders`."""
    properties = job.resource.properties
    addresses = [node.address for node in nodes]
    segment = properties['jobOutputDirectoryPathSegment']
    variables: list[dict[str, str]] = []
    folders: list[dict[str, Path]] = []
    for node in nodes:
        named = env.job_variables(node_place(node), job_place(job, node), addresses)
        own_folders = env.output_folders(properties, segment, {**env.inherited(os.environ), **named})
        folders.append(own_folders)
        named.update(env.directory_variables(properties, own_folders, named))
        named.update(env.user_variables(properties, secrets, named))
        variables.append({**env.inherited(os.environ), **named})
    return JobLayout(variables, folders)


def clear_node(node: EngineNode, trash: Path) -> None:
    """Empty the temporary folders that earlier jobs left on a node; an attempt starts from a clean disk."""
    jobs = node.folder / 'jobs'
    if jobs.exists():
        discard(jobs, trash)


def lay_out(job: Job, nodes: list[EngineNode], layout: JobLayout, folders: Folders, file_server: FindFileServer
            ) -> dict[str, str]:
    """Make the folders and links of an attempt; repeating is harmless. Returns the output folders, links resolved.

    Raises MountError, and OSError for a folder that cannot be made.
    """
    mounts = resolve_mounts(job.resource.properties.get('mountVolumes', {}), folders.data_dir, file_server)
    shared = job_place(job, nodes[0]).shared
    shared.mkdir(parents=True, exist_ok=True)
    hosts = env.host_file([node.address for node in nodes], 1)
    for node in nodes:
        place = job_place(job, node)
        place.temp.mkdir(parents=True, exist_ok=True)
        place.host_file.write_text(hosts, encoding='utf-8')
        link_mounts(mounts, place.mount_root)
        if not place.shared.exists():
            place.shared.symlink_to(shared, target_is_directory=True)
    for node, own in zip(nodes, layout.folders):
        for name, folder in sorted(own.items(), key=lambda item: len(item[1].parts)):
            make_output_folder(folder, node.folder.resolve(), folders.output(job.guid) / name)
    return {name: str(folder.resolve()) for name, folder in layout.folders[0].items()}


def make_output_folder(folder: Path, node_disk: Path, lasting: Path) -> None:
    """Make `folder`. On the node's own disk it becomes a link to `lasting`: nodes go, and logs should not."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    if node_disk not in folder.parent.resolve().parents:
        folder.mkdir(exist_ok=True)
        return
    lasting.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(lasting, target_is_directory=True)


def job_launch(launch_id: str, purpose: str, job: Job, nodes: list[EngineNode], layout: JobLayout, folder: Path
               ) -> Launch:
    """The launch of one stage of an attempt: the preparation on every node, or the toolkit's own processes."""
    properties = job.resource.properties
    if purpose == PREPARATION:
        tasks = tuple(
            Task(node.id, properties['jobPreparation']['commandLine'], layout.variables[index],
                 job_place(job, node).temp, layout.logs / _suffixed('stdout-job_prep', node.id, len(nodes)),
                 layout.logs / _suffixed('stderr-job_prep', node.id, len(nodes)))
            for index, node in enumerate(nodes))
        return Launch(launch_id, folder, tasks)
    toolkit, settings = toolkit_of(properties)
    gang = Gang(tuple(node.address for node in nodes), tuple(len(node.gpus) for node in nodes))
    tasks = tuple(
        Task(nodes[task.node].id, task.command, {**layout.variables[task.node], **task.environment},
             job_place(job, nodes[task.node]).temp, layout.logs / task.stdout, layout.logs / task.stderr)
        for task in toolkit.tasks(settings, gang))
    return Launch(launch_id, folder, tasks)


def _suffixed(stem: str, node_id: str, node_count: int) -> str:
    return f'{stem}.txt' if node_count == 1 else f'{stem}-{node_id}.txt'


def setup_layout(cluster: Cluster, node: EngineNode, secrets: dict[str, str]) -> tuple[dict[str, str], Path | None]:
    """Variables of a node's set-up, and the folder of the setup task's logs when there is such a task. Pure."""
    variables = env.node_variables(node_place(node))
    task = cluster.resource.properties.get('nodeSetup', {}).get('setupTask')
    logs = None
    if task:
        prefix = env.absolute(task['stdOutErrPathPrefix'], {**env.inherited(os.environ), **variables})
        logs = prefix / task['stdOutErrPathSuffix']
        variables['AZ_BATCHAI_STDOUTERR_DIR'] = str(logs)
        variables.update(env.user_variables(task, secrets, variables))
    return {**env.inherited(os.environ), **variables}, logs


def setup_launch(launch_id: str, cluster: Cluster, node: EngineNode, mounts: list[Mount], secrets: dict[str, str],
                 folder: Path) -> Launch | None:
    """What has to run on a new node before it takes jobs: mount commands, then the setup task. None for nothing.

    Mounts come first, so that the task can use them (semantics sheet, section 6.3). The mount path is appended to
    an unmanaged mount command.
    """
    variables, logs = setup_layout(cluster, node, secrets)
    place = node_place(node)
    steps = [f'{mount.command} {shlex.quote(str(place.mount_root / mount.relative_path))} '
             f'|| {{ code=$?; echo {shlex.quote(f"mounting {mount.relative_path} failed")} >&2; exit $code; }}'
             for mount in mounts if mount.command]
    task: dict[str, Any] | None = cluster.resource.properties.get('nodeSetup', {}).get('setupTask')
    if task:
        steps.append(task['commandLine'])
    if not steps:
        return None
    out = logs or node.folder / 'startup'
    return Launch(launch_id, folder, (Task(
        node.id, '\n'.join(steps), variables, node.folder, out / f'stdout-{node.id}.txt',
        out / f'stderr-{node.id}.txt'),))
