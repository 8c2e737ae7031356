"""What the service can be told, in one frozen value: settings file < environment < command line."""
from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, get_type_hints

from azext_batchai.service.containers.runtime import RUNTIMES

ENVIRONMENT_PREFIX = 'BATCHAI_SERVICE_'
PROCESS, SLURM = 'process', 'slurm'
LOG_LEVELS = ('debug', 'info', 'warning', 'error')


class SettingsError(ValueError):
    """A setting is unknown or has a value of the wrong kind; the text says which and where it came from."""


@dataclass(frozen=True)
class Settings:
    """Times are in seconds, sizes in bytes.

    `port`, `blob_port` and `file_port` 0 mean: the port used before, else a free one. `autoscale_idle_seconds` is how
    long a node of an auto-scale cluster stays idle before it leaves; the real service published no figure (semantics
    sheet, section 6.1). `low_priority_eviction_seconds` is the age at which a node of a low-priority cluster is taken
    away, to see what jobs make of it; 0 for never. `container_runtime` is one of RUNTIMES, or empty for the first of
    podman and docker that is there; with none, jobs that ask for a container run without. `container_options` go to
    it, quoted as for a shell. `job_user` is the user that jobs run as, empty for
    the service's own. `slurm_file` says how clusters become jobs of Slurm.

    `engine` is by default the one that the data folder was used with before.
    """
    data_dir: Path
    host: str = '127.0.0.1'
    port: int = 0
    blob_port: int = 0
    file_port: int = 0
    engine: str = PROCESS
    shell: str = ''
    terminate_grace_seconds: float = 2.0
    autoscale_idle_seconds: float = 10.0
    low_priority_eviction_seconds: float = 0.0
    request_limit_bytes: int = 1 << 20
    request_timeout_seconds: float = 30.0
    log_level: str = 'info'
    secrets_file: str = ''
    container_runtime: str = ''
    container_options: str = ''
    job_user: str = ''
    slurm_file: str = ''

    @property
    def database_file(self) -> Path:
        return self.data_dir / 'batchai.db'

    @property
    def token_file(self) -> Path:
        return self.data_dir / 'token'

    @property
    def ca_file(self) -> Path:
        return self.data_dir / 'ca.pem'

    @property
    def server_certificate_file(self) -> Path:
        return self.data_dir / 'server.pem'

    @property
    def secrets_path(self) -> Path:
        """Where `secrets_file` is: in the data folder, unless the setting has a folder of its own."""
        return self.data_dir / Path(self.secrets_file or 'secrets.json').expanduser()

    @property
    def slurm_path(self) -> Path:
        """Where `slurm_file` is: in the data folder, unless the setting has a folder of its own."""
        return self.data_dir / Path(self.slurm_file or 'slurm.json').expanduser()

    @property
    def engine_file(self) -> Path:
        """The name of the engine whose nodes and launches are in the data folder."""
        return self.data_dir / 'engine'

    @property
    def state_file(self) -> Path:
        """Written once the service listens: pid, endpoint, version and the files a client needs."""
        return self.data_dir / 'service.json'

    @property
    def lock_file(self) -> Path:
        return self.data_dir / 'service.lock'

    @property
    def log_file(self) -> Path:
        return self.data_dir / 'service.log'


_TYPES: dict[str, Callable[[Any], Any]] = get_type_hints(Settings)


def load_settings(data_dir: Path, flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Put the settings together. `flags` that are None count as not given. Raises SettingsError."""
    environment = os.environ if environment is None else environment
    data_dir = data_dir.expanduser().absolute()
    values: dict[str, Any] = {'engine': last_engine(data_dir) or PROCESS}
    settings_file = data_dir / 'settings.json'
    if settings_file.exists():
        values.update(_read_file(settings_file))
    for name in _TYPES:
        text = environment.get(ENVIRONMENT_PREFIX + name.upper())
        if text is not None and name != 'data_dir':
            values[name] = _convert(name, text, f'environment variable {ENVIRONMENT_PREFIX}{name.upper()}')
    values.update({name: _convert(name, value, f'option {name}') for name, value in flags.items() if value is not None})
    values['data_dir'] = data_dir
    settings = Settings(**values)
    _check(settings)
    return settings


def last_engine(data_dir: Path) -> str:
    """The engine whose nodes and launches are in the data folder; empty when none was used there yet."""
    try:
        name = (data_dir / 'engine').read_text('ascii').strip()
    except (OSError, ValueError):
        name = ''
    # Before the name was written down there was one engine.
    return name or (PROCESS if (data_dir / 'batchai.db').exists() else '')


def _check(settings: Settings) -> None:
    ports = {name: getattr(settings, name) for name in ('port', 'blob_port', 'file_port')}
    for name, port in ports.items():
        if not 0 <= port <= 65535:
            raise SettingsError(f'{name} {port} is not between 0 and 65535')
        if port and list(ports.values()).count(port) > 1:
            raise SettingsError(f'{name} {port} is that of another part of the service too; give each its own')
    if settings.log_level not in LOG_LEVELS:
        raise SettingsError(f"log_level {settings.log_level!r} is not one of {', '.join(LOG_LEVELS)}")
    if settings.host in ('', '0.0.0.0', '::'):
        raise SettingsError(f"host '{settings.host}' is not an address that clients can name; give the one they use")
    if settings.job_user and settings.engine == SLURM:
        raise SettingsError('--job-user does not go with the engine slurm: start the service as the user whose jobs '
                            'they are to be in Slurm')
    if settings.container_runtime not in ('', *RUNTIMES):
        raise SettingsError(f"container_runtime {settings.container_runtime!r} is not one of {', '.join(RUNTIMES)}")
    try:
        shlex.split(settings.container_options)
    except ValueError as error:
        raise SettingsError(f'container_options cannot be read as words of a shell: {error}') from None
    for name in ('terminate_grace_seconds', 'autoscale_idle_seconds', 'low_priority_eviction_seconds',
                 'request_timeout_seconds'):
        if not 0 <= getattr(settings, name) < float('inf'):
            raise SettingsError(f'{name} {getattr(settings, name)} is not a number of seconds from 0 up')
    if settings.request_limit_bytes < 1:
        raise SettingsError(f'request_limit_bytes {settings.request_limit_bytes} is not a number from 1 up')


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text('utf-8'))
    except RecursionError:
        raise SettingsError(f'{path} cannot be used: it is nested too deeply') from None
    except (OSError, ValueError) as error:
        raise SettingsError(f'{path} cannot be used: {error}') from None
    known = set(_TYPES) - {'data_dir'}
    if not isinstance(content, dict) or set(content) - known:
        raise SettingsError(f'{path} should be an object with any of these keys: {", ".join(sorted(known))}')
    return {name: _convert(name, value, str(path)) for name, value in content.items()}


def _convert(name: str, value: Any, origin: str) -> Any:
    try:
        return _TYPES[name](value)
    except (TypeError, ValueError, OverflowError):  # the last for an infinite number of bytes
        kind = getattr(_TYPES[name], '__name__', 'value')
        raise SettingsError(f'{name} from {origin} should be a {kind}, but is {value!r}') from None
