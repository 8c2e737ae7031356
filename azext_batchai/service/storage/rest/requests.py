"""A request to a storage service, taken apart and authorized."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import AsyncIterator, Literal, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.patience import Patience
from azext_batchai.service.storage.rest.permissions import Permissions
from azext_batchai.service.store.accounts import Account

Kind = Literal['blob', 'file']


@dataclass(frozen=True)
class StorageRequest:
    """`parts` are the decoded segments of the path behind the account: none for the service itself, then container or
    share, then what is in it. `query` has lower-case keys and decoded values, without those of a signature.

    `endpoint` is that of the account, without a slash at its end; `version` the ``x-ms-version`` or ``sv`` of the
    client, or ``''``; `now` in seconds since the epoch; `body_seconds` how long a piece of the body may be awaited.
    """
    kind: Kind
    method: str
    account: Account
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Headers
    permissions: Permissions
    endpoint: str
    version: str
    request_id: str
    now: float
    body_seconds: float
    request: Request

    @property
    def name(self) -> str:
        """The container or share."""
        return self.parts[0]

    @property
    def below(self) -> tuple[str, ...]:
        """The path in the container or share."""
        return self.parts[1:]

    @property
    def metadata(self) -> dict[str, str]:
        """What the ``x-ms-meta-`` headers say, by the rest of their names, which come in lower case."""
        prefix = 'x-ms-meta-'
        return {key[len(prefix):]: value for key, value in self.headers.items() if key.startswith(prefix)}

    @property
    def content_length(self) -> int:
        """Raises the 411 error when the client does not say it, and the 400 error when it is no number."""
        text = self.headers.get('content-length')
        if text is None:
            raise errors.known('MissingContentLengthHeader')
        return _number('Content-Length', text)

    def number_header(self, name: str, default: int | None = None) -> int:
        """A header that is a whole number from 0 up. Without `default`, raises the 400 error when it is missing."""
        text = self.headers.get(name)
        if text is not None:
            return _number(name, text)
        if default is None:
            raise errors.missing_header(name)
        return default

    def number_query(self, name: str, default: int, least: int, most: int) -> int:
        """A query parameter that is a whole number in a range. Raises the 400 error."""
        text = self.query.get(name, '')
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 18 or not least <= int(text) <= most:
            raise errors.invalid_query(name, f'should be a number from {least} to {most}')
        return int(text)

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive. Raises the errors of a body that does not come."""
        pieces, patience = self.request.stream().__aiter__(), Patience(self.body_seconds)
        try:
            while True:
                piece = await patience.within(pieces.__anext__())
                if piece:
                    yield piece
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise errors.known('OperationTimedOut') from None
        except ClientDisconnect:
            raise errors.StorageError(400, 'IncompleteBody', 'The connection ended before the body did.') from None
        finally:
            patience.close()

    async def read(self, limit: int) -> bytes:
        """The whole body, for those that are small. Raises the 413 error above `limit` bytes."""
        content = bytearray()
        async for piece in self.stream():
            content += piece
            if len(content) > limit:
                raise errors.known('RequestBodyTooLarge')
        return bytes(content)


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise errors.invalid_header(name, 'should be a whole number from 0 up')
    return int(text)
