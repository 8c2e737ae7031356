"""What the tasks of an MPI job wrote down about their failure (`mpi`), as a sentence for people."""
from __future__ import annotations

import os
import re
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

_RANK = re.compile(r'(rank|lost) (\d{1,7}) exit (\d{1,3})')
_DAEMON = re.compile(r'daemon (\d{1,7}) exit (\d{1,3})')
_UNKNOWN = re.compile(r'unknown (.{0,100})')
_READ_BYTES = 4096
_SIGNALLED = 128

_MISSING = ('there is no MPI: mpirun was not found in PATH. Install it on the machine (the package openmpi-bin on '
            'Debian and Ubuntu, open-mpi of Homebrew on macOS); a job in a container needs it in the image, or '
            'installed by its jobPreparation')


@dataclass(frozen=True)
class MpiProblem:
    """`rank` is the first that failed and `exit_code` how; None when it was MPI itself that failed."""
    rank: int | None
    exit_code: int | None
    message: str


def mpi_problem(shared: Path) -> MpiProblem | None:
    """Why the MPI launch that used the shared folder `shared` failed; None when nobody wrote it down.

    The job may write there too, so odd content is taken for nothing.
    """
    lines = _read_record(shared).splitlines()
    ranks = [match for match in map(_RANK.fullmatch, lines) if match]
    if ranks:
        # Lines are in order of time, but whoever lost a neighbour was not the first to fail.
        first = min(ranks, key=lambda match: match[1] == 'lost')
        return _rank_problem(int(first[2]), int(first[3]))
    return next((problem for problem in map(_mpi_problem, lines) if problem), None)


def _mpi_problem(line: str) -> MpiProblem | None:
    if line == 'missing':
        return MpiProblem(None, None, _MISSING)
    if match := _DAEMON.fullmatch(line):
        return MpiProblem(None, None, f'the MPI daemon of node {match[1]} (counted from 0) could not be started '
                                      f'(exit code {match[2]}); every node needs the MPI that node 0 has')
    if match := _UNKNOWN.fullmatch(line):
        text = ''.join(character for character in match[1] if character.isprintable())
        return MpiProblem(None, None, f"mpirun is of a kind that is not supported: it says '{text}'; install "
                                      'Open MPI, MPICH or Intel MPI')
    return None


def _rank_problem(rank: int, code: int) -> MpiProblem:
    try:
        name = signal.Signals(code - _SIGNALLED).name
    except ValueError:
        return MpiProblem(rank, code, f'rank {rank} ended with exit code {code}')
    return MpiProblem(rank, code, f'rank {rank} ended with exit code {code} ({name})')


def _read_record(shared: Path) -> str:
    try:
        folder = os.open(shared / '.mpi', os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            record = os.open('failed', os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            if not stat.S_ISREG(os.fstat(record).st_mode):
                return ''
            return os.read(record, _READ_BYTES).decode('utf-8', 'replace')
        finally:
            os.close(record)
    except OSError:
        return ''
