"""A thread that asks Slurm for its queue, once for all of our jobs, and draws the conclusions: what waits and why, what
runs, and what is gone and how it ended.
"""
from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Callable

from azext_batchai.service.engines.base import EngineUnavailable, Removal
from azext_batchai.service.engines.slurm.book import Book, Held, Phase
from azext_batchai.service.engines.slurm.commands import SlurmRefused, SlurmUnavailable, run
from azext_batchai.service.engines.slurm.queue import (
    JobEnd, QueuedJob, is_preempted, read_ends, read_queue, reason_of_waiting)
from azext_batchai.service.engines.slurm.shares import Shares
from azext_batchai.service.engines.slurm.stopping import Stops
from azext_batchai.service.engines.slurm.submission import Submissions

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 1.0
# A look may take a twentieth of the time, no more: with ten thousand jobs it takes long.
_SHARE_OF_TIME = 20
_QUICK_SECONDS = (0.03, 0.05, 0.08, 0.12, 0.2, 0.35)
_STRAY_LOOKS = 3
_MOST_IDS = 400
# Of these only the first may be meant for good: Slurm holds such a job back for ever, and lets go at the next try.
_HOPELESS = 'BadConstraints'


class QueueWatcher:
    """`changed` is called when something became known."""

    def __init__(self, book: Book, shares: Shares, submissions: Submissions, data_dir: Path,
                 changed: Callable[[], None], stops: Stops):
        self._book = book
        self._shares = shares
        self._submissions = submissions
        self._data_dir = data_dir
        self._changed = changed
        self._stops = stops
        self._cancel = stops.cancel
        self._wanted = threading.Condition(book.lock)
        self._quick = 0
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._strays: dict[str, int] = {}
        # A service that died may have left something; later, whoever drops a job ends it.
        self._looks_due = _STRAY_LOOKS
        self.trouble = ''
        self.took_seconds = 0.0
        self.looks = 0

    def expect(self) -> None:
        """Look from now on, for as long as anything is in Slurm."""
        with self._wanted:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, daemon=True, name='slurm-queue')
                self._thread.start()
            self._wanted.notify()

    def hurry(self) -> None:
        """Something is about to be gone: look soon, and some times more."""
        with self._wanted:
            self._quick = len(_QUICK_SECONDS)
            self._due = min(self._due, time.monotonic() + _QUICK_SECONDS[0])
            self._wanted.notify()

    def close(self) -> None:
        with self._wanted:
            self._closed = True
            self._wanted.notify()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wanted:
                while not self._closed:
                    if not self._looks_due and not any(held.is_live for held in self._book.held.values()):
                        self._wanted.wait()
                        continue
                    wait = self._due - time.monotonic()
                    if wait <= 0:
                        break
                    self._wanted.wait(wait)
                if self._closed:
                    return
            try:
                self.look()
            except EngineUnavailable as unavailable:
                self._set_trouble(str(unavailable))
            except Exception as problem:  # without this thread nothing would ever end
                _log.exception('the queue of Slurm is not understood: %s', problem)
            with self._wanted:
                pause = max(_INTERVAL_SECONDS, _SHARE_OF_TIME * self.took_seconds)
                if self._quick:
                    pause = min(pause, _QUICK_SECONDS[-self._quick])
                    self._quick -= 1
                self._due = time.monotonic() + pause

    def _set_trouble(self, text: str) -> None:
        if text and not self.trouble:
            _log.warning('%s', text)
        self.trouble = text

    def look(self) -> None:
        """One round. Raises EngineUnavailable."""
        began = time.monotonic()
        rows = read_queue()
        self.took_seconds = time.monotonic() - began
        self._set_trouble('')
        by_folder: dict[str, list[QueuedJob]] = {}
        for row in rows:
            by_folder.setdefault(row.folder, []).append(row)
        with self._book.lock:
            news, missing = self._compare(by_folder, began)
            suspects = [held for held in self._book.held.values() if held.phase is Phase.RUNNING and held.is_suspect
                        and any(row.state == 'RUNNING' for row in by_folder.get(str(held.folder.path), ()))]
        for held in suspects:
            news = self._judge(held, began) or news
        if missing:
            ends = read_ends([(held.job, str(held.folder.path)) for held in missing if held.job])
            for held in missing:
                end = ends.get((held.job, str(held.folder.path)))
                if end is None:  # it was missing by mistake
                    continue
                preempted = is_preempted(held.job) if held.is_suspect and not end.removal else ''
                with self._book.lock:
                    self._conclude(held, JobEnd(end.state, preempted, Removal.PREEMPTED) if preempted else end)
            news = True
        if news:
            self._changed()
        self._end_strays(by_folder)
        self._update_exclusions()
        self.took_seconds = time.monotonic() - began
        self.looks += 1
        self._looks_due = max(0, self._looks_due - 1)

    def _compare(self, rows: dict[str, list[QueuedJob]], began: float) -> tuple[bool, list[Held]]:
        """Whether there is anything new, and what Slurm has no more."""
        news, missing = False, []
        for folder, held in list(self._book.held.items()):
            if not held.is_live:
                continue
            found = rows.get(folder)
            waited = held.phase is not Phase.RUNNING
            try:
                if held.phase is not Phase.WAITING or not found or not found[0].waits:
                    news = self._book.refresh(held) or news
                if waited and held.phase is Phase.RUNNING:
                    self._stops.repeat(held)
                if found:
                    news = self._take(held, found, began) or news
                elif began > held.since and held.is_live:
                    if not self._resolve(held):
                        missing.append(held)
                    news = True
            except OSError as error:
                _log.warning('%s cannot be looked at: %s', folder, error.strerror)
        return news, missing

    def _take(self, held: Held, found: list[QueuedJob], began: float) -> bool:
        """What the queue says of an allocation. Of two submissions of it, the first one to start counts."""
        job = next((row for row in found if row.id == held.job), found[0])
        if len(found) > 1:
            started = held.placed.job if held.placed else job.id
            self._cancel([row.id for row in found if row.id != started])
            job = next((row for row in found if row.id == started), job)
        if held.phase is Phase.UNSURE:
            held.phase, held.since, held.failures = Phase.WAITING, began, 0
            held.folder.set_job(job.id)
        held.job = job.id
        if held.unwanted:
            self._cancel([job.id])
            return False
        if held.phase is Phase.RUNNING:
            if job.state == 'RUNNING' and not held.is_suspect:
                held.calm_since = began
            return False
        if job.waits:
            self._stops.repeat(held)
        elif job.state == 'RUNNING' and held.folder.look_afresh():  # its word did not come here
            self._book.refresh(held)
        reason = reason_of_waiting(job.reason) if job.waits else 'it is about to start'
        if job.reason == _HOPELESS and job.waits and not held.withdrawn:
            held.folder.withdraw(job.id)
            held.withdrawn = True
        if held.withdrawn and job.waits:
            self._stops.withdraw([job.id])
        news = reason != held.reason
        held.reason = reason
        return news

    def _resolve(self, held: Held) -> bool:
        """What Slurm has no more and needs no question: what was to end, or never began and may begin yet."""
        started = held.folder.look_afresh()
        self._book.refresh(held)
        if not held.is_live:
            return True
        if held.is_unneeded:
            held.phase, held.reason = Phase.GONE, 'it was stopped'
            return True
        if started:
            return False
        if held.phase is Phase.UNSURE or held.withdrawn or held.folder.was_misplaced(held.job):
            held.phase, held.since = Phase.SUBMITTING, time.monotonic()
            held.failures += 1
            self._submissions.retry(held, min(held.failures - 1, 30.0))
            return True
        return False

    def _judge(self, held: Held, began: float) -> bool:
        """Something told the tasks of an allocation to end, and Slurm goes on with it: if it is not about to give the
        nodes to somebody else, that was no business of Slurm's. Raises EngineUnavailable."""
        preempted = is_preempted(held.job)
        with self._book.lock:
            if preempted:
                held.removal, held.reason = Removal.PREEMPTED, preempted
                self._cancel([held.job])
                return False
            held.calm_since = began
            return self._book.refresh(held) or True

    def _conclude(self, held: Held, end: JobEnd) -> None:
        self._book.refresh(held)
        if not held.is_live:
            return
        if held.withdrawn and end.removal is Removal.ADMINISTRATOR:  # it began as we took it back
            end = JobEnd(end.state, f"Slurm's job {held.job} was taken back: too few nodes of the cluster were left")
        if held.removal is None or end.removal not in (None, Removal.ADMINISTRATOR):
            held.reason, held.removal = end.reason, end.removal
        held.phase, held.vanished = Phase.GONE, not end.state
        if not held.folder.has_started() and end.state in ('COMPLETED', 'FAILED') and not end.removal:
            held.phase = Phase.REFUSED
            held.reason = (f"Slurm's job {held.job} ended before it began to work: most likely its node does not see "
                           f'{held.folder.path}; the data folder of the service has to be the same on all nodes')
            held.folder.refuse(held.reason)

    def _end_strays(self, rows: dict[str, list[QueuedJob]]) -> None:
        """End jobs of this data folder that nobody knows any more: of a service that died before it ended them."""
        seen: dict[str, int] = {}
        with self._book.lock:
            for folder, jobs in rows.items():
                if folder not in self._book.held and Path(folder).is_relative_to(self._data_dir):
                    for job in jobs:
                        seen[job.id] = self._strays.get(job.id, 0) + 1
        ended = [job for job, looks in seen.items() if looks >= _STRAY_LOOKS and not os.path.exists(
            next(folder for folder, jobs in rows.items() if any(each.id == job for each in jobs)))]
        self._strays = seen
        if ended:
            self._cancel(ended)

    # open nodes

    def nodes_changed(self) -> None:
        """Other nodes are open, or exist, than when jobs were submitted."""
        self._submissions.nodes_changed()
        self.expect()
        self.hurry()

    def _update_exclusions(self) -> None:
        """Tell Slurm of waiting jobs which nodes they may not have any more. Those for which there are too few now come
        back, or Slurm would hold them for ever."""
        changes: dict[str, list[Held]] = {}
        withdrawn = []
        with self._book.lock:
            told: dict[Path, tuple[str, int]] = {}
            for held in self._book.held.values():
                cluster = held.request.cluster
                if held.phase is not Phase.WAITING or held.request.nodes or held.withdrawn or not held.job:
                    continue
                try:
                    if cluster.folder not in told:
                        told[cluster.folder] = (self._shares.excluded(cluster),
                                                len(self._shares.share(cluster).open_ids))
                except EngineUnavailable:
                    continue
                excluded, count = told[cluster.folder]
                if count < held.request.node_count:
                    withdrawn.append(held)
                elif held.excluded != excluded:
                    changes.setdefault(excluded, []).append(held)
        for held in withdrawn:
            self._withdraw(held)
        for excluded, waiting in changes.items():
            for start in range(0, len(waiting), _MOST_IDS):
                self._update(excluded, waiting[start:start + _MOST_IDS])

    def _withdraw(self, held: Held) -> None:
        job = held.job
        try:
            held.folder.withdraw(job)
        except OSError as error:  # the next look tries again
            _log.warning('%s cannot be written: %s', held.folder.path, error.strerror)
            return
        with self._book.lock:
            held.withdrawn = True
        self._stops.withdraw([job])

    def _update(self, excluded: str, waiting: list[Held]) -> None:
        try:
            run(['scontrol', 'update', f"JobId={','.join(held.job for held in waiting)}", f'ExcNodeList={excluded}'])
        except SlurmRefused as refused:  # one that began meanwhile has its nodes
            _log.info('not all of the waiting jobs are told of their nodes: %s', refused)
        except SlurmUnavailable:
            return
        with self._book.lock:
            for held in waiting:
                held.excluded = excluded
