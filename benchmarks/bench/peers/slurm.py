"""The four-node Slurm of tests/slurm, tuned for short jobs as design section 11 says, and its commands."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.contest import Contest, PeerMissing
from bench.running_service import ROOT
from bench.waiting import wait_until

DURABILITY = 'job scripts on disk when acknowledged, the queue saved some seconds later'
NAME = 'tuned Slurm'
_TESTS = ROOT / 'tests' / 'slurm'


def tuned_slurm(contest: Contest) -> Slurm:
    """The Slurm of a row, for `Contest.shared`."""
    if not (_TESTS / 'cluster.py').exists():
        raise PeerMissing('tests/slurm/cluster.py is not in this checkout')
    if str(_TESTS) not in sys.path:
        sys.path.append(str(_TESTS))
    from cluster import SlurmCluster, missing_for_slurm
    if reason := missing_for_slurm():
        raise PeerMissing(reason)
    cluster = SlurmCluster(contest.new_folder('slurm'), node_count=4, tuned=True)
    contest.stack.callback(cluster.stop)
    cluster.start()
    return Slurm(cluster)


class Slurm:
    """Commands of a running test Slurm, in a folder for what its jobs write."""

    def __init__(self, cluster: Any):
        self.cluster = cluster
        self.folder: Path = cluster.folder / 'jobs'
        self.folder.mkdir()
        self._environment = {**os.environ, **cluster.environment}

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *command: str) -> str:
        """What the command prints. Raises RuntimeError when it fails."""
        return str(self.cluster.run(*command, cwd=self.folder))

    def script(self, name: str, text: str) -> str:
        """Path of a job script for bash."""
        file = self.folder / name
        file.write_text(f'#!/bin/bash\n{text}\n')
        return str(file)

    def submit(self, *arguments: str) -> str:
        """The number of a job that `sbatch` has taken; it has its nodes for itself."""
        return self.run('sbatch', '--parsable', '--exclusive', *arguments)

    def submit_many(self, count: int, *arguments: str) -> None:
        """`count` jobs by `sbatch`, four at once."""
        self.run('sh', '-c', f'seq {count} | xargs -P4 -I{{}} sbatch --parsable --exclusive "$@" > submitted', 'sh',
                 *arguments)

    def wait_until_idle(self, patience: float = 120) -> None:
        """Return when no job is queued, running or ending."""
        wait_until(lambda: not self.run('squeue', '--noheader'), 'Slurm to be idle', 0.02, patience)

    def timed(self, *command: str) -> float:
        """Milliseconds that a command takes."""
        began = time.perf_counter()
        self.run(*command)
        return (time.perf_counter() - began) * 1000
