"""The service this CLI profile is connected to, if it is connected to one."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping
from urllib.parse import urlsplit

from azure.cli.core.azclierror import FileOperationError, ValidationError

ENDPOINT_VARIABLE = 'AZURE_BATCHAI_ENDPOINT'
TOKEN_VARIABLE = 'AZURE_BATCHAI_TOKEN'
TOKEN_FILE_VARIABLE = 'AZURE_BATCHAI_TOKEN_FILE'
CA_FILE_VARIABLE = 'AZURE_BATCHAI_CA_FILE'

_LOOPBACK_HOSTS = ('localhost', '127.0.0.1', '::1')


@dataclass(frozen=True)
class Connection:
    """Where the service is and how to be let in. Without `ca_file` the machine's own authorities decide."""
    endpoint: str
    token: str = field(repr=False)
    ca_file: str | None = None

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
        text = path.read_text('utf-8')
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileOperationError(f"Cannot read '{path}': {error.strerror}.") from None
    return _from_file(path, text)


def _from_environment(environ: Mapping[str, str]) -> Connection:
    token = environ.get(TOKEN_VARIABLE)
    token_file = environ.get(TOKEN_FILE_VARIABLE)
    if not token and not token_file:
        raise ValidationError(f'{ENDPOINT_VARIABLE} is set without a token; set {TOKEN_FILE_VARIABLE} '
                              f'(or {TOKEN_VARIABLE}) as well.')
    return _connection(environ[ENDPOINT_VARIABLE], token or _read_token(str(token_file)),
                       environ.get(CA_FILE_VARIABLE), f'{ENDPOINT_VARIABLE}')


def _from_file(path: Path, text: str) -> Connection:
    try:
        entries = json.loads(text)
        endpoint, token_file = str(entries['endpoint']), str(entries['tokenFile'])
        ca_file = entries.get('caFile')
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValidationError(f"'{path}' is damaged; 'az batchai service start' writes it anew.") from None
    return _connection(endpoint, _read_token(token_file), ca_file, f"'{path}'")


def _connection(endpoint: str, token: str, ca_file: str | None, source: str) -> Connection:
    parts = urlsplit(endpoint)
    if parts.scheme != 'https' or not parts.hostname:
        raise ValidationError(f"The endpoint '{endpoint}' of {source} should be like https://127.0.0.1:8443.")
    if ca_file and not Path(ca_file).is_file():
        raise FileOperationError(f"The certificate authority file '{ca_file}' of {source} does not exist; "
                                 "'az batchai service start' writes the one of the local service.")
    return Connection(endpoint.rstrip('/'), token, ca_file or None)


def _read_token(path: str) -> str:
    try:
        token = Path(path).expanduser().read_text('utf-8').strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or 'it is not text'
        raise FileOperationError(f"Cannot read the token file '{path}': {reason}. "
                                 "'az batchai service start' writes the one of the local service.") from None
    if not token:
        raise FileOperationError(f"The token file '{path}' is empty.")
    return token
