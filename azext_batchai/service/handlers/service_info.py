"""The state of the service itself, for ``az batchai service show``. Not part of Azure's API."""
from __future__ import annotations

import os

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.times import format_time
from azext_batchai.service.context import Service
from azext_batchai.service.engines.devices import count_gpus
from azext_batchai.service.handlers.linked_folders import list_folders
from azext_batchai.version import __version__


async def show_service(service: Service, request: Request) -> Response:
    clusters = service.store.clusters.all()
    return JSONResponse({
        'state': 'running', 'version': __version__, 'engine': service.engine.name, 'pid': os.getpid(),
        'startTime': format_time(service.started),
        'capacity': {'cores': os.cpu_count(), 'gpus': count_gpus()},
        'clusters': len(clusters),
        'nodes': sum(len(service.store.clusters.nodes(cluster.resource.guid)) for cluster in clusters),
        'jobs': service.store.jobs.count_by_state(),
        'mounts': list_folders(service)})
