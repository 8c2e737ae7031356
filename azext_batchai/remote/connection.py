"""The service this CLI profile is connected to, if it is connected to one."""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping
from urllib.parse import urlsplit

from azure.cli.core.azclierror import FileOperationError, ValidationError

ENDPOINT_VARIABLE = 'AZURE_BATCHAI_ENDPOINT'
TOKEN_VARIABLE = 'AZURE_BATCHAI_TOKEN'
TOKEN_FILE_VARIABLE = 'AZURE_BATCHAI_TOKEN_FILE'
CA_FILE_VARIABLE = 'AZURE_BATCHAI_CA_FILE'

_RENEWED = "which 'az batchai service start' writes"
_LOOPBACK_HOSTS = ('localhost', '127.0.0.1', '::1')


@dataclass(frozen=True)
class Connection:
    """Where the service is and how to be let in. Without `ca_file` the machine's own authorities decide.

    `source` is what names the service: the environment variable, or the file of this profile.
    """
    endpoint: str
    token: str = field(repr=False)
    ca_file: str | None = None
    source: str = field(default='', compare=False)

    @property
    def is_of_environment(self) -> bool:
        return self.source == ENDPOINT_VARIABLE

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.endpoint).hostname in _LOOPBACK_HOSTS

    def reaches(self, url: str) -> bool:
        """Whether `url` leads to the service itself rather than to some other host."""
        mine, other = urlsplit(self.endpoint), urlsplit(url)
        return (mine.scheme, mine.hostname, mine.port) == (other.scheme, other.hostname, other.port)


def connection_file(config_dir: str) -> Path:
    """Where `az batchai service start` notes the service of this profile."""
    return Path(config_dir) / 'batchai' / 'connection.json'


def find_connection(config_dir: str, environ: Mapping[str, str]) -> Connection | None:
    """The service named by the environment, else the one of this profile, else None."""
    if environ.get(ENDPOINT_VARIABLE):
        return _from_environment(environ)
    path = connection_file(config_dir)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileOperationError(f"Cannot read '{path}': {error.strerror}.") from None
    return _from_file(path, content)


def _from_environment(environ: Mapping[str, str]) -> Connection:
    token, token_file = environ.get(TOKEN_VARIABLE), environ.get(TOKEN_FILE_VARIABLE)
    if not token and not token_file:
        raise ValidationError(f'{ENDPOINT_VARIABLE} is set without a token; set {TOKEN_FILE_VARIABLE} '
                              f'(or {TOKEN_VARIABLE}) as well.')
    endpoint = _checked_endpoint(environ[ENDPOINT_VARIABLE], ENDPOINT_VARIABLE)
    token = (_checked_token(token, TOKEN_VARIABLE) if token
             else _read_token(str(token_file), f'which {TOKEN_FILE_VARIABLE} names'))
    ca_file = _checked_authority(environ.get(CA_FILE_VARIABLE), f'which {CA_FILE_VARIABLE} names')
    return Connection(endpoint, token, ca_file, ENDPOINT_VARIABLE)


def _from_file(path: Path, content: bytes) -> Connection:
    try:
        entries = json.loads(content.decode('utf-8'))
        endpoint, token_file, ca_file = entries['endpoint'], entries['tokenFile'], entries.get('caFile')
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _damaged(path) from None
    if not all(isinstance(text, str) for text in (endpoint, token_file, ca_file or '')):
        raise _damaged(path)
    return Connection(_checked_endpoint(endpoint, f"'{path}'"), _read_token(token_file, _RENEWED),
                      _checked_authority(ca_file, _RENEWED), str(path))


def _damaged(path: Path) -> ValidationError:
    return ValidationError(f"'{path}' is damaged; 'az batchai service start' writes it anew.")


def _checked_endpoint(endpoint: str, source: str) -> str:
    try:
        parts = urlsplit(endpoint)
        usable = (parts.scheme == 'https' and bool(parts.hostname) and parts.port != 0 and '@' not in parts.netloc
                  and not parts.path.strip('/') and not parts.query and not parts.fragment)
        (parts.hostname or '').encode('idna')
    except ValueError:  # half an IPv6 address, a port that cannot be, or a name that cannot
        usable = False
    if not usable:
        shown = re.sub('//[^/]*@', '//', endpoint)  # not what may be a password
        raise ValidationError(f"The endpoint '{shown}' of {source} should be like https://127.0.0.1:8443.")
    return endpoint.rstrip('/')


def _checked_authority(path: str | None, remark: str) -> str | None:
    """The path of the certificate authority's file, ~ expanded, once it is known to be readable and PEM."""
    if not path:
        return None
    import ssl
    expanded = os.path.expanduser(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(expanded)
    except ssl.SSLError:
        raise FileOperationError(f"The certificate authority file '{path}', {remark}, holds no PEM certificate."
                                 ) from None
    except FileNotFoundError:
        raise FileOperationError(f"The certificate authority file '{path}', {remark}, does not exist.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise FileOperationError(f"Cannot read the certificate authority file '{path}', {remark}: {reason}.") from None
    return expanded


def _read_token(path: str, remark: str) -> str:
    try:
        token = Path(path).expanduser().read_text('utf-8').strip()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, 'strerror', None) or 'it is not text'
        raise FileOperationError(f"Cannot read the token file '{path}', {remark}: {reason}.") from None
    if not token:
        raise FileOperationError(f"The token file '{path}', {remark}, is empty.")
    return _checked_token(token, f"the file '{path}'")


def _checked_token(token: str, source: str) -> str:
    """A token goes into a header of HTTP; what cannot is no token, and is not quoted."""
    if not token.isascii() or not token.isprintable() or ' ' in token:
        raise ValidationError(f'The token of {source} should be one word of ASCII characters.')
    return token
