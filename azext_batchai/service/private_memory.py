"""Keep the service's memory, with its token and the secrets of jobs, to itself."""
from __future__ import annotations

import sys

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """No core dump of this process, and none of its memory or environment for other processes of the same user, which
    jobs are. On Linux; a job does not inherit it. root can read all the same."""
    if sys.platform.startswith('linux'):
        import ctypes
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
