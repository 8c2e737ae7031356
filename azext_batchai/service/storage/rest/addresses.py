"""Where a request is meant for: which service, which account, and what in it.

As with Azurite, the account is the first part of the path, for no name has to be known for that:
``https://127.0.0.1:8444/account/container``. Clients that make addresses of the name of an account and a suffix say
``https://account.blob.core.localhost:8444/container``, where names below localhost are known; both services are there.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, names
from azext_batchai.service.storage.rest.requests import Kind


@dataclass(frozen=True)
class Address:
    """`account` as the client names it; `parts` are decoded. `host` is what the Host header says."""
    kind: Kind
    account: str
    parts: tuple[str, ...]
    host: str
    has_account_in_host: bool

    @property
    def endpoint(self) -> str:
        """Of the account, as the client reached it; without a slash at its end."""
        return f'https://{self.host}' + ('' if self.has_account_in_host else f'/{self.account}')


def find_address(service: Service, host: str, port_kind: Kind, raw_path: bytes) -> Address:
    """What is at a path of a host; `port_kind` is the service of the port, which the host may say otherwise.

    Raises the 403 error for a host that is not ours, and the 400 error for a path that cannot be.
    """
    named = _host_pattern(service.storage_suffix).match(host.lower())
    if named:
        kind: Kind = 'blob' if named[2] == 'blob' else 'file'
        return Address(kind, named[1], names.split_path(raw_path, kind, levels=1), host, True)
    if host.lower() not in service.hosts:
        raise errors.StorageError(403, 'HostNotAllowed', 'Requests for this host are not answered by this service.')
    account, *parts = names.split_path(raw_path, port_kind, levels=2) or ('',)
    return Address(port_kind, account, tuple(parts), host, False)


def kind_of_port(service: Service, port: int) -> Kind | None:
    """The service that listens there."""
    return {service.blob_port: 'blob', service.file_port: 'file'}.get(port)  # type: ignore[return-value]


def _host_pattern(suffix: str) -> re.Pattern[str]:
    return re.compile(rf'([a-z0-9]{{3,24}})\.(blob|file)\.{re.escape(suffix)}\Z')  # `re` remembers it
