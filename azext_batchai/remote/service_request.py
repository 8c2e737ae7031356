"""One request to the service, without an SDK, for commands that have to be quick."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from azext_batchai.remote.connection import Connection

_PATIENCE_SECONDS = 10.0


def get_json(connection: Connection, path: str) -> dict[str, Any]:
    """The object that the service answers at `path`. Raises the errors of azure.core, as its clients do."""
    import http.client
    import ssl
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
    address = urlsplit(connection.endpoint)
    try:
        wire = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=_PATIENCE_SECONDS,
                                           context=ssl.create_default_context(cafile=connection.ca_file))
        wire.request('GET', path, headers={'Authorization': f'Bearer {connection.token}'})
        response = wire.getresponse()
        content = response.read()
        wire.close()
    except (OSError, http.client.HTTPException) as error:
        raise ServiceRequestError(str(error), error=error) from error
    if response.status == 401:
        raise ClientAuthenticationError('the token was refused')
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if response.status != 200 or not isinstance(answer, dict):
        raise ServiceRequestError(f'{path} was answered with status {response.status}')
    return answer
