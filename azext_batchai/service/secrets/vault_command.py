"""Ask a key vault for a secret through the az that is signed in on this machine."""
from __future__ import annotations

import configparser
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Mapping

from azext_batchai.service.secrets.masking import mask
from azext_batchai.service.secrets.references import SecretAddress

# az sends its token to whatever host a secret's URL names, so that only key vaults may be named. A cloud of one's own
# is added by `az cloud register --suffix-keyvault-dns`.
_SUFFIXES = frozenset({'vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net', 'vault.microsoftazure.de'})
_MOST_OUTPUT = 256 << 10  # a secret has at most 25 KiB
_LONGEST_REASON = 400
_LOOK_SECONDS = 0.02
_SECRET_NAMES = re.compile('SECRET|TOKEN|PASSWORD|_KEY|_HEADER')
# The daemon gives its modules to this interpreter, and az may have another one.
_NOT_FOR_AZ = ('PYTHONPATH', 'PYTHONSAFEPATH', 'PYTHONHOME')
_IDENTITY = ('IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'AZURE_CLOUD_NAME')


class VaultRefusal(Exception):
    """az did not give the value; the text says why, in az's own words where it has some."""


def find_az(environment: Mapping[str, str]) -> str | None:
    """The az on PATH, else the one beside this interpreter."""
    places = [environment.get('PATH', os.defpath), str(Path(sys.executable).parent)]
    found = shutil.which('az', path=os.pathsep.join(places))
    return os.path.abspath(found) if found else None


def az_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The service's environment as az should have it.

    In a shell of `az batchai service env` the profile is one of the service itself, which has no key vault; az is then
    given the user's profile around it. Nothing of the answer may get into az's own log file.
    """
    given = {name: value for name, value in environment.items() if name not in _NOT_FOR_AZ}
    folder = _config_dir(given)
    if folder.parts[-2:] == ('batchai', 'azure') and _clouds(folder).has_section('BatchAI'):
        given = {name: value for name, value in given.items() if name not in _IDENTITY}
        given['AZURE_CONFIG_DIR'] = str(folder.parent.parent)
    return {**given, 'AZURE_LOGGING_ENABLE_LOG_FILE': 'no', 'AZURE_CORE_NO_COLOR': 'yes',
            'AZURE_CORE_COLLECT_TELEMETRY': 'no'}


def is_known_vault(address: SecretAddress, environment: Mapping[str, str]) -> bool:
    """Whether the host is a key vault of a public cloud, or of one registered in the profile of `environment`."""
    clouds = _clouds(_config_dir(environment))
    registered = {clouds.get(name, 'suffix_keyvault_dns', fallback='').lstrip('.').lower() for name in
                  clouds.sections()}
    return address.suffix in _SUFFIXES | registered


def _config_dir(environment: Mapping[str, str]) -> Path:
    return Path(environment.get('AZURE_CONFIG_DIR') or '~/.azure').expanduser()


def _clouds(folder: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(folder / 'clouds.config', 'utf-8')
    except (OSError, configparser.Error, UnicodeDecodeError):
        parser.clear()
    return parser


class VaultCommand:
    """One run of ``az keyvault secret show``. `cancel` may be called from another thread at any time."""

    def __init__(self, az: str, url: str, environment: Mapping[str, str]):
        self._line = [az, 'keyvault', 'secret', 'show', '--id', url, '--query', 'value', '-o', 'json',
                      '--only-show-errors']
        self._environment = environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def run(self, timeout: float) -> str:
        """The value. Raises VaultRefusal, after `timeout` seconds at the latest."""
        try:
            with self._lock:
                if self._cancelled:
                    raise VaultRefusal('nobody waits for it any more')
                process = self._process = subprocess.Popen(
                    self._line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    env=self._environment, start_new_session=True)
        except OSError as error:
            raise VaultRefusal(f'{self._line[0]} could not be started: {error.strerror}') from None
        try:
            out, said = self._outputs(process, time.monotonic() + timeout)
        except TimeoutError:
            raise VaultRefusal(f'az did not answer within {timeout:g} seconds') from None
        finally:
            with self._lock:
                self._kill()
                process.wait()
        if process.returncode != 0:
            raise VaultRefusal(f'az says: {self._reason(said, process.returncode)}')
        return _value(out)

    def cancel(self) -> None:
        """Kill az and everything of its group, if it still runs."""
        with self._lock:
            self._cancelled = True
            self._kill()

    def _kill(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # the latter is what macOS says of a group of zombies
            pass

    def _outputs(self, process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
        """What az wrote until it ended. Raises TimeoutError, and VaultRefusal when it writes without end."""
        assert process.stdout and process.stderr
        out, said = bytearray(), bytearray()
        with process.stdout, process.stderr, selectors.DefaultSelector() as selector:
            for pipe, into in ((process.stdout, out), (process.stderr, said)):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, into)
            while True:
                with self._lock:  # or `cancel` might signal a process id that is somebody else's by then
                    ended = process.poll() is not None
                ready = selector.select(0 if ended else _LOOK_SECONDS) if selector.get_map() else []
                for key, _ in ready:
                    chunk = os.read(key.fd, 1 << 16)
                    key.data.extend(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    if len(key.data) > _MOST_OUTPUT:
                        raise VaultRefusal(f'az wrote more than {_MOST_OUTPUT >> 10} KiB, which is no secret')
                if ended and not ready:  # what something else may still write there is not az's
                    return bytes(out), bytes(said)
                if time.monotonic() > deadline:
                    raise TimeoutError
                if not selector.get_map():
                    time.sleep(_LOOK_SECONDS)

    def _reason(self, said: bytes, status: int) -> str:
        """The last line that az marks as an error: a traceback may come after it."""
        text = re.sub(r'\x1b\[[0-9;]*m', '', said.decode('utf-8', 'replace'))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        marked = [line.removeprefix('ERROR: ') for line in lines if line.startswith('ERROR: ')]
        line = (marked or lines or [f'nothing; it ended with status {status}'])[-1]
        hidden = [value for name, value in self._environment.items() if _SECRET_NAMES.search(name.upper())]
        shown = ''.join(character if character.isprintable() else ' ' for character in mask(line, hidden))
        return shown if len(shown) <= _LONGEST_REASON else f'{shown[:_LONGEST_REASON]}...'


def _value(out: bytes) -> str:
    try:
        value = json.loads(out)
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise VaultRefusal('az answered with something that is not the value of a secret')
    return value
