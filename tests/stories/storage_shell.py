"""The shell of `az batchai service env --storage-account`, in which az storage works with an account of the service."""
from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

from installed_az import Az

PATIENCE_SECONDS = 110


class StorageShell:
    """`environment` is what the surrounding shell gets from the command."""

    def __init__(self, az: Az, account: str, group: str = 'files'):
        """The account is made when it is missing."""
        self.az = az
        inside = self._evaluated('az batchai service env')
        for line in (f'az group create -n {group} -l eastus -o none',
                     f'az storage account create -n {account} -g {group} -l eastus -o none'):
            done = subprocess.run(['sh', '-c', line], env=inside, cwd=az.folder, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=PATIENCE_SECONDS)
            assert done.returncode == 0, done.stderr
        self.environment = self._evaluated(f'az batchai service env --storage-account {account}')

    def _evaluated(self, command: str) -> dict[str, str]:
        script = f'eval "$({command})" && env -0'
        done = subprocess.run(['sh', '-c', script], env=self.az.environment, cwd=self.az.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stderr
        return dict(line.partition('=')[::2] for line in done.stdout.split('\0') if '=' in line)

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """A line as it is typed, whatever becomes of it."""
        done = subprocess.run(['sh', '-c', line], env=self.environment, cwd=self.az.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert 'Traceback' not in done.stderr, done.stderr
        return done

    def ok(self, line: str) -> str:
        done = self.run(line)
        assert done.returncode == 0, f'{line}\n{done.stderr}'
        return done.stdout

    def json(self, line: str) -> Any:
        return json.loads(self.ok(line))

    @property
    def connection_string(self) -> str:
        return self.environment['AZURE_STORAGE_CONNECTION_STRING']


def quoted(*words: str) -> str:
    return ' '.join(map(shlex.quote, words))
