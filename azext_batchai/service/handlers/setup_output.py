"""What the set-up tasks of a cluster's nodes wrote. Not part of Azure's API: clients looked into the storage account.

Parameters and reply are those of listOutputFiles, without a directory id.
"""
from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.output_files import SETUP_OUTPUT, OutputDirectory, list_directory


async def list_setup_output(service: Service, request: Request, subscription: str, group: str, workspace: str,
                            cluster: str) -> Response:
    """``stdout-<node>.txt`` and ``stderr-<node>.txt`` of every node there was. Before the first of them: nothing."""
    wanted = common.resource_id(subscription, group, workspace=workspace, cluster=cluster)
    resource = common.require(service, wanted)
    found = service.store.clusters.get(resource.guid)
    if found is None or 'setupTask' not in resource.properties.get('nodeSetup', {}):
        raise errors.no_setup_task(resource.id.name)
    return list_directory(service, request, OutputDirectory(
        resource.guid, SETUP_OUTPUT, found.setup_output, 'output of the set-up task'))
