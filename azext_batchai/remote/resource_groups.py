"""Where a resource group is, which is where things go for which nobody names a location."""
from __future__ import annotations

import json
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError as NotFound

from azext_batchai.remote.arm_requests import send

# The location of a self-hosted service, for groups that it has not heard of: it is wherever the service is.
LOCAL = 'local'

_API_VERSION = '2021-04-01'


def resource_group_location(client: Any, group: str) -> str:
    """The location of a resource group, for example ``eastus``.

    Groups need not be made before they are used on a self-hosted service, so one it does not know is `LOCAL`; Azure
    raises the CLI's ResourceNotFoundError.
    """
    reply = send(client, 'get', '/resourcegroups/{group}', {'group': group}, api_version=_API_VERSION,
                 expected=(200, 404)).http_response
    if reply.status_code == 200:
        return str(json.loads(reply.text())['location'])
    if client.connection:
        return LOCAL
    raise NotFound(f"There is no resource group '{group}'; make it with: az group create -n {group} -l eastus")
