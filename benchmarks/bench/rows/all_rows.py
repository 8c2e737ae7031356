"""The table: every row in the order of design section 11."""
from __future__ import annotations

import importlib
import importlib.util

from bench.contest import Row
from bench.rows import (
    accepted_per_second, gangs, job_show, job_start, job_wait, jobs_per_second, kill_recovery, list_jobs, memory,
    service_start, stream, terminate)

_MODULES = (jobs_per_second, job_start, gangs, accepted_per_second, terminate, job_wait, stream, job_show, list_jobs,
            service_start, memory, kill_recovery)


def all_rows() -> list[Row]:
    rows = [row for module in _MODULES for row in module.ROWS]
    if importlib.util.find_spec('bench.rows.slurm_jobs'):  # comes with the Slurm engine, which it needs
        rows += importlib.import_module('bench.rows.slurm_jobs').ROWS
    return rows
