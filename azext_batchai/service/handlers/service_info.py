"""The state of the service itself, for ``az batchai service show``. Not part of Azure's API."""
from __future__ import annotations

import asyncio
import logging
import os

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.times import format_time
from azext_batchai.service.context import Service
from azext_batchai.service.engines.base import QueueingEngine
from azext_batchai.service.handlers.linked_folders import list_folders
from azext_batchai.version import __version__

_log = logging.getLogger(__name__)
# The command line gives up after three.
_PATIENCE_SECONDS = 2.0


async def show_service(service: Service, request: Request) -> Response:
    clusters = service.store.clusters.all()
    queue = service.queue
    trouble = queue.trouble() if queue else ''
    return JSONResponse({
        'state': 'running', 'version': __version__, 'engine': service.engine.name, 'pid': os.getpid(),
        'startTime': format_time(service.started),
        'capacity': service.capacity(), 'trouble': trouble or None,
        'findings': await _findings(queue) if queue and not trouble else [],
        'clusters': len(clusters),
        'nodes': sum(len(service.store.clusters.nodes(cluster.resource.guid)) for cluster in clusters),
        'jobs': service.store.jobs.count_by_state(),
        'mounts': list_folders(service)})


async def _findings(engine: QueueingEngine) -> list[str]:
    """Empty while the scheduler below takes long to say how it is set: the rest of the answer is worth more."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(engine.findings), _PATIENCE_SECONDS)
    except asyncio.TimeoutError:
        _log.warning('the settings of %s were not told within %g seconds', engine.name, _PATIENCE_SECONDS)
        return []
