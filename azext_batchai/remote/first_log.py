"""Which of its logs a job is followed by when nobody names one. Names: semantics sheet, section 2. Pure."""
from __future__ import annotations

import re
from typing import Iterable

_STDOUT, _FIRST_RANK, _FIRST_WORKER = 'stdout.txt', 'stdout-0.txt', 'stdout-wk-0.txt'

# By `toolType`. PyTorch has one log for all ranks when MPI starts them.
_ORDER = {'tensorflow': (_FIRST_WORKER, _FIRST_RANK, _STDOUT),
          'pytorch': (_FIRST_RANK, _STDOUT, _FIRST_WORKER),
          'caffe2': (_FIRST_RANK, _STDOUT, _FIRST_WORKER)}
_USUAL_ORDER = (_STDOUT, _FIRST_RANK, _FIRST_WORKER)

_OF_THE_SERVICE = re.compile(r'execution(-.*)?\.log\Z')


def first_log(names: Iterable[str], tool_type: str | None) -> str | None:
    """The standard output of the job's only or first process, once it is among `names`."""
    present = set(names)
    return next((name for name in _ORDER.get((tool_type or '').lower(), _USUAL_ORDER) if name in present), None)


def is_of_the_job(name: str) -> bool:
    """Whether a file among the logs was written by a process of the job, not by the service about it."""
    return not _OF_THE_SERVICE.match(name)
