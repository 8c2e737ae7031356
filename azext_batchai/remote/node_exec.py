"""Run a command on a node through the service, and show its output as it comes."""
from __future__ import annotations

import json
import sys
from base64 import b64decode
from typing import Any, Iterator, Protocol
from urllib.parse import quote

from azure.cli.core.azclierror import AzureConnectionError, AzureResponseError
from knack.log import get_logger

from azext_batchai.remote.arm_requests import BATCHAI_VERSION

logger = get_logger(__name__)

_CONNECT_SECONDS = 10
# The service says every two seconds that it is still there.
_SILENCE_SECONDS = 60
_LARGEST_CODE = 255


class Writer(Protocol):
    """Where output is copied to."""

    def write(self, content: bytes, /) -> Any: ...
    def flush(self) -> Any: ...


class ErrorOutput:
    """Standard error as bytes. When nobody reads it any more, that ends nothing."""

    def write(self, content: bytes, /) -> None:
        try:
            sys.stderr.buffer.write(content)
        except OSError:
            pass

    def flush(self) -> None:
        try:
            sys.stderr.flush()
        except OSError:
            pass


def run_on_node(client: Any, owner_id: str, node_id: str, command_line: str, out: Writer, err: Writer) -> int:
    """Run the shell command `command_line` on a node of the cluster or job with ARM id `owner_id`, and return its exit
    code, 0 to 255. The command ends when this is left early, by Ctrl-C for example.

    Raises the errors of azure-core when the command cannot begin, AzureConnectionError and AzureResponseError when
    it does not end by itself, and what the writers raise.
    """
    import requests
    with requests.Session() as session:
        response = _begin(session, client, owner_id, node_id, command_line)
        try:
            for line in _lines(response):
                event = json.loads(line)
                for stream, writer in (('stdout', out), ('stderr', err)):
                    if stream in event:
                        writer.write(b64decode(event[stream]))
                        writer.flush()
                if 'error' in event:
                    raise AzureResponseError(f"({event['error']['code']}) {event['error']['message']}")
                if 'exitCode' in event:
                    code = int(event['exitCode'])
                    return code if 0 <= code <= _LARGEST_CODE else _LARGEST_CODE
        except requests.RequestException:
            pass
        finally:
            response.close()
    raise AzureConnectionError(f"The connection to the Batch AI service was lost while the command ran on node "
                               f"'{node_id}'. The service ends the command, at its next start at the latest.")


def _begin(session: Any, client: Any, owner_id: str, node_id: str, command_line: str) -> Any:
    """The reply, as soon as the command runs. Not through the client's pipeline, which repeats requests that may have
    been served, and reads all of a reply to show it with --debug."""
    import requests
    from azure.core.exceptions import ServiceRequestError
    connection = client.connection
    credential = client._config.credential
    token = credential.get_token(*client._config.credential_scopes).token
    url = client._client.format_url(f"{owner_id}/nodes/{quote(node_id, safe='')}/exec")
    session.trust_env = not (connection and connection.is_loopback)
    logger.debug('POST %s', url)
    try:
        response = session.post(
            url, params={'api-version': BATCHAI_VERSION}, json={'commandLine': command_line}, stream=True,
            allow_redirects=False, headers={'Authorization': f'Bearer {token}', 'Accept': 'application/x-ndjson'},
            verify=connection.ca_file if connection and connection.ca_file else None,
            timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS))
    except requests.RequestException as error:
        raise ServiceRequestError(str(error), error=error) from error
    if response.status_code != 200:
        raise _refusal(response)
    return response


def _refusal(response: Any) -> Exception:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
    from azure.core.pipeline.transport import RequestsTransportResponse
    from azure.mgmt.core.exceptions import ARMErrorFormat
    kind = ClientAuthenticationError if response.status_code == 401 else HttpResponseError
    return kind(response=RequestsTransportResponse(None, response), error_format=ARMErrorFormat)


def _lines(response: Any) -> Iterator[bytes]:
    """The lines of a reply as they come, without the empty ones."""
    rest = b''
    for block in response.iter_content(chunk_size=None):
        *lines, rest = (rest + block).split(b'\n')
        yield from filter(None, lines)
