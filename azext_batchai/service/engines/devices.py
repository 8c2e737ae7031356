"""The machine's accelerators: counted, never invented."""
from __future__ import annotations

import os
from functools import lru_cache


@lru_cache(maxsize=1)
def count_gpus() -> int:
    """NVIDIA GPUs the kernel driver of this machine shows; 0 where there is none."""
    try:
        return len(os.listdir('/proc/driver/nvidia/gpus'))
    except OSError:
        return 0
