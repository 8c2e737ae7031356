"""A stand-in for az, which does what a test tells it for each secret, and a resolver to try with it."""
import os
import shlex
import threading
import time

from azext_batchai.service.secrets.references import SecretReference
from azext_batchai.service.secrets.resolver import SecretResolver, StillResolving

VAULT = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v'
PATIENCE_SECONDS = 20

# What az 2.91 writes.
NOT_FOUND = 'A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret ...'
NOT_LOGGED_IN = "ERROR: Please run 'az login' to setup account."
TRACEBACK = """ERROR: The command failed with an unexpected error. Here is the traceback:
ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded
Traceback (most recent call last):
  File "connection.py", line 239, in _new_conn
socket.gaierror: [Errno -2] Name or service not known
To check existing issues, please visit: https://github.com/Azure/azure-cli/issues"""

_SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> {calls}
name=$(echo "${{5#https://*/secrets/}}" | tr / _)
echo $$ > {pids}/$name
echo + >> {depth}
if [ -e {answers}/$name ]; then . {answers}/$name; else
echo "ERROR: (SecretNotFound) {not_found}" >&2
printf 'Code: SecretNotFound\\nMessage: more\\n' >&2
false; fi
status=$?
echo - >> {depth}
exit $status
"""


def url(name):
    return f'https://v.vault.azure.net/secrets/{name}'


def reference(name):
    return SecretReference(url(name), VAULT)


def references(*names):
    """A variable of that name for each."""
    return {name: reference(name) for name in names}


def wait_until(is_so, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f'waited in vain until {what}'
        time.sleep(0.005)


class StandInAz:
    """`answer` says in shell what az does for a secret; for others it says that they are not there."""

    def __init__(self, folder):
        self.folder = folder
        self.program = folder / 'bin' / 'az'
        for part in ('bin', 'answers', 'pids', 'gates'):
            (folder / part).mkdir(parents=True)
        self.program.write_text(_SCRIPT.format(
            calls=folder / 'calls', pids=folder / 'pids', depth=folder / 'depth', answers=folder / 'answers',
            not_found=NOT_FOUND % '$name'))
        self.program.chmod(0o755)
        self.environment = {**os.environ, 'PATH': f"{folder / 'bin'}:{os.environ['PATH']}",
                            'AZURE_CONFIG_DIR': str(folder / 'azure')}

    def answer(self, name, script):
        place = self.folder / 'answers' / name.replace('/', '_')
        place.with_name(f'.{place.name}').write_text(script + '\n')
        place.with_name(f'.{place.name}').rename(place)

    def value(self, name, value, before='true'):
        """`value` is JSON text."""
        self.answer(name, f'{before}; printf %s {shlex.quote(value)}')

    def fail(self, name, text, status=1):
        self.answer(name, f'printf %s {shlex.quote(text)} >&2; (exit {status})')

    def gate(self, name):
        """A shell command that waits until the gate of that name is opened."""
        os.mkfifo(self.folder / 'gates' / name)
        return f'read _ < {self.folder}/gates/{name}'

    def open(self, name):
        (self.folder / 'gates' / name).write_text('\n')

    @property
    def calls(self):
        """The command lines, without the program."""
        return _lines(self.folder / 'calls')

    @property
    def deepest(self):
        """How many ran at once, at most."""
        most = now = 0
        for line in _lines(self.folder / 'depth'):
            now += 1 if line == '+' else -1
            most = max(most, now)
        return most

    def pid(self, name):
        """The process that asks for the secret, once there is one."""
        place = self.folder / 'pids' / name
        wait_until(lambda: place.exists() and place.read_text(), f'az is asked for {name}')
        return int(place.read_text())


def _lines(path):
    return path.read_text().splitlines() if path.exists() else []


class Resolving:
    """A resolver, and how often it woke somebody."""

    def __init__(self, az, secrets_file=None, **more):
        self.file = secrets_file or az.folder / 'secrets.json'
        self.wakes = 0
        self._news = threading.Condition()
        self.resolver = SecretResolver(self.file, self._wake, az.environment, **more)
        self.forget = self.resolver.forget
        self.close = self.resolver.close
        self.resolve = self.resolver.resolve

    def _wake(self):
        with self._news:
            self.wakes += 1
            self._news.notify_all()

    def is_pending(self, owner, wanted):
        try:
            self.resolve(owner, wanted)
        except StillResolving:
            return True
        return False

    def result(self, owner, wanted):
        """As `resolve`, but it waits for the answer, asking only when it was woken."""
        while True:
            with self._news:
                before = self.wakes
            try:
                return self.resolve(owner, wanted)
            except StillResolving:
                with self._news:
                    assert self._news.wait_for(lambda: self.wakes > before, PATIENCE_SECONDS), 'nobody was woken'
