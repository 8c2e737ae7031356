"""Hand allocations to Slurm: the words of each `sbatch`, and a few threads that run them.

What sbatch is told is words of an argument list, so no shell reads them, and nothing in them is secret: all that a
launch is lies in its folder.
"""
from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import math
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from azext_batchai.service.engines.base import Allocation, EngineUnavailable
from azext_batchai.service.engines.slurm.allocation_folder import BATCH_SCRIPT, AllocationFolder
from azext_batchai.service.engines.slurm.book import Book, Held, Phase
from azext_batchai.service.engines.slurm.commands import SlurmRefused, SlurmUnavailable, run
from azext_batchai.service.engines.slurm.hostlists import compress
from azext_batchai.service.engines.slurm.launch_files import FILES
from azext_batchai.service.engines.slurm.queue import COMMENT
from azext_batchai.service.engines.slurm.shares import Share, Shares

_log = logging.getLogger(__name__)
_WORKERS = 4
# A queue that is full has sbatch wait and try again by itself for longer than we want to.
_SUBMIT_SECONDS = 20.0
_LONGEST_PAUSE_SECONDS = 15.0
# A change of the nodes brings it back before that.
_FEW_NODES_SECONDS = 60.0
_NO_SHARE_SECONDS = 1.0
_LONGEST_NAME = 60
# Slurm counts time in minutes of 32 bits; whoever wants that much wants no limit.
_MOST_MINUTES = 1_000_000_000

# Slurm as such is away, not only what one job needs of it.
_SILENT = re.compile('contact|timed out|did not answer|not responding|not on PATH', re.IGNORECASE)


class NotEnoughNodes(EngineUnavailable):
    """The cluster has fewer open nodes than the allocation needs, and Slurm would refuse it for that."""


@dataclass(frozen=True)
class CommonFiles:
    """In the data folder, for all jobs: where they leave word, what Slurm and our shells have to say, and node.sh."""
    news: Path
    log: Path
    script: Path


def sbatch_words(folder: AllocationFolder, allocation: Allocation, share: Share, excluded: str, nice: int,
                 common: CommonFiles, links: bool = False, files: Path | None = None) -> list[str]:
    """The command that submits an allocation. `excluded` is a host list and `nice` Slurm's number for the priority.
    `links` and `files` are what the batch script has to do before the first task. Raises EngineUnavailable when a
    wanted node is not there."""
    words = ['sbatch', '--parsable', f'--job-name={_safe_name(allocation.name)}', f'--comment={COMMENT}{allocation.id}',
             *share.words, f'--nodes={allocation.node_count}', '--exclusive', '--no-requeue', '--export=ALL',
             f'--time={_minutes(allocation.wall_seconds, share.time_limit)}', f'--nice={nice}',
             f"--output={_plain_pattern(common.log)}", '--open-mode=append', f'--chdir={folder.path}']
    names: list[str] = []
    if allocation.nodes:
        missing = [node for node in allocation.nodes if node not in share.slurm_names]
        if missing:
            raise EngineUnavailable(f'the node {missing[0]} has left the cluster')
        names = [share.slurm_names[node] for node in allocation.nodes]
        words.append(f'--nodelist={compress(names)}')
    elif excluded:
        words.append(f'--exclude={excluded}')
    return [*words, str(BATCH_SCRIPT), str(folder.path), str(common.script), str(common.news), folder.name,
            'links' if links else '', str(files or ''), *(names if len(names) > 1 else [])]


def _safe_name(name: str) -> str:
    """For the eyes of people: what a terminal shows as it is."""
    return re.sub(r'[^A-Za-z0-9._-]', '_', name)[:_LONGEST_NAME].lstrip('-') or 'batchai'


def _minutes(wall_seconds: float, limit: int | None) -> str:
    """A minute more than asked for, so that the service is the first to say that the time is over."""
    minutes = wall_seconds / 60 + 1
    if limit is not None:
        return str(min(math.ceil(min(minutes, _MOST_MINUTES)), limit))
    return 'UNLIMITED' if minutes >= _MOST_MINUTES else str(math.ceil(minutes))


def _pause_after(failures: int) -> float:
    """Seconds until the next try; after days there have been thousands of failures."""
    return min(2.0 ** min(failures - 2, 10), _LONGEST_PAUSE_SECONDS)


def _plain_pattern(path: Path) -> str:
    """A path in which Slurm replaces nothing."""
    return str(path).replace('%', '%%')


class Submissions:
    """A queue by priority, and the threads that empty it. What Slurm cannot take now stays in it.

    `most` says how many jobs of ours may be in Slurm at a time, and `nice` is the number for a priority. `submitted` is
    called when Slurm has one more, or may have; `changed` when something became known of one that it has not; `cancel`
    with what Slurm has and nobody wants any more.
    """

    def __init__(self, book: Book, shares: Shares, common: CommonFiles, nice: Callable[[int], int],
                 most: Callable[[], int], submitted: Callable[[], None], changed: Callable[[], None],
                 cancel: Callable[[list[str]], None]):
        self._book = book
        self._shares = shares
        self._common = common
        self._nice = nice
        self._most = most
        self._submitted = submitted
        self._changed = changed
        self._cancel = cancel
        self._ready = threading.Condition(book.lock)
        self._queue: list[tuple[int, int, Held]] = []
        self._later: list[tuple[float, int, Held]] = []
        self._count = itertools.count()
        self._in_flight: set[Held] = set()
        self._pause_until = 0.0
        self._workers: list[threading.Thread] = []
        self._closed = False
        self.trouble = ''

    def put(self, held: Held) -> None:
        """Have it submitted, in its turn."""
        with self._ready:
            heapq.heappush(self._queue, (-held.request.priority, next(self._count), held))
            self._call_worker()

    def retry(self, held: Held, seconds: float = 0.0) -> None:
        """Put it back, for later."""
        with self._ready:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._count), held))
            self._call_worker()

    def _call_worker(self) -> None:
        if len(self._workers) < _WORKERS and not self._closed:
            self._workers.append(threading.Thread(target=self._work, daemon=True, name='sbatch'))
            self._workers[-1].start()
        self._ready.notify()

    def nodes_changed(self) -> None:
        """Look at once at what was put back: there may be nodes for it now."""
        with self._ready:
            self._later = [(0.0, number, held) for _, number, held in self._later]
            heapq.heapify(self._later)
            self._ready.notify_all()

    def is_in_flight(self, held: Held) -> bool:
        return held in self._in_flight

    def close(self) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify_all()
        for worker in self._workers:
            worker.join()

    def _work(self) -> None:
        while True:
            held = self._next()
            if held is None:
                return
            try:
                self._submit(held)
            except OSError as error:
                self._put_off(held, f'the folder of the job cannot be used: {error.strerror}', unsure=True)
            except Exception as problem:  # a worker that ends would leave all that follows unsubmitted
                _log.exception('a job is not submitted: %s', problem)
                self._put_off(held, 'the service failed while it submitted the job; its log says more', unsure=True)
            finally:
                with self._ready:
                    self._in_flight.discard(held)
                if held.is_live:
                    self._submitted()

    def _next(self) -> Held | None:
        """The next to submit, once there is one and Slurm has room; None at the end."""
        with self._ready:
            while not self._closed:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    held = heapq.heappop(self._later)[2]
                    heapq.heappush(self._queue, (-held.request.priority, next(self._count), held))
                wait = self._later[0][0] - now if self._later else None
                if self._queue and now < self._pause_until:
                    wait = min(wait or math.inf, self._pause_until - now)
                elif self._queue and self._has_room():
                    held = heapq.heappop(self._queue)[2]
                    if held.phase is Phase.SUBMITTING and held not in self._in_flight:
                        self._in_flight.add(held)
                        return held
                    continue
                elif self._queue:
                    wait = min(wait or 1.0, 1.0)
                self._ready.wait(wait)
            return None

    def _has_room(self) -> bool:
        """Whether Slurm's queue may have another job of ours."""
        most = self._most()
        if len(self._book.held) < most:
            return True
        in_queue = sum(held.phase in (Phase.WAITING, Phase.UNSURE) for held in self._book.held.values())
        return in_queue + len(self._in_flight) < most

    def _submit(self, held: Held) -> None:
        with self._ready:
            if held.is_unneeded:
                held.phase, held.reason = Phase.GONE, 'it was not wanted any more'
                self._changed()
                return
            held.withdrawn = False
        try:
            words, excluded = self._words(held)
            answer = run(words, _SUBMIT_SECONDS).strip().partition(';')[0]
            if not re.fullmatch('[0-9]+', answer):
                raise SlurmUnavailable(f'sbatch answers with something else than a number: {answer[:80]!r}', True)
        except NotEnoughNodes as few:
            self._put_off(held, str(few), pause=_FEW_NODES_SECONDS)
        except SlurmUnavailable as unavailable:
            self._put_off(held, str(unavailable), unsure=unavailable.may_be_done)
        except EngineUnavailable as unavailable:
            self._put_off(held, str(unavailable), pause=_NO_SHARE_SECONDS)
        except SlurmRefused as refused:
            held.folder.refuse(str(refused))
            with self._ready:
                held.phase, held.reason = Phase.REFUSED, str(refused)
            self._changed()
        else:
            self._accepted(held, answer, excluded)

    def _words(self, held: Held) -> tuple[list[str], str]:
        """Raises EngineUnavailable."""
        allocation, share, excluded = held.request, self._shares.share(held.request.cluster), ''
        if not allocation.nodes:
            if len(share.open_ids) < allocation.node_count:
                raise NotEnoughNodes(f'{len(share.open_ids)} of the {allocation.node_count} nodes that it needs are '
                                     'ready')
            excluded = self._shares.excluded(allocation.cluster)
        files = Path(held.launches[0].folder) / FILES if held.launches else None
        return sbatch_words(held.folder, allocation, share, excluded, self._nice(allocation.priority),
                            self._common, held.links, files if files and files.exists() else None), excluded

    def _accepted(self, held: Held, job: str, excluded: str) -> None:
        with contextlib.suppress(FileNotFoundError):  # forgotten meanwhile
            held.folder.set_job(job)
        with self._ready:
            self.trouble = ''
            held.job, held.excluded, held.failures, held.since = job, excluded, 0, time.monotonic()
            if held.phase is Phase.SUBMITTING:  # a quick one may run, or be over
                held.phase, held.reason = Phase.WAITING, ''
            if held.unwanted:
                self._cancel([job])

    def _put_off(self, held: Held, reason: str, unsure: bool = False, pause: float | None = None) -> None:
        """It stays ours for now, for `pause` seconds. One of which Slurm may know after all has to be looked for in the
        queue first."""
        with self._ready:
            news = reason != held.reason
            held.reason, held.since = reason, time.monotonic()
            held.failures += 1
            seconds = _pause_after(held.failures) if pause is None else pause
            if _SILENT.search(reason):  # others would meet with the same
                self.trouble = reason
                self._pause_until = time.monotonic() + min(seconds, 5.0)
            if held.is_unneeded and not unsure:
                held.phase = Phase.GONE
            elif unsure:
                held.phase = Phase.UNSURE
            elif held.phase is Phase.SUBMITTING:
                self.retry(held, seconds)
        if news:
            self._changed()
