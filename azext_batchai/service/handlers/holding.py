"""Requests that are held until there is news (`arm.held_requests`), so that nobody has to ask often to hear soon."""
from __future__ import annotations

import asyncio
import time
from typing import Callable

from starlette.requests import Request

from azext_batchai.arm.held_requests import preferred
from azext_batchai.arm.states import FINISHED_JOB_STATES
from azext_batchai.service.context import Service

_LONGEST_SECONDS = 5.0
_LOOK_SECONDS = 0.025
# A look at a large folder takes long; looking for all who wait takes no more than this share of the time.
_LOOKING_SHARE = 0.05


def asked(request: Request) -> tuple[float, dict[str, str]]:
    """Seconds that this request may be held, and what its client knows."""
    seconds, known = preferred(request.headers.get('prefer', ''))
    return min(seconds, _LONGEST_SECONDS), known


async def until_job(service: Service, has_news: Callable[[], bool], seconds: float) -> None:
    """Until a turn of the scheduler after which there is news, at most `seconds`."""
    end = time.monotonic() + seconds
    while not has_news() and (left := end - time.monotonic()) > 0 and not service.turned.is_closed:
        await service.turned.wait(left)


async def until_file(service: Service, owner: str, has_news: Callable[[], bool], seconds: float) -> None:
    """Until a look at the file system finds news or the job with guid `owner` has ended, at most `seconds`."""
    end = time.monotonic() + seconds
    has_ended = _ending(service, owner)
    service.lookers += 1
    try:
        while not has_ended():
            began = time.monotonic()
            if has_news() or began >= end or service.turned.is_closed:
                return
            now = time.monotonic()
            await asyncio.sleep(min(pause_between_looks(now - began, service.lookers), max(0.0, end - now)))
    finally:
        service.lookers -= 1


def pause_between_looks(look: float, lookers: int) -> float:
    """Seconds until the next look, when one takes `look` seconds and that many requests do the same."""
    return max(_LOOK_SECONDS, look * lookers / _LOOKING_SHARE)


def _ending(service: Service, owner: str) -> Callable[[], bool]:
    """Tells whether the job has ended, asking the store only after turns of the scheduler."""
    turn = -1

    def has_ended() -> bool:
        nonlocal turn
        if turn == service.turned.beats:
            return False
        turn = service.turned.beats
        job = service.store.jobs.get(owner)
        return job is None or job.state in FINISHED_JOB_STATES
    return has_ended
