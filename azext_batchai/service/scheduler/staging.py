"""Prepare a stage of an attempt for the engine, say in execution.log what happens, and read what came of it."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Sequence

from azext_batchai.service.engines.base import Allocation, EngineNode, Launch, LaunchState, Observation
from azext_batchai.service.job_user import files_as
from azext_batchai.service.scheduler import environment as env
from azext_batchai.service.scheduler.containment import REGISTRY, Containment, stderr_file
from azext_batchai.service.scheduler.failures import Circumstances, last_lines, launch_end
from azext_batchai.service.scheduler.journal import Journal, duration, one_line
from azext_batchai.service.scheduler.launching import (
    Folders, JobLayout, host_file_text, job_layout, job_place, lay_out)
from azext_batchai.service.scheduler.node_files import discard_on_node, write_on_node
from azext_batchai.service.scheduler.outcome import LaunchEnd
from azext_batchai.service.scheduler.ports import NoPorts
from azext_batchai.service.scheduler.provisions import NoRuntime, Provisions
from azext_batchai.service.scheduler.stages import (
    NAMES, StageTask, first_stage, preparation_tasks, toolkit_tasks)
from azext_batchai.service.secrets.masking import MASK, mask
from azext_batchai.service.secrets.resolver import SecretUnavailable, StillResolving
from azext_batchai.service.store import Store
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import CLEANUP, CONTAINER, MAIN, PREPARATION, LaunchRecord
from azext_batchai.service.toolkits import host_slots
from azext_batchai.service.toolkits.mpi_failure import mpi_problem


@dataclass(frozen=True)
class Stage:
    """A launch ready for the engine, what its tasks are, where the job writes by directory id, and what to say first in
    execution.log."""
    launch: Launch
    tasks: list[StageTask]
    directories: dict[str, str]
    notes: list[str]


class Staging:
    """Looks at the store and makes folders and files; starts and decides nothing."""

    def __init__(self, store: Store, folders: Folders, provisions: Provisions, clock: Callable[[], float]):
        self._store = store
        self._folders = folders
        self._provisions = provisions
        self._clock = clock

    def is_contained(self, job: Job) -> bool:
        """Whether the next attempt of the job begins with a container."""
        return 'containerSettings' in job.resource.properties and not self._provisions.runs_on_host

    def prepare(self, record: LaunchRecord, job: Job, nodes: list[EngineNode], allocation: Allocation | None = None
                ) -> Stage:
        """Make the folders, links and files of a launch; repeating is harmless. With an `allocation` the engine has
        still to say which nodes these are, so files that tell of them are left to it.

        Raises StillResolving, SecretUnavailable, NoRuntime, MountError, NoPorts, and OSError or ValueError for folders
        that cannot be made.
        """
        began = self._clock()
        if record.purpose == CLEANUP:
            return self._stage(record, self._containment(job).remove_tasks(record.nodes, self._launch_folder(record)),
                               job.directories, [], allocation)
        layout = job_layout(job, nodes, self._secrets(job), self._folders.job_user)
        directories = lay_out(job, nodes, layout, self._folders, self._store.resources.file_server_guid)
        tasks = self._tasks(record, job, nodes, layout)
        files = {path: text for each in tasks for path, text in each.files.items()}
        if allocation:
            hosts = host_file_text(job, nodes)
            files.update({job_place(job, node).host_file: hosts for node in nodes})
        else:
            for each in tasks:
                for path, text in each.files.items():
                    write_on_node(nodes[each.node].folder, path, text)
            files = {}
        if record.purpose == CONTAINER:
            self._folders.containers_mark.touch()
        ready = f'folders and mounts are ready, {duration(self._clock() - began)}'
        return self._stage(record, tasks, directories, self.notes(record, job, ready), allocation, files)

    def notes(self, record: LaunchRecord, job: Job, ready: str) -> list[str]:
        """What execution.log says before a launch begins: something only of the first of an attempt."""
        if record.purpose != first_stage(job.resource.properties, self._has_container(record, job)):
            return []
        found = [f'attempt {record.attempt} on {", ".join(record.nodes)}', ready]
        if self._provisions.runs_on_host and 'containerSettings' in job.resource.properties:
            found.append('containers are switched off (--container-runtime none): the job runs on the host')
        return found

    def _stage(self, record: LaunchRecord, tasks: list[StageTask], directories: dict[str, str], notes: list[str],
               allocation: Allocation | None, files: Mapping[Path, str] = {}) -> Stage:
        launch = Launch(record.id, self._launch_folder(record), tuple(each.task for each in tasks), files, allocation,
                        self._is_last(record, allocation))
        return Stage(launch, tasks, directories, notes)

    def _is_last(self, record: LaunchRecord, allocation: Allocation | None) -> bool:
        """Whether the nodes can go once the launch has ended."""
        if allocation is None or record.purpose == CLEANUP:
            return True
        return record.purpose == MAIN and not self._store.launches.has_container(record.owner, record.attempt)

    def _launch_folder(self, record: LaunchRecord) -> Path:
        return self._folders.launch(record.id)

    def _tasks(self, record: LaunchRecord, job: Job, nodes: list[EngineNode], layout: JobLayout) -> list[StageTask]:
        folder = self._launch_folder(record)
        if record.purpose == CONTAINER:
            return self._containment(job).start_tasks(nodes, layout, folder)
        tasks = (preparation_tasks(job, nodes, layout) if record.purpose == PREPARATION
                 else toolkit_tasks(job, nodes, layout, folder))
        if self._has_container(record, job):
            return self._containment(job).inside(record.purpose, tasks, nodes)
        return tasks

    def _has_container(self, record: LaunchRecord, job: Job) -> bool:
        return 'containerSettings' in job.resource.properties and (
            record.purpose == CONTAINER or self._store.launches.has_container(record.owner, record.attempt))

    def _containment(self, job: Job) -> Containment:
        """Raises NoRuntime."""
        return Containment(self._provisions.runtime(), job, self._folders.data_dir)

    def _secrets(self, job: Job) -> dict[str, str]:
        """The values the job needs. Raises StillResolving and SecretUnavailable."""
        return self._provisions.all_secrets(job.guid, job.resource.properties,
                                            self._store.resources.secrets(job.guid))

    def known_tasks(self, record: LaunchRecord, job: Job, nodes: Sequence[EngineNode]) -> list[StageTask]:
        """The tasks of a launch that was started, without their secrets; none when nodes are gone or were never known,
        or the plan."""
        if not record.nodes or len(nodes) < len(record.nodes) or record.purpose == CLEANUP:
            return []
        try:
            return self._tasks(record, job, list(nodes), job_layout(job, list(nodes), {}, self._folders.job_user))
        except (OSError, ValueError, NoPorts, NoRuntime):
            return []

    def drop_credentials(self, job: Job, nodes: Sequence[EngineNode]) -> None:
        """The image is there: nobody needs the password of its registry any more, least of all what is in it."""
        for node in nodes:
            discard_on_node(node.folder, job_place(job, node).private / REGISTRY, self._folders.trash)

    def complaint(self, record: LaunchRecord, observation: Observation) -> str:
        """What the first of the failed tasks said that began or removed a container."""
        number = next(index for index, code in enumerate(observation.exit_codes) if code)
        said = last_lines(stderr_file(self._launch_folder(record), number))
        return one_line(said) or f'exit code {observation.exit_codes[number]}'

    # what came of it

    def read_end(self, record: LaunchRecord, job: Job, nodes: list[EngineNode], tasks: Sequence[StageTask],
                 observation: Observation) -> LaunchEnd:
        """How a launch of the job ended, and why if it failed; `tasks` are those of `known_tasks`."""
        failed = any(observation.exit_codes) and observation.state is LaunchState.ENDED
        known = self._circumstances(record, job, nodes) if failed else Circumstances()
        with files_as(None if record.purpose == CONTAINER else self._folders.job_user):  # it looks into the logs
            return launch_end(record.purpose, tasks, observation, job.stop_reason, known)

    def _circumstances(self, record: LaunchRecord, job: Job, nodes: list[EngineNode]) -> Circumstances:
        properties = job.resource.properties
        image = properties.get('containerSettings', {}).get('imageSourceRegistry', {}).get('image', '')
        with files_as(self._folders.job_user):
            mpi = mpi_problem(job_place(job, nodes[0]).shared) if record.purpose == MAIN and nodes else None
        node = ''
        if mpi and mpi.rank is not None:
            nodes_of_ranks = [node_id for node_id, count in zip(record.nodes, host_slots(properties))
                              for _ in range(count)]
            node = nodes_of_ranks[mpi.rank] if mpi.rank < len(nodes_of_ranks) else ''
        return Circumstances(mpi, node, image, self._mask(job))

    def _mask(self, job: Job) -> Callable[[str], str]:
        """Hides the job's secrets in a text, and all of it while they are not known."""
        try:
            values = list(self._secrets(job).values())
        except (StillResolving, SecretUnavailable):
            return lambda text: MASK if text else ''
        return lambda text: mask(text, values)

    # execution.log

    def note_start(self, record: LaunchRecord, job: Job, logs: str | None, notes: Sequence[str],
                   tasks: Sequence[StageTask]) -> None:
        """`logs` is the folder of the job's logs, where it has one yet."""
        if not logs:
            return
        journal = Journal(Path(logs), record.nodes, self._folders.job_user)
        for text in notes:
            journal.note(self._clock(), text)
        hide = self._mask(job)
        secret = {item['name']: MASK for item in job.resource.properties.get('secrets', [])}
        for each in tasks:
            if each.shown:
                shown = hide(env.expand_known(each.shown, {**each.variables, **secret}))
                journal.note(self._clock(), f'{_name(record, each)} begins: {shown}', each.task.node)

    def note_end(self, record: LaunchRecord, job: Job, tasks: Sequence[StageTask], observation: Observation) -> None:
        logs = job.directories.get('stdouterr')
        if not logs or not record.nodes:
            return
        journal, now = Journal(Path(logs), record.nodes, self._folders.job_user), self._clock()
        took = duration(now - record.created)
        if observation.state is LaunchState.LOST or len(tasks) != len(observation.exit_codes):
            codes = ', '.join('unknown' if code is None else str(code) for code in observation.exit_codes) or 'unknown'
            journal.note(now, f'{NAMES[record.purpose]} ended, exit code {codes}, {took}')
            return
        for each, code in zip(tasks, observation.exit_codes):
            if each.shown:
                journal.note(now, f'{_name(record, each)} ended, exit code {code}, {took}', each.task.node)


def _name(record: LaunchRecord, each: StageTask) -> str:
    return each.name or NAMES[record.purpose]
