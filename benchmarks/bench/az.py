"""The real `az` in profiles of its own: with our extension, and with the built-in batchai module in its place."""
from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Mapping

from bench.built_in import built_in_profile
from bench.contest import Contest, PeerMissing
from bench.running_service import RunningService

BUILT_IN = 'built-in `az batchai`'
_PATIENCE_SECONDS = 120
_QUIET = {'AZURE_CORE_COLLECT_TELEMETRY': 'no', 'AZURE_CORE_SURVEY_MESSAGE': 'no',
          'AZURE_EXTENSION_USE_DYNAMIC_INSTALL': 'no'}


class Az:
    """One profile of `az`."""

    def __init__(self, program: Path, environment: Mapping[str, str]):
        self._program = str(program)
        self._environment = {**os.environ, **_QUIET, **environment}

    def start(self, line: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self._program, *line.split()], env=self._environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, line: str) -> str:
        """What the command prints. Raises RuntimeError when it fails."""
        done = subprocess.run([self._program, *line.split()], env=self._environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
        if done.returncode:
            raise RuntimeError(f'az {line}: {done.stderr.strip()}')
        return done.stdout

    def timed(self, line: str) -> float:
        """Milliseconds that the command takes."""
        began = time.perf_counter()
        self.run(line)
        return (time.perf_counter() - began) * 1000


def profile(contest: Contest, config_dir: Path, extensions: Path) -> Az:
    return Az(_program(contest), {'AZURE_CONFIG_DIR': str(config_dir), 'AZURE_EXTENSION_DIR': str(extensions)})


def our_az(contest: Contest) -> Az:
    """For `Contest.shared`: an `az` with our extension, connected to the row's service as by `az batchai service
    start`."""
    return profile(contest, contest.shared(az_service).data_dir.parent, contest.places.extensions)


def az_service(contest: Contest) -> RunningService:
    """For `Contest.shared`: a service that `az batchai service start` finds running in a profile."""
    service = contest.stack.enter_context(RunningService(contest.new_folder('profile') / 'batchai'))
    profile(contest, service.data_dir.parent, contest.places.extensions).run('batchai service start')
    return service


def built_in_az(contest: Contest) -> Az:
    """For `Contest.shared`: an `az` without our extension, whose Azure is the row's service. Raises PeerMissing."""
    environment = contest.stack.enter_context(
        built_in_profile(contest.new_folder('built-in') / 'azure', contest.shared(az_service).data_dir))
    az = Az(_program(contest), environment)
    try:
        az.run('batchai -h')
    except RuntimeError:
        raise PeerMissing(f'{contest.places.az} has no batchai module of its own') from None
    return az


def _program(contest: Contest) -> Path:
    if not contest.places.az.exists():
        raise PeerMissing(f'{contest.places.az} is not there: run make install')
    return contest.places.az
