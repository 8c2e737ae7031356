"""One request to the service, without an SDK, for commands that have to be quick."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from azext_batchai.remote.connection import Connection

_PATIENCE_SECONDS = 10.0


def get_json(connection: Connection, path: str) -> dict[str, Any]:
    """The object that the service answers at `path`. Raises the errors of azure.core, as its clients do."""
    from azure.core.exceptions import ServiceRequestError
    status, answer = _exchange(connection, 'GET', path)
    if status != 200 or answer is None:
        raise ServiceRequestError(f'{path} was answered with status {status}')
    return answer


def send_json(connection: Connection, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Have something changed; the object of the reply, empty without one. Raises as `get_json`, and an error of the
    command line for what the service refuses."""
    from azure.cli.core.util import get_error_type_by_status_code
    from azure.core.exceptions import ServiceRequestError
    status, answer = _exchange(connection, method, path, body)
    if status < 300:
        return answer or {}
    try:
        error = (answer or {})['error']
        raise get_error_type_by_status_code(str(status))(f"({error['code']}) {error['message']}")
    except (KeyError, TypeError):
        raise ServiceRequestError(f'{path} was answered with status {status}') from None


def _exchange(connection: Connection, method: str, path: str, body: dict[str, Any] | None = None
              ) -> tuple[int, dict[str, Any] | None]:
    """Status and, if it is one, JSON object of the reply."""
    import http.client
    import ssl
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
    address = urlsplit(connection.endpoint)
    headers = {'Authorization': f'Bearer {connection.token}'}
    if body is not None:
        headers['Content-Type'] = 'application/json'
    try:
        wire = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=_PATIENCE_SECONDS,
                                           context=ssl.create_default_context(cafile=connection.ca_file))
        wire.request(method, path, None if body is None else json.dumps(body), headers)
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
    return response.status, answer if isinstance(answer, dict) else None
