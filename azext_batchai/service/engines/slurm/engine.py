"""The engine for a Slurm cluster: a cluster is a share of a partition, an allocation is a job of Slurm.

Nothing here waits for a command of Slurm's: threads run those, and what they learn is kept in the book. What lies in
the shared data folder is the truth, and a later process goes on from it. The parts:

    shares, options       which nodes a cluster has, and what the user wants of a submission
    gang                  the folders of an attempt, made before its nodes are known
    launch_files, -folder the shell text of tasks
    allocation_folder     what service and batch script tell each other; batch.sh and node.sh are the other side
    submissions           sbatch
    news, watcher         what became of it
    stopping              its end before its time
"""
from __future__ import annotations

import contextlib
import logging
import math
import os
import shutil
from pathlib import Path
from typing import Callable, Collection, Iterable, Sequence

from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.engines.base import (
    Allocation, Capabilities, ClusterWish, EngineCluster, EngineNode, EngineUnavailable, Launch, LaunchRejected,
    LaunchState, Observation)
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.engines.slurm import launch_folder
from azext_batchai.service.engines.slurm.allocation_folder import (
    NODE_SCRIPT, AllocationFolder, attempt_folder, latest_number, script_stamp)
from azext_batchai.service.engines.slurm.book import (
    Book, Held, Phase, Started, StopLevel, is_handle, make_handle, read_handle)
from azext_batchai.service.engines.slurm.findings import findings
from azext_batchai.service.engines.slurm.gang import has_links, make_gang
from azext_batchai.service.engines.slurm.launch_files import write_private
from azext_batchai.service.engines.slurm.news import News
from azext_batchai.service.engines.slurm.node_watch import NodeWatch
from azext_batchai.service.engines.slurm.options import OptionsFile
from azext_batchai.service.engines.slurm.presence import is_configured, missing_here
from azext_batchai.service.engines.slurm.shares import Shares
from azext_batchai.service.engines.slurm.slurm_config import is_operator
from azext_batchai.service.engines.slurm.steps import node_command
from azext_batchai.service.engines.slurm.stopping import Stops
from azext_batchai.service.engines.slurm.submission import CommonFiles, Submissions
from azext_batchai.service.engines.slurm.watcher import QueueWatcher
from azext_batchai.service.settings import Settings

_log = logging.getLogger(__name__)
# In the folder of a launch, once somebody asked for its end, with grace or without.
_STOP, _KILL = 'stop', 'kill'


class SlurmEngine:
    """See `base.QueueingEngine`."""
    name = 'slurm'

    def __init__(self, settings: Settings):
        self._data_dir = settings.data_dir
        self._shell = settings.shell
        self._trash = settings.data_dir / 'trash'
        self._local = ProcessEngine(settings.shell, self._trash)
        self._options = OptionsFile(settings.slurm_path)
        self._shares = Shares(self._options, self._trash)
        self._book = Book()
        self._wake: Callable[[], None] = lambda: None
        self._stops = Stops(self._book, self._hurry)
        self._common = CommonFiles(settings.data_dir / 'slurm-news', settings.data_dir / 'slurm-jobs.log',
                                   settings.data_dir / f'slurm-node-{script_stamp()}.sh')
        self._plans: dict[Path, dict[str, int]] = {}
        self._submissions = Submissions(self._book, self._shares, self._common, self._nice,
                                        lambda: self._options.last().most_submitted, self._expect,
                                        self._changed, self._stops.cancel)
        self._watcher = QueueWatcher(self._book, self._shares, self._submissions, settings.data_dir, self._changed,
                                     self._stops)
        self._news = News(self._common.news, self._told, self._expects_news)
        self._node_watch = NodeWatch(self._shares, self._nodes_changed)

    def close(self) -> None:
        """End the threads; what runs in Slurm goes on."""
        for part in (self._submissions, self._watcher, self._stops, self._news, self._node_watch):
            part.close()

    # usable

    def check(self) -> Capabilities:
        missing = missing_here(self._data_dir)
        if missing:
            return self._capabilities(missing)
        self._node_watch.look()
        trouble = self._node_watch.trouble
        if trouble and not is_configured():
            return self._capabilities(f'{trouble}; set SLURM_CONF to the file slurm.conf of the cluster')
        return self._capabilities()

    @staticmethod
    def _capabilities(reason: str = '') -> Capabilities:
        return Capabilities(not reason, resizable=True, queues_gangs=True, reason=reason)

    def machine(self) -> str:
        return ''

    def trouble(self) -> str:
        said = self._watcher.trouble or self._node_watch.trouble or self._submissions.trouble
        return f'Slurm does not answer: {said}' if said else ''

    def findings(self) -> list[str]:
        return findings(self._node_watch.config)

    def capacity(self) -> dict[str, int]:
        table = self._shares.table
        nodes = table.nodes.values() if table else ()
        return {'cores': sum(node.cpus for node in nodes), 'gpus': sum(node.gpus for node in nodes)}

    # nodes

    def check_cluster(self, wish: ClusterWish) -> str:
        return self._shares.check(wish)

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        self._node_watch.begin()
        return self._shares.nodes(cluster)

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        self._shares.scale(cluster, count, leaving)

    def open_nodes(self, cluster: EngineCluster, node_ids: Collection[str]) -> None:
        if self._shares.set_open(cluster, node_ids):
            self._watcher.nodes_changed()

    def gang(self, cluster: EngineCluster, allocation_id: str, node_ids: Sequence[str], node_count: int
             ) -> list[EngineNode]:
        attempt = attempt_folder(cluster, allocation_id)
        nodes = self._shares.nodes(cluster)
        return make_gang(attempt, nodes, self._shares.share(cluster).open_ids if nodes else frozenset(), node_ids,
                         node_count, self._plans)

    # launches

    def start(self, launch: Launch) -> str:
        known = launch_folder.known_handle(launch.folder)
        if known:
            self._find(known)
            return known
        if launch.allocation is None:
            return self._local.start(launch)
        try:
            with self._book.lock:
                return self._start(launch, launch.allocation)
        except OSError as error:
            raise EngineUnavailable(f'{error.filename or launch.folder}: {error.strerror}') from error
        except ValueError as error:
            raise LaunchRejected(f'the command or its environment is not usable: {error}') from error

    def _write_common(self) -> None:
        """What jobs share, for the first of them."""
        if not self._common.script.exists():
            self._common.script.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._common.log, '')
            replace_file(self._common.script, NODE_SCRIPT.read_bytes())

    def _start(self, launch: Launch, allocation: Allocation) -> str:
        attempt = attempt_folder(allocation.cluster, allocation.id)
        held = self._latest(attempt)
        is_new = held is None or not held.is_open
        if held is None or is_new:
            number = latest_number(attempt) + 1
            held = Held(AllocationFolder.of_attempt(attempt, number), allocation, has_links(attempt))
        handle = make_handle(held.folder.path, launch.folder, len(launch.tasks), launch.last)
        nodes = held.placed.nodes if held.placed else ()
        launch_folder.write(launch, nodes, allocation.nodes, handle, self._shell)
        if is_new:
            self._write_common()
            held.folder.create(allocation, held.links, self._plans.get(attempt, {}))
        launch_folder.complete(launch)
        held.folder.add_stage(launch.folder, launch.last)
        if is_new:
            self._book.add(held)
        self._book.add_launch(handle, held)
        if is_new:
            self._submissions.put(held)
        self._expect()
        return handle

    def _latest(self, attempt: Path) -> Held | None:
        """The last allocation of an attempt, unless nothing can be added to it. Raises OSError."""
        number = latest_number(attempt)
        folder = AllocationFolder.of_attempt(attempt, number)
        stages = folder.stages() if number else []
        if not stages or not stages[-1].startswith('more '):
            return None
        return self._hold(folder)

    def _hold(self, folder: AllocationFolder) -> Held | None:
        """An allocation, from the book or from its folder. Raises OSError."""
        held = self._book.held.get(str(folder.path))
        if held:
            return held
        try:
            request, links = folder.read_request()
        except ValueError:
            return None
        held = self._book.add(Held(folder, request, links))
        held.job, held.reason, held.since = folder.job(), folder.refusal(), -math.inf
        held.withdrawn = folder.was_withdrawn(held.job)
        if held.reason:
            held.phase = Phase.REFUSED
        elif folder.has_started():
            held.phase = Phase.RUNNING
        else:  # without a number a service may have died between the submission and its note
            held.phase = Phase.WAITING if held.job else Phase.UNSURE
        return held

    def _find(self, handle: str) -> Started | None:
        """A launch, from the book or, in a process that did not start it, from its folder. None when there is none.
        Raises OSError."""
        with self._book.lock:
            found = self._book.launches.get(handle)
            if found:
                return found
            try:
                allocation, folder, _, last = read_handle(handle)
            except ValueError:
                return None
            if launch_folder.known_handle(Path(folder)) != handle:
                return None
            held = self._hold(AllocationFolder(Path(allocation)))
            if held is None:
                return None
            if not any(line.endswith(f' {folder}') for line in held.folder.stages()):  # a crash came between
                held.folder.add_stage(Path(folder), last)
            started = self._book.add_launch(handle, held)
            self._book.refresh(held)
            self._expect()
            self._stop_again(started)
            return started

    def _stop_again(self, launch: Started) -> None:
        """A service that died may not have come to tell Slurm of a stop."""
        for name, level in ((_KILL, StopLevel.KILL), (_STOP, StopLevel.GRACE)):
            if not launch.is_over and os.path.exists(f'{launch.folder}/{name}'):
                launch.stopped = True
                self._stops.stop(launch, level)

    def poll(self, handles: Sequence[str]) -> dict[str, Observation]:
        local = []
        seen = {}
        for handle in handles:
            found = self._book.launches.get(handle)
            if found is None and not is_handle(handle):
                local.append(handle)
                continue
            try:
                found = found or self._find(handle)
            except OSError as error:  # no descriptors, no memory, no network: it is no news of this launch
                _log.warning('a launch cannot be looked at now: %s', error)
                seen[handle] = Observation(LaunchState.RUNNING)
                continue
            with self._book.lock:
                seen[handle] = found.observation() if found else Observation(LaunchState.LOST)
        return {**seen, **(self._local.poll(local) if local else {})}

    def waiting(self) -> Collection[str]:
        with self._book.lock:
            return {handle for handle, launch in self._book.launches.items()
                    if launch.held.phase in (Phase.SUBMITTING, Phase.UNSURE, Phase.WAITING)}

    def stop(self, handle: str, grace_seconds: float) -> None:
        if not is_handle(handle):
            self._local.stop(handle, grace_seconds)
            return
        with self._book.lock:
            try:
                launch = self._find(handle)
                if launch is None or launch.is_over:
                    return
                for name in (_STOP,) if grace_seconds > 0 else (_STOP, _KILL):
                    # The time of the file stays that of the first request; without the folder nothing more begins.
                    with contextlib.suppress(FileExistsError, FileNotFoundError):
                        open(f'{launch.folder}/{name}', 'x').close()
            except OSError as error:
                raise EngineUnavailable(f'{error.filename}: {error.strerror}') from error
            launch.stopped = True
            held = launch.held
            if held.phase is Phase.SUBMITTING and not self._submissions.is_in_flight(held):
                held.phase, held.reason = Phase.GONE, 'it was stopped'
                self._changed()
                return
            self._stops.stop(launch, StopLevel.GRACE if grace_seconds > 0 else StopLevel.KILL)

    def release(self, handle: str) -> None:
        if not is_handle(handle):
            self._local.release(handle)
            return
        with self._book.lock, contextlib.suppress(OSError):
            launch = self._find(handle)
            if launch and not launch.is_over:
                self._end(launch.held)
            self._book.launches.pop(handle, None)
            folder = Path(read_handle(handle)[1])
            if launch_folder.known_handle(folder) == handle:
                shutil.rmtree(folder, ignore_errors=True)

    def forget_allocation(self, cluster: EngineCluster, allocation_id: str) -> None:
        attempt = attempt_folder(cluster, allocation_id)
        with self._book.lock:
            for number in range(1, latest_number(attempt) + 1):
                held = self._hold(AllocationFolder.of_attempt(attempt, number))
                if held:
                    if not all(launch.is_over for launch in held.launches) or not held.launches:
                        self._end(held)
                    held.unwanted = True
                    self._book.forget(held)
        self._plans.pop(attempt, None)
        with contextlib.suppress(FileNotFoundError):
            discard(attempt, self._trash)

    def _end(self, held: Held) -> None:
        """Free the nodes of an allocation, whatever runs there."""
        held.unwanted = True
        if held.phase is Phase.SUBMITTING and not self._submissions.is_in_flight(held):
            held.phase = Phase.GONE
        elif held.is_live and held.job:
            self._stops.cancel([held.job])

    # beside what runs

    def reach(self, cluster: EngineCluster, node_id: str, command: str) -> str:
        share = self._shares.share(cluster)
        if node_id not in share.slurm_names:
            raise LaunchRejected(f'the node {node_id} has left the cluster')
        with self._book.lock:
            job = next((held.job for held in self._book.held.values() if held.phase is Phase.RUNNING and held.placed
                        and node_id in held.placed.ids and held.request.cluster.guid == cluster.guid), '')
        return node_command(share, share.slurm_names[node_id], job, command)

    # news

    def watch(self, wake: Callable[[], None]) -> None:
        import asyncio
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(wake)
        self._wake = tell
        self._local.watch(wake)
        self._node_watch.begin()
        self._watcher.expect()

    def _changed(self) -> None:
        self._wake()

    def _hurry(self) -> None:
        self._watcher.hurry()

    def _nodes_changed(self) -> None:
        self._watcher.nodes_changed()
        self._changed()

    def _expect(self) -> None:
        self._news.expect()
        self._watcher.expect()
        self._node_watch.begin()

    def _expects_news(self) -> bool:
        with self._book.lock:
            return any(held.is_live for held in self._book.held.values())

    def _told(self, names: Iterable[str]) -> None:
        """There is word from these allocations."""
        news = False
        for name in names:
            with self._book.lock:
                held = self._book.named(name)
                if held is None:
                    continue
                waited = held.placed is None
                news = self._book.refresh(held) or news
                if waited and held.placed:
                    self._stops.repeat(held)
        if news:
            self._changed()

    def _nice(self, priority: int) -> int:
        return self._options.last().nice(priority, is_operator(self._node_watch.config))
