"""Where a resource group is, which is where things go for which nobody names a location."""
from __future__ import annotations

import json
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError as NotFound

# The location of a self-hosted service, for groups that it has not heard of: it is wherever the service is.
LOCAL = 'local'

_API_VERSION = '2021-04-01'


def resource_group_location(client: Any, group: str) -> str:
    """The location of a resource group, for example ``eastus``.

    Groups need not be made before they are used on a self-hosted service, so one it does not know is `LOCAL`; Azure
    raises the CLI's ResourceNotFoundError.
    """
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.core.exceptions import ARMErrorFormat
    url = client._client.format_url('/subscriptions/{subscription}/resourcegroups/{group}', **{
        name: client._serialize.url(name, value, 'str')
        for name, value in (('subscription', client._config.subscription_id), ('group', group))})
    request = client._client.get(url, {'api-version': _API_VERSION}, {'Accept': 'application/json'})
    response = client._client._pipeline.run(request, stream=False).http_response
    if response.status_code == 200:
        return str(json.loads(response.text())['location'])
    if response.status_code != 404:
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
    if client.connection:
        return LOCAL
    raise NotFound(f"There is no resource group '{group}'; make it with: az group create -n {group} -l eastus")
