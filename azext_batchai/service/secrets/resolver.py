"""Get the values that jobs and set-up tasks refer to, in the background: from the secrets file, else through az.

Values are in memory only, and only while somebody holds them. They are not kept from one job to the next: each gets the
secret as it is when the job starts.
"""
from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping, Sequence

from azext_batchai.service.secrets.local_file import BadSecretsFile, find_secret, read_secrets_file
from azext_batchai.service.secrets.references import SecretAddress, SecretReference, parse_secret_url
from azext_batchai.service.secrets.vault_command import (
    VaultCommand, VaultRefusal, az_environment, find_az, is_known_vault)

_log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 30.0
_MOST_AT_ONCE = 4


class StillResolving(Exception):
    """Ask again after the next `wake`."""


class SecretUnavailable(Exception):
    """The text is one sentence with the secret's URL and the reason, and nothing secret."""

    def __init__(self, url: str, reason: str):
        super().__init__(f'The secret {url} could not be read: {reason}')
        self.url = url
        self.reason = reason


@dataclass(eq=False)
class _Fetch:
    """One secret on its way, for everybody who asked meanwhile. Settled once it has a value or a problem."""
    url: str
    address: SecretAddress
    owners: set[str] = field(default_factory=set)
    value: str | None = None
    problem: str = ''
    command: VaultCommand | None = None

    @property
    def is_settled(self) -> bool:
        return self.value is not None or bool(self.problem)


class SecretResolver:
    """`wake` is called from a thread of the resolver whenever the answer for an owner is there.

    All methods return at once, from whatever thread. `environment` is that of the service.
    """

    def __init__(self, secrets_file: Path, wake: Callable[[], object], environment: Mapping[str, str] | None = None,
                 timeout_seconds: float = _TIMEOUT_SECONDS, most_at_once: int = _MOST_AT_ONCE):
        self._secrets_file = secrets_file
        self._wake = wake
        self._environment = os.environ if environment is None else environment
        self._timeout = timeout_seconds
        self._most_at_once = most_at_once
        self._lock = threading.Lock()
        self._held: dict[str, dict[SecretAddress, _Fetch]] = {}
        self._under_way: dict[SecretAddress, _Fetch] = {}
        self._for_az: deque[_Fetch] = deque()
        self._workers = 0
        self._is_closed = False

    def resolve(self, owner: str, references: Mapping[str, SecretReference]) -> dict[str, str]:
        """The values by name, from the first call after they came until `forget`.

        Raises StillResolving until then, and SecretUnavailable for the first one that cannot be had; that too stays so
        until `forget`. A URL that is no secret's raises ValueError.
        """
        addresses = {name: parse_secret_url(reference.secret_url) for name, reference in references.items()}
        if not addresses:
            return {}
        with self._lock:
            if self._is_closed:
                raise StillResolving
            held = self._held.setdefault(owner, {})
            new = [fetch for name, address in addresses.items() if address not in held
                   for fetch in self._ask(owner, held, address, references[name].secret_url)]
            problem = next(((references[name].secret_url, held[address].problem)
                            for name, address in addresses.items() if held[address].problem), None)
            values = {name: held[address].value for name, address in addresses.items()}
        if new:
            threading.Thread(target=self._look_up, args=(new,), daemon=True, name='secrets file').start()
        if problem:
            raise SecretUnavailable(*problem)
        resolved = {name: value for name, value in values.items() if value is not None}
        if len(resolved) < len(values):
            raise StillResolving
        return resolved

    def _ask(self, owner: str, held: dict[SecretAddress, _Fetch], address: SecretAddress, url: str) -> list[_Fetch]:
        """Let the owner have a secret. Returns its fetch if that is to be begun: nobody else waits for it yet."""
        begun = self._under_way.get(address)
        fetch = held[address] = begun or _Fetch(url, address)
        self._under_way[address] = fetch
        fetch.owners.add(owner)
        return [] if begun else [fetch]

    def forget(self, owner: str) -> None:
        """Drop the owner's values, and stop fetching what nobody else waits for. Does nothing for a stranger."""
        commands = []
        with self._lock:
            for fetch in self._held.pop(owner, {}).values():
                fetch.owners.discard(owner)
                if not fetch.owners and self._under_way.get(fetch.address) is fetch:
                    del self._under_way[fetch.address]
                    commands += [fetch.command] if fetch.command else []
        for command in commands:
            command.cancel()

    def close(self) -> None:
        """Forget everything and wake nobody any more."""
        with self._lock:
            self._is_closed = True
            owners = list(self._held)
        for owner in owners:
            self.forget(owner)

    # in threads

    def _look_up(self, fetches: Sequence[_Fetch]) -> None:
        """Settle what the secrets file has, and leave the rest to az."""
        try:
            values, problem = read_secrets_file(self._secrets_file), ''
        except BadSecretsFile as bad:
            values, problem = {}, str(bad)
        left = []
        for fetch in fetches:
            value = find_secret(values, fetch.address)
            if problem or value is not None:
                self._settle(fetch, value, problem)
            else:
                left.append(fetch)
        with self._lock:
            self._for_az.extend(left)
            more = min(len(self._for_az), self._most_at_once - self._workers)
            self._workers += more
        for _ in range(more):
            threading.Thread(target=self._work, daemon=True, name='key vault').start()

    def _work(self) -> None:
        """Fetch one secret after the other while there are any."""
        while True:
            with self._lock:
                if not self._for_az:
                    self._workers -= 1
                    return
                fetch = self._for_az.popleft()
            value, problem = None, ''
            try:
                value = self._fetched(fetch)
            except VaultRefusal as refusal:
                problem = f'it is not in {self._secrets_file}, and {refusal}'
            except Exception:  # or a job would wait for ever
                _log.exception('a secret could not be fetched')
                problem = 'the service failed on it; its log has the details'
            self._settle(fetch, value, problem)

    def _fetched(self, fetch: _Fetch) -> str:
        """The value, from the key vault. Raises VaultRefusal."""
        environment = az_environment(self._environment)
        az = find_az(environment)
        if az is None:
            raise VaultRefusal('there is no az on the PATH of the service that could ask the key vault; install az and '
                               'log in, or put the value into that file')
        if not is_known_vault(fetch.address, environment):
            raise VaultRefusal(f"{fetch.address.suffix} is not the key vaults' domain of a cloud that az knows, so az "
                               'is not asked: it would send its token there')
        command = VaultCommand(az, fetch.url.rstrip('/'), environment)
        with self._lock:
            if not fetch.owners:
                raise VaultRefusal('nobody waits for it any more')
            fetch.command = command
        return command.run(self._timeout)

    def _settle(self, fetch: _Fetch, value: str | None, problem: str) -> None:
        if value is not None and not _fits_a_variable(value):
            value, problem = None, 'its value has characters that no environment variable can hold, such as NUL'
        with self._lock:
            fetch.value, fetch.problem, fetch.command = value, problem, None
            if self._under_way.get(fetch.address) is fetch:
                del self._under_way[fetch.address]
            answered = [owner for owner in fetch.owners
                        if problem or all(other.is_settled for other in self._held[owner].values())]
        if answered and not self._is_closed:
            self._wake()


def _fits_a_variable(value: str) -> bool:
    try:
        return b'\0' not in value.encode('utf-8')
    except UnicodeEncodeError:
        return False
