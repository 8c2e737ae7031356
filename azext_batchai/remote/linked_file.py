"""Read a file through its signed link, from any offset on."""
from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.arm.held_requests import prefer
from azext_batchai.remote.connection import Connection
from azext_batchai.remote.trouble import ConnectionLost, LinkExpired, Rewritten, Trouble

_BLOCK = 64 * 1024
_TIMEOUTS = (10, 60)  # seconds to connect, and without a byte


class LinkReader:
    """Reads links of the service at `connection`, or of any other storage when it is None."""

    def __init__(self, connection: Connection | None):
        self._connection = connection
        self._session: Any = None

    def read(self, link: str, offset: int, hold: float = 0.0) -> Iterator[bytes]:
        """The file's content from `offset` on, in blocks; nothing when it has no more.

        With `hold` a service that can do so waits for more, at most that many seconds. Raises Trouble or Rewritten,
        and AzureConnectionError when the other end is not to be trusted.
        """
        headers = {'Range': f'bytes={offset}-', **prefer(hold)}
        with self.answer(link, headers) as response:
            yield from _content(response, offset)

    @contextmanager
    def answer(self, link: str, headers: dict[str, str]) -> Iterator[Any]:
        """The answer to a GET of `link` with status 200, 206 or 416, its content yet to be read. Raises as `read`."""
        import requests
        try:
            with self._http(link).get(link, headers={'Accept-Encoding': 'identity', **headers}, stream=True,
                                      timeout=_TIMEOUTS) as response:
                _check_status(response.status_code)
                yield response
        except requests.exceptions.SSLError as error:
            if 'CERTIFICATE_VERIFY_FAILED' not in str(error):
                raise ConnectionLost('the connection to the storage of the service was lost') from None
            raise AzureConnectionError('The storage of the service shows a certificate that is not trusted.') from None
        except requests.exceptions.RequestException:
            raise ConnectionLost('the connection to the storage of the service was lost') from None

    def _http(self, link: str) -> Any:
        """A session without the token: the link itself carries the permission."""
        if self._session is None:
            import requests
            self._session = requests.Session()
            if self._connection and self._connection.reaches(link):
                self._session.verify = self._connection.ca_file or True
                self._session.trust_env = not self._connection.is_loopback
        return self._session


def _check_status(status: int) -> None:
    if status in (401, 403, 404, 410):
        raise LinkExpired(f'the link to the file was refused (HTTP {status})')
    if status not in (200, 206, 416):
        raise Trouble(f'the storage of the service answered HTTP {status}')


def _content(response: Any, offset: int) -> Iterator[bytes]:
    if response.status_code == 416:  # nothing beyond what was read
        size = response.headers.get('Content-Range', '').rpartition('/')[2]
        if size.isdigit() and int(size) < offset:
            raise Rewritten
        return
    skip = offset if response.status_code == 200 else 0  # the range was not honoured
    for block in response.iter_content(_BLOCK):
        if skip < len(block):
            yield block[skip:]
        skip = max(0, skip - len(block))
