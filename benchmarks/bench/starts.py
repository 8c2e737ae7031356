"""Starts of jobs, timed from the moment at which the request was sent.

The moment of the reply says less: a service that starts a job and then replies is no quicker for its user. What is left
after the reply is told as a fact, and may be negative.
"""
from __future__ import annotations

import statistics
from typing import Callable

from bench.contest import Contestant


def two_starts(durability: str, one: Callable[[], tuple[float, float]], count: int) -> Contestant:
    """`one` runs a job and returns milliseconds since its request was sent, and since it was accepted. The first job is
    not counted."""
    one()
    facts: dict[str, float] = {}
    after_reply: list[float] = []

    def turn() -> list[float]:
        both = [one() for _ in range(count)]
        after_reply.extend(since_accepted for _, since_accepted in both)
        facts['after the reply, ms'] = round(statistics.median(after_reply), 1)
        return [since_sent for since_sent, _ in both]
    return Contestant(durability, turn, facts)
