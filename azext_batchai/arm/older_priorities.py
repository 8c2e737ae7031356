"""Priorities of jobs: the older dialects had numbers from -1000 to 1000, since 2018-05-01 there are three levels."""
from __future__ import annotations

from azext_batchai.arm.states import JOB_PRIORITIES


def scheduling_priority(number: int) -> str:
    """The level of a number: ``low`` below 0, ``high`` above."""
    return 'low' if number < 0 else 'high' if number > 0 else 'normal'


def priority_number(level: str) -> int:
    """The number that stands for a level: -1000, 0 or 1000."""
    return JOB_PRIORITIES[level]
