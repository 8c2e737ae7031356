"""The service killed again and again under a stream of jobs: each runs once and keeps its exit code."""
from __future__ import annotations

import http.client
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from installed_az import Az
from rest import ACCOUNT, Rest, cluster, job, workspace

KILLS = 8
JOBS = 60
_PATIENCE_SECONDS = 60


def call(az: Az, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """A request that is repeated while the service is away. Every request here may be sent twice."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return Rest(az.data_dir).call(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as trouble:
            assert time.monotonic() < deadline, f'{method} {path}: {trouble}'
            time.sleep(0.02)


def test_no_job_is_lost_and_none_runs_twice(own: Az) -> None:
    chance = random.Random(20180605)
    work = own.folder / 'work'
    work.mkdir()
    call(own, 'PUT', workspace('demoGroup'), {'location': 'eastus'})
    call(own, 'PUT', f"{workspace('demoGroup')}/experiments/migrated")
    status, body = call(own, 'PUT', cluster('c'), {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'scaleSettings': {'manual': {'targetNodeCount': 4}},
        'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
            {'mountCommand': f'mount --bind {work}', 'relativeMountPath': 'work'}]}}}})
    assert status == 202, body
    jobs = [_submit(own, chance, number, work) for number in range(JOBS)]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 0.3))  # the moment is what is drawn by chance
        os.kill(own.rest().state['pid'], signal.SIGKILL)
        own.ok('batchai service start -o none')
    for number, (code, nodes, prepares) in enumerate(jobs):
        seen = own.rest().wait_for_job(f'j{number}')
        assert seen['executionInfo'].get('exitCode') == code, seen
        assert (work / f'ran{number}').read_text() == 'x\n'
        assert not prepares or (work / f'prepared{number}').read_text() == 'x\n' * nodes


def _submit(az: Az, chance: random.Random, number: int, work: Path) -> tuple[int, int, bool]:
    """A job of 1 to 3 nodes that leaves a line each time it runs. Its exit code, nodes, and whether it prepares."""
    code, nodes, prepares = chance.choice([0, 0, 3, 7]), chance.choice([1, 1, 2, 3]), chance.random() < 0.3
    properties = {
        'cluster': {'id': cluster('c')}, 'nodeCount': nodes, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': f'echo x >> {work}/ran{number}; sleep {chance.uniform(0, 0.3):.3f}; '
                                                 f'exit {code}'}}
    if prepares:
        properties['jobPreparation'] = {'commandLine': f'echo x >> {work}/prepared{number}'}
    status, body = call(az, 'PUT', job(f'j{number}'), {'properties': properties})
    assert status == 202, body
    return code, nodes, prepares
