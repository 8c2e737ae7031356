"""Slurm's commands without Slurm: what `subprocess.Popen` starts in the engine is answered from a table here.

All that the service itself does is real: the words it makes, the decoding and reading of answers, threads, files. Not
there is what it does not do: the time of a process of `squeue`, and of slurmctld. Jobs get nodes and end when told.
"""
from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Sequence

_SAID = '\x1e{0}\x1f10.{1}.{2}.{3}\x1f{4}\x1f4\x1f(null)\x1f(null)\x1fbatch*\x1finfinite\x1fup\x1fnone\n'


@dataclass
class FakeJob:
    """A job of Slurm. `folder` is that of its allocation, `name` what its batch script calls that."""
    number: int
    folder: str
    comment: str
    news: str
    name: str
    state: str = 'PENDING'

    def row(self) -> str:
        reason = 'Resources' if self.state == 'PENDING' else 'None'
        return f'{self.number}|{self.state}|{reason}|{self.comment}|{self.folder}\n'


class InProcessSlurm:
    """`node_count` nodes in one partition. `jobs` are those that have not ended, by folder; `calls` counts commands by
    name, and `told` the jobs named in changes of waiting jobs."""

    def __init__(self, node_count: int):
        self.names = [f'n{number}' for number in range(1, node_count + 1)]
        self.drained: set[str] = set()
        self.jobs: dict[str, FakeJob] = {}
        self.calls: Counter[str] = Counter()
        self.told = 0
        self._number = 0
        self._lock = threading.Lock()

    def install(self, module: Any) -> None:
        """Take the place of `subprocess` in the engine's module that runs commands."""
        module.subprocess = SimpleNamespace(
            Popen=lambda words, **_: _Answer(self.answer(words).encode()), PIPE=subprocess.PIPE,
            DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired)

    def answer(self, words: Sequence[str]) -> str:
        with self._lock:
            self.calls[words[0]] += 1
            if words[0] == 'squeue':
                return ''.join([job.row() for job in self.jobs.values()])
            if words[0] == 'sinfo':
                return ''.join(_SAID.format(name, number >> 16, number >> 8 & 255, number & 255,
                                            'drained' if name in self.drained else 'idle')
                               for number, name in enumerate(self.names, 1))
            if words[0] == 'sbatch':
                return self._submit(words)
            if words[0] == 'scontrol' and 'config' in words:
                return 'SlurmUser = root(0)\nSchedulerType = sched/builtin\n'
            if words[0] == 'scontrol' and 'update' in words:
                self.told += words[2].count(',') + 1
            return ''

    def _submit(self, words: Sequence[str]) -> str:
        given = dict(word[2:].split('=', 1) for word in words if word.startswith('--') and '=' in word)
        batch = next(number for number, word in enumerate(words) if number and not word.startswith('-'))
        folder, _, news, name = words[batch + 1:batch + 5]
        self._number += 1
        self.jobs[folder] = FakeJob(self._number, folder, given['comment'], news, name)
        return f'{self._number}\n'

    def begin(self, job: FakeJob, node: str) -> None:
        """What batch.sh does on the first node: say that it has it."""
        with open(f'{job.folder}/../../../by-name/{node}', encoding='ascii') as file:
            found, address, _ = file.read().split()
        with open(f'{job.folder}/started', 'x', encoding='ascii') as file:
            file.write(f'{job.number}\n{found} {address} {node}\n.\n')
        job.state = 'RUNNING'

    def end(self, job: FakeJob, launch_folder: str) -> None:
        """What node.sh does when the one task has ended well."""
        descriptor = os.open(f'{launch_folder}/0.exit', os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, b'0\n')
        os.close(descriptor)
        del self.jobs[job.folder]


class _Answer:
    """A process that has ended well."""
    returncode, pid = 0, 0

    def __init__(self, output: bytes):
        self._output = output

    def communicate(self, *_: Any) -> tuple[bytes, bytes]:
        return self._output, b''
