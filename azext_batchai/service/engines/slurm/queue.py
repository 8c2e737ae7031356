"""What Slurm says of our jobs: one `squeue` for all of them, and how those that are gone ended."""
from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import Collection, Iterable, Sequence

from azext_batchai.service.engines.base import EngineUnavailable, Removal
from azext_batchai.service.engines.slurm.commands import SlurmRefused, SlurmUnavailable, run

COMMENT = 'batchai:'
_ROW = re.compile(r'([0-9]+)\|([A-Z_]+)\|(.*?)\|' + COMMENT + r'([^|]*)\|(/.*)\Z')
_PREEMPTED = re.compile(r'\bPreemptTime=\d')
_MOST_IDS = 500
_REMOVALS = {'CANCELLED': Removal.ADMINISTRATOR, 'REVOKED': Removal.ADMINISTRATOR, 'TIMEOUT': Removal.TIME,
             'DEADLINE': Removal.TIME, 'PREEMPTED': Removal.PREEMPTED, 'OUT_OF_MEMORY': Removal.MEMORY}
_SAID = {Removal.ADMINISTRATOR: 'somebody removed it from Slurm', Removal.TIME: 'its time limit in Slurm was over',
         Removal.PREEMPTED: 'Slurm gave its nodes to a more important job',
         Removal.MEMORY: 'it used more memory than Slurm gave it'}
_FAILED = {'NODE_FAIL': 'a node of it failed', 'BOOT_FAIL': 'a node of it did not start',
           'LAUNCH_FAILED': 'Slurm could not start it'}
# What Slurm calls its reasons, for people.
_WAITS = {'None': 'Slurm has not looked at it yet', 'Resources': 'it waits for nodes to become free',
          'Priority': 'other jobs are in front of it', 'BeginTime': 'its time has not come',
          'JobHeldUser': 'somebody holds it back in Slurm', 'JobHeldAdmin': 'an administrator holds it back in Slurm',
          'PartitionDown': 'the partition is down', 'PartitionInactive': 'the partition is inactive',
          'Reservation': 'it waits for a reservation', 'Licenses': 'it waits for a licence',
          'Prolog': 'the nodes are being prepared', 'ReqNodeNotAvail': 'nodes that it needs cannot be had now'}
_ALIVE = frozenset({'PENDING', 'CONFIGURING', 'RUNNING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'COMPLETING', 'REQUEUED',
                    'RESIZING', 'STAGE_OUT'})
_ACCOUNTING_PAUSE_SECONDS = 600.0
_no_accounting_until = 0.0


@dataclass(frozen=True)
class QueuedJob:
    """A job of ours that Slurm has. `folder` is that of its allocation; `state` and `reason` are Slurm's words."""
    id: str
    state: str
    reason: str
    allocation: str
    folder: str

    @property
    def waits(self) -> bool:
        return self.state == 'PENDING'


@dataclass(frozen=True)
class JobEnd:
    """How a job ended, as far as anybody knows: `state` is Slurm's word, empty when Slurm forgot it."""
    state: str
    reason: str
    removal: Removal | None = None


def read_queue(timeout: float = 10.0) -> list[QueuedJob]:
    """All jobs of this user that a service of ours submitted and that have not ended. Raises SlurmUnavailable."""
    try:
        text = run(['squeue', '--all', '--noheader', f'--user={os.getuid()}', '--format=%i|%T|%r|%k|%Z'], timeout)
    except SlurmRefused as refused:
        raise SlurmUnavailable(str(refused)) from None
    return parse_queue(text)


def parse_queue(text: str) -> list[QueuedJob]:
    """Rows that are torn, or somebody else's, are left out. Raises SlurmUnavailable for text that is no such list."""
    rows = text.splitlines()
    if rows and not any(row.count('|') >= 4 for row in rows):
        raise SlurmUnavailable(f'squeue answers with something else than was asked for: {rows[0][:80]!r}')
    return [QueuedJob(*found.groups()) for row in rows if (found := _ROW.match(row))]


def reason_of_waiting(reason: str) -> str:
    """Slurm's word on why a job waits, as a sentence for people with the word in it."""
    word = re.split(r'[,\s(]', reason.strip('() '), maxsplit=1)[0]
    said = _WAITS.get(word, f'Slurm lets it wait: {reason.strip("()")}' if word else '')
    return said if not word or word not in _WAITS or word == 'None' else f'{said} ({reason.strip("()")})'


def read_ends(jobs: Collection[tuple[str, str]]) -> dict[tuple[str, str], JobEnd]:
    """How the jobs, each a number and its folder, ended, from whoever still knows; those that have not ended after all
    are left out. Raises EngineUnavailable while Slurm does not answer.

    A controller that lost its latest state gives numbers a second time, so a number alone says nothing.
    """
    known: dict[str, tuple[str, str]] = {}
    for some in _portions(list(dict.fromkeys(number for number, _ in jobs))):
        known.update(_states_in_memory(some))
    states = {job: known[job[0]][0] for job in jobs if known.get(job[0], ('', ''))[1] == job[1]}
    asked = [job for job in jobs if states.get(job, 'CANCELLED').startswith('CANCELLED')]
    states.update(_states_in_accounting(asked))
    return {job: job_end(job[0], states.get(job, '')) for job in jobs if states.get(job) not in _ALIVE}


def is_preempted(job: str) -> str:
    """Why the job is about to lose its nodes, or lost them, as a sentence; empty when Slurm does not mean to take them.
    Raises SlurmUnavailable."""
    try:
        found = _PREEMPTED.search(run(['scontrol', '--oneliner', 'show', 'job', job]))
    except SlurmRefused:
        return ''
    return f"Slurm's job {job} was ended: {_SAID[Removal.PREEMPTED]}" if found else ''


def job_end(job: str, state: str) -> JobEnd:
    """What the state means in which Slurm has a job that ended, such as ``CANCELLED by 1000``."""
    word = state.split()[0].rstrip('+') if state.strip() else ''
    removal = _REMOVALS.get(word)
    if removal:
        who = f' (the user with the number {state.split()[-1]})' if ' by ' in state else ''
        return JobEnd(word, f"Slurm's job {job} was ended: {_SAID[removal]}{who}", removal)
    if word in _FAILED:
        return JobEnd(word, f"Slurm's job {job} was ended: {_FAILED[word]}")
    return JobEnd(word, f"Slurm's job {job} ended as {word}" if word else f'Slurm has no job {job} any more')


def _states_in_memory(ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """State and folder by number. Slurm keeps jobs that ended for MinJobAge, five minutes by default."""
    try:
        text = run(['squeue', '--all', '--noheader', '--states=all', f"--jobs={','.join(ids)}", '--format=%i|%T|%Z'])
    except SlurmRefused:  # none of them is known
        return {}
    rows = [row.split('|', 2) for row in text.splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}


def _states_in_accounting(jobs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Asked for what Slurm forgot, and for who removed a job. Many clusters have no accounting."""
    global _no_accounting_until
    found: dict[str, tuple[str, str]] = {}
    for some in _portions(list(dict.fromkeys(number for number, _ in jobs))):
        if time.monotonic() < _no_accounting_until:
            break
        try:
            text = run(['sacct', '--noheader', '--parsable2', '--allocations', '--format=JobIDRaw,State,WorkDir',
                        f"--jobs={','.join(some)}"])
        except (SlurmRefused, EngineUnavailable):
            _no_accounting_until = time.monotonic() + _ACCOUNTING_PAUSE_SECONDS
            break
        rows = [row.split('|', 2) for row in text.splitlines()]
        found.update((row[0], (row[1], row[2])) for row in rows if len(row) == 3)
    states = {job: found[job[0]][0] for job in jobs if job[0] in found and found[job[0]][1] in ('', job[1])}
    return {job: state for job, state in states.items() if state not in _ALIVE}


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), _MOST_IDS):
        yield ids[start:start + _MOST_IDS]
