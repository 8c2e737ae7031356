"""How tests start containers and run commands in them: as the engine does, by a shell, with logs in files."""
import os
import subprocess
import time
from itertools import count
from pathlib import Path

from azext_batchai.service.containers.commands import (
    DATA_LABEL, JOB_LABEL, Container, exec_command, remove_all_command, remove_command, start_command)
from azext_batchai.service.containers.image import read_image
from azext_batchai.service.containers.variables import client_variables, environment_file_text
from azext_batchai.service.engines.base import Launch, Task

IMAGE = 'localhost/only-busybox:1'
PATIENCE = 20.0


def wait_for(look, met, what):
    """Call `look` until `met` is true of what it returns, and return that."""
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = look()
        if met(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {PATIENCE:g} seconds for {what}; last seen: {seen!r}')
        time.sleep(0.005)


class Containers:
    """A container and its neighbours. `work` is a folder that they have, with the files of their commands."""

    def __init__(self, runtime, folder, work="work, with: every 'thing"):
        self.runtime = runtime
        self.work = folder / work
        self.work.mkdir()
        self._data_dir = folder
        self.job = f'job-{folder.name}'
        self.name = f'batchai-{folder.name}'
        self._numbers = count()

    def container(self, *paths, **changes):
        return Container(self.name, self.job, self._data_dir, (self.work, *paths), **changes)

    def start(self, *paths, image=IMAGE, registry=None, auth_folder=None, **changes):
        """The ended start of a container, with `returncode` and `stderr`."""
        found = read_image({'image': image, **(registry or {})})
        return self.sh(start_command(self.runtime, self.container(*paths, **changes), found, auth_folder))

    def command(self, line, name, variables=None, folder=None):
        """A shell command that runs `line` in the container."""
        environment = self.work / f'{name}.env'
        environment.write_text(environment_file_text(variables or {}))
        environment.chmod(0o600)
        return exec_command(self.runtime, self.name, environment, folder or self.work, line,
                            self.log(name, 'out'), self.log(name, 'err'))

    def run(self, line, name=None, **more):
        """Exit code, stdout and stderr of a command in the container, and the stderr of what started it."""
        name = name or f'task-{next(self._numbers)}'
        ended = self.sh(self.command(line, name, **more))
        logs = [file.read_text() if file.exists() else '' for file in (self.log(name, 'out'), self.log(name, 'err'))]
        return ended.returncode, *logs, ended.stderr

    def launch(self, line, name='launch', folder=None):
        """The launch of an engine with one task, which runs in the container."""
        folder = folder or self.work
        folder.mkdir(exist_ok=True)
        return Launch(name, self._data_dir / 'launches' / f'{name}-{next(self._numbers)}', (Task(
            'node', self.command(line, name, folder=folder), client_variables(os.environ), folder,
            self._data_dir / f'{name}.out', self._data_dir / f'{name}.err'),))

    def log(self, name, stream) -> Path:
        return self.work / f'{name}.{stream}'

    def remove(self):
        return self.sh(remove_command(self.runtime, self.name))

    def names(self):
        """The containers of this job that are there, running or not."""
        listed = self.podman('ps', '-a', '--filter', f'label={JOB_LABEL}={self.job}', '--format', '{{.Names}}')
        return listed.stdout.split()

    def podman(self, *arguments):
        return subprocess.run([self.runtime.path, *self.runtime.global_options, *arguments], capture_output=True,
                              text=True, check=True)

    def sh(self, command):
        return subprocess.run(['/bin/sh', '-c', command], capture_output=True, text=True, check=False, cwd=self.work,
                              env={**client_variables(os.environ), 'AZ_BATCHAI_LAUNCH': '/launches/direct'})

    def close(self):
        self.sh(remove_all_command(self.runtime, DATA_LABEL, str(self._data_dir)))
