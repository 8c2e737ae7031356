"""Jobs of every kind that write down when they run, and what has to be true of them in the end."""
from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mortal_service import CLUSTER

# name, exit code, seconds. Every line is one write to a file opened with O_APPEND.
_SCRIPT = '''echo "$1 ${AZ_BATCHAI_LAUNCH##*/} $AZ_BATCHAI_MOUNT_ROOT:$AZ_BATCHAI_TASK_INDEX" >> LEDGER
sleep "$3"
exit "$2"
'''
KINDS = {'one': 10, 'gang': 5, 'prepared': 4, 'unprepared': 1, 'terminated': 3, 'deleted': 2}


@dataclass(frozen=True)
class Job:
    """`code` is the exit code that is to be expected, None when a client ends the job."""
    name: str
    kind: str
    code: int | None
    nodes: int
    body: dict[str, Any]


class JobStream:
    """Makes jobs that leave a line in `ledger` for each process of theirs."""

    def __init__(self, folder: Path, chance: random.Random):
        self.ledger = folder / 'ledger'
        self.ledger.touch()
        self._script = folder / 'job.sh'
        self._script.write_text(_SCRIPT.replace('LEDGER', str(self.ledger)))
        self._chance = chance

    def make(self, number: int) -> Job:
        kind, = self._chance.choices(list(KINDS), list(KINDS.values()))
        code = self._chance.choice([0, 0, 0, 1, 7, 42, 255])
        seconds = self._chance.choice([0, self._chance.uniform(0, 0.3)])
        nodes = 2 if kind == 'gang' else self._chance.choice([1, 1, 2]) if kind == 'prepared' else 1
        name = f'{kind}-{number}'
        if kind in ('terminated', 'deleted'):
            code, seconds = 0, 600
        properties = {'cluster': {'id': CLUSTER}, 'nodeCount': nodes, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP'}
        arguments = f'{name} {code} {seconds:.3f}'
        if kind == 'gang':
            properties['pyTorchSettings'] = {'pythonInterpreterPath': '/bin/sh', 'commandLineArgs': arguments,
                                             'pythonScriptFilePath': str(self._script), 'processCount': 2}
        else:
            properties['customToolkitSettings'] = {'commandLine': f'/bin/sh {self._script} {arguments}'}
        if kind in ('prepared', 'unprepared'):
            failing = code or 9 if kind == 'unprepared' else 0
            properties['jobPreparation'] = {'commandLine': f'/bin/sh {self._script} {name} {failing} 0'}
            code = failing or code
        return Job(name, kind, None if kind in ('terminated', 'deleted') else code, nodes, {'properties': properties})

    def lines(self) -> Counter[tuple[str, str, str]]:
        """How many times each (job, launch, process) wrote its line."""
        return Counter((name, launch, process) for name, launch, process in
                       (line.split(' ') for line in self.ledger.read_text().splitlines()))


@dataclass
class Verdict:
    """What was found wrong, each a list of job names with a word on why."""
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    requeued: int = 0

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.twice or self.wrong)


@dataclass(frozen=True)
class _Launch:
    """`was_requeued` is that of its attempt: another one followed, and the history says why."""
    purpose: str
    attempt: int
    was_requeued: bool


def judge(jobs: list[Job], stream: JobStream, seen: dict[str, dict[str, Any]], database: Path) -> Verdict:
    """Compare what the jobs did with what the service says and with its history. `seen` are the jobs' properties by
    name, `database` that of the stopped service."""
    verdict, lines = Verdict(), stream.lines()
    history = _history(database)
    for (name, launch, process), count in lines.items():
        if count > 1:
            verdict.twice.append(f'{name}: {count} lines of {process} in {launch}')
    for job in jobs:
        ran = Counter(launch for (name, launch, _), count in lines.items() if name == job.name
                      for _ in range(count))
        launches = history.get(job.name, {})
        if job.kind == 'deleted':
            if job.name in seen:
                verdict.lost.append(f'{job.name}: its deletion')
            continue
        if job.name not in seen or seen[job.name]['executionState'] not in ('succeeded', 'failed'):
            verdict.lost.append(f'{job.name}: {seen.get(job.name, {}).get("executionState", "not there")}')
            continue
        verdict.requeued += len({launch.attempt for launch in launches.values()}) - 1 if launches else 0
        _judge_runs(job, ran, launches, verdict)
        _judge_end(job, seen[job.name], verdict)
    return verdict


def _judge_runs(job: Job, ran: Counter[str], launches: dict[str, _Launch], verdict: Verdict) -> None:
    for launch in set(ran) - set(launches):
        verdict.twice.append(f'{job.name}: {launch} is in no history')
    for purpose in ('preparation', 'job'):
        final = [launch for launch in launches.values() if launch.purpose == purpose and not launch.was_requeued]
        if len(final) > 1:
            verdict.twice.append(f'{job.name}: {len(final)} launches of {purpose} were not requeued')
    if job.kind == 'terminated':
        return
    wanted = {'one': ['job'], 'gang': ['job'], 'prepared': ['preparation', 'job'], 'unprepared': ['preparation']}
    for purpose in wanted[job.kind]:
        finals = [(name, launch) for name, launch in launches.items()
                  if launch.purpose == purpose and not launch.was_requeued]
        processes = 2 if job.kind == 'gang' else job.nodes if purpose == 'preparation' else 1
        for name, _ in finals:
            # A rank may fail, and so end the gang, before the other has come to write its line.
            least = 1 if job.kind == 'gang' and job.code else processes
            if ran[name] > processes:
                verdict.twice.append(f'{job.name}: {ran[name]} lines of {name}, {processes} processes')
            elif ran[name] < least:
                verdict.lost.append(f'{job.name}: {ran[name]} lines of {name}, {processes} processes')
        if not finals:
            verdict.lost.append(f'{job.name}: no launch of {purpose}')


def _judge_end(job: Job, seen: dict[str, Any], verdict: Verdict) -> None:
    info, state = seen.get('executionInfo', {}), seen['executionState']
    if job.code is None:
        codes = [error['code'] for error in info.get('errors', [])]
        if state != 'failed' or codes != ['JobTerminated'] or 'exitCode' in info:
            verdict.wrong.append(f'{job.name}: {state} {info}')
    elif info.get('exitCode') != job.code or state != ('failed' if job.code else 'succeeded'):
        verdict.wrong.append(f'{job.name}: {state} {info}, expected {job.code}')


def _history(database: Path) -> dict[str, dict[str, _Launch]]:
    """The launches of every job, by the job's name and their own id."""
    connection = sqlite3.connect(database)
    found: dict[str, dict[str, _Launch]] = {}
    rows = connection.execute(
        'SELECT resources.id, launches.id, purpose, launches.attempt, result FROM launches '
        'JOIN resources ON resources.guid = launches.owner').fetchall()
    connection.close()
    requeued = {(key, attempt) for key, _, _, attempt, result in rows if result and _is_requeued(json.loads(result))}
    for key, launch_id, purpose, attempt, _ in rows:
        found.setdefault(key.rpartition('/')[2], {})[launch_id] = _Launch(purpose, attempt, (key, attempt) in requeued)
    return found


def _is_requeued(result: dict[str, Any]) -> bool:
    return result.get('stopReason') in ('resize_requeue', 'node_lost') or result.get('state') == 'lost'
