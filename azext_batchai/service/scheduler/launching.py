"""What a job finds on its nodes: folders, links and variables."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from azext_batchai.service.engines.base import EngineCluster, EngineNode
from azext_batchai.service.engines.devices import count_gpus
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.job_user import JobUser, files_as, make_job_folder
from azext_batchai.service.scheduler import environment as env
from azext_batchai.service.scheduler.node_files import write_on_node
from azext_batchai.service.storage.mounts import Mount, MountError, link_mounts, resolve_mounts
from azext_batchai.service.storage.new_folders import make_folders
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.toolkits import host_slots

FindFileServer = Callable[[str], str | None]


@dataclass(frozen=True)
class Folders:
    """Where things lie below the service's data folder, and the user that jobs run as when that is not ours."""
    data_dir: Path
    job_user: JobUser | None = None

    def cluster(self, guid: str) -> EngineCluster:
        return EngineCluster(guid, self.data_dir / 'nodes' / guid)

    def launch(self, launch_id: str) -> Path:
        return self.data_dir / 'launches' / launch_id

    def output(self, guid: str) -> Path:
        """Where output goes that a job, or a cluster's setup task, asked to have on a node's own disk, so that it
        outlives the node."""
        return self.data_dir / 'output' / guid

    @property
    def containers_mark(self) -> Path:
        """Is there once containers were used, so that a reset looks for some."""
        return self.data_dir / 'containers'

    @property
    def trash(self) -> Path:
        return self.data_dir / 'trash'


def node_place(node: EngineNode) -> env.NodePlace:
    return env.NodePlace(node.folder, node.address, node.gpus, node.cores, count_gpus() > 0 and not node.sets_devices)


def job_place(job: Job, node: EngineNode) -> env.JobPlace:
    """``<node>/jobs/<workspace>/<experiment>/<job>`` (semantics sheet, section 1.1, AZ_BATCHAI_JOB_TEMP)."""
    name = job.resource.id
    return env.JobPlace(node.folder / 'jobs' / name.workspace / str(name.experiment) / name.name)


@dataclass(frozen=True)
class JobLayout:
    """Everything about an attempt that does not change while it runs, for each node of the gang in order.

    `service_variables` are those the service itself sets; `folders` the output folders by directory id.
    """
    service_variables: list[dict[str, str]]
    folders: list[dict[str, Path]]
    properties: dict[str, Any]
    secrets: Mapping[str, str]
    job_user: JobUser | None = None

    @property
    def logs(self) -> Path:
        """The log folder, as the master sees it."""
        return self.folders[0]['stdouterr']

    def named_variables(self, node: int, own: Mapping[str, str] = {}) -> dict[str, str]:
        """What a job is given by name on the node of that index: the service's variables, then what is a process's
        `own`, then the user's, which may replace any."""
        known = self.service_variables[node]
        named = {**known, **{name: env.expand_service_names(value, known) for name, value in own.items()}}
        return {**named, **env.user_variables(self.properties, self.secrets, named)}

    def variables(self, node: int, own: Mapping[str, str] = {}) -> dict[str, str]:
        """The whole environment of a process on that node."""
        return {**env.inherited(os.environ, self.job_user), **self.named_variables(node, own)}


def job_layout(job: Job, nodes: list[EngineNode], secrets: Mapping[str, str], job_user: JobUser | None = None
               ) -> JobLayout:
    """Variables and output folders for each node of the gang. Pure. Raises ValueError as `env.output_folders`."""
    properties = job.resource.properties
    addresses = [node.address for node in nodes]
    segment = properties['jobOutputDirectoryPathSegment']
    variables: list[dict[str, str]] = []
    folders: list[dict[str, Path]] = []
    for node in nodes:
        named = env.job_variables(node_place(node), job_place(job, node), addresses)
        own_folders = env.output_folders(properties, segment, {**env.inherited(os.environ, job_user), **named})
        folders.append(own_folders)
        variables.append({**named, **env.directory_variables(properties, own_folders, named)})
    return JobLayout(variables, folders, properties, secrets, job_user)


def clear_node(node: EngineNode, trash: Path) -> None:
    """Empty the temporary folders that earlier jobs left on a node; an attempt starts from a clean disk."""
    jobs = node.folder / 'jobs'
    if jobs.exists():
        discard(jobs, trash)


def lay_out(job: Job, nodes: list[EngineNode], layout: JobLayout, folders: Folders, file_server: FindFileServer
            ) -> dict[str, str]:
    """Make the folders and links of an attempt; repeating is harmless. Returns the output folders, links resolved.

    Raises MountError, which names the node where it is that of one, and OSError for a folder that cannot be made.
    """
    mounts = resolve_mounts(job.resource.properties.get('mountVolumes', {}), folders.data_dir, file_server)
    make_mounted_folders(mounts, folders)
    make_lasting_folder(job.guid, folders)
    with files_as(folders.job_user):
        _lay_out_on_nodes(job, nodes, mounts)
        for node, own in zip(nodes, layout.folders):
            disk = node.folder.resolve()
            for name, folder in sorted(own.items(), key=lambda item: len(item[1].parts)):
                make_output_folder(folder, disk, folders.output(job.guid) / name)
        return {name: str(folder.resolve()) for name, folder in layout.folders[0].items()}


def host_file_text(job: Job, nodes: list[EngineNode]) -> str:
    """The host file that a job finds on each of its nodes."""
    return env.host_file(zip((node.address for node in nodes), host_slots(job.resource.properties)))


def _lay_out_on_nodes(job: Job, nodes: list[EngineNode], mounts: list[Mount]) -> None:
    shared = job_place(job, nodes[0]).shared
    make_folders(shared)
    hosts = host_file_text(job, nodes)
    for node in nodes:
        place = job_place(job, node)
        make_folders(place.temp)
        write_on_node(node.folder, place.host_file, hosts, 0o644)
        try:
            link_mounts(mounts, place.mount_root)
        except MountError as problem:
            problem.node_id = node.id
            raise
        if not place.shared.exists():
            place.shared.symlink_to(shared, target_is_directory=True)


def make_mounted_folders(mounts: list[Mount], folders: Folders) -> None:
    """Make the shares, containers and file servers behind `mounts` where a job user could not. Raises MountError."""
    for mount in mounts if folders.job_user else ():
        try:
            if mount.base:
                make_job_folder(mount.base, folders.data_dir, folders.job_user)
        except OSError as error:
            raise MountError(mount.code, mount.relative_path, f'{error.filename}: {error.strerror}') from None


def make_lasting_folder(guid: str, folders: Folders) -> None:
    """Make what `make_output_folder` may want to link to, where a job user could not."""
    if folders.job_user:
        make_job_folder(folders.output(guid), folders.data_dir, folders.job_user)


def make_output_folder(folder: Path, node_disk: Path, lasting: Path) -> None:
    """Make `folder`. On the node's own disk it becomes a link to `lasting`: nodes go, and logs should not."""
    if folder.exists():
        return
    make_folders(folder.parent)
    if node_disk not in folder.parent.resolve().parents:
        folder.mkdir(exist_ok=True)
        return
    make_folders(lasting)
    folder.symlink_to(lasting, target_is_directory=True)
