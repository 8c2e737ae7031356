"""The disk of the data folder is full, or becomes read-only."""
from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
from mortal_service import EXPERIMENT, WORKSPACE, MortalService, job_path, wait_until
from test_two_at_once import refusal

from azext_batchai.service.engines.base import EngineUnavailable, Launch, LaunchState, Task
from azext_batchai.service.engines.process import ProcessEngine


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system that can be filled."""
    place = tmp_path / 'disk'
    place.mkdir()
    if os.getuid() != 0 or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', str(place)],
                                          capture_output=True, check=False).returncode:
        pytest.skip('only root can mount a small file system, and not everywhere')
    yield place
    subprocess.run(['umount', '-l', str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is, to the last block."""
    ballast = disk / 'data' / 'lost+found'
    with contextlib.suppress(OSError), open(ballast, 'ab', buffering=0) as file:
        while True:
            file.write(b'x' * 4096)
    return ballast


def test_on_a_full_disk_nothing_is_accepted_nothing_lost_and_every_exit_code_stays_true(disk: Path, tmp_path: Path
                                                                                        ) -> None:
    with MortalService(disk / 'data') as service:
        service.start().make_cluster(2)
        for name, code in (('five', 5), ('zero', 0)):
            service.submit(name, f'touch {tmp_path}/{name}; until [ -e {tmp_path}/go ]; do sleep 0.01; done; '
                                 f'exit {code}')
        service.submit('waits', f'echo x >> {tmp_path}/waited; exit 6')
        wait_until(lambda: (tmp_path / 'five').exists() and (tmp_path / 'zero').exists(), 'the jobs to begin')
        ballast = fill(disk)
        accepted, refused = _submit_until_refused(service)
        assert refused[0] == 507 and refused[1]['error']['code'] == 'InsufficientStorage'
        assert 'make room' in refused[1]['error']['message']
        assert service.job('five')['executionState'] == 'running'
        (tmp_path / 'go').touch()
        launches = disk / 'data' / 'launches'
        wait_until(lambda: not _running_shells(launches), 'the tasks to end')
        ballast.unlink()
        assert service.wait_for_job('five')['executionInfo']['exitCode'] == 5
        assert service.wait_for_job('zero')['executionInfo']['exitCode'] == 0
        assert service.wait_for_job('waits')['executionInfo']['exitCode'] == 6
        assert (tmp_path / 'waited').read_text() == 'x\n'
        assert {name for name in service.jobs() if name.startswith('more')} == set(accepted)
        service.stop()


def _submit_until_refused(service: MortalService) -> tuple[list[str], tuple[int, dict]]:
    """The log of the database has room for a few transactions yet. Returns names and the refusal."""
    accepted = []
    for number in range(1000):
        name = f'more{number}'
        status, answer = service.call('PUT', job_path(name), {'properties': {
            'cluster': {'id': f'{WORKSPACE}/clusters/c'}, 'nodeCount': 2, 'stdOutErrPathPrefix': '/nowhere',
            'customToolkitSettings': {'commandLine': 'true ' + 'x' * 5000}}})
        if status != 202:
            return accepted, (status, answer)
        accepted.append(name)
    raise AssertionError('the disk is never full')


def _running_shells(launches: Path) -> list[str]:
    return [task.name for task in launches.glob('*/*.started')
            if Path(f'/proc/{task.read_text().strip()}/stat').exists()
            and not _is_zombie(task.read_text().strip())] if launches.is_dir() else []


def _is_zombie(pid: str) -> bool:
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'Z'


@pytest.mark.parametrize('blocks', [1, 2, 3])
def test_a_task_that_starts_on_the_last_blocks_of_a_disk_runs_once_and_its_code_is_true(disk: Path, tmp_path: Path,
                                                                                        blocks: int) -> None:
    engine = ProcessEngine()
    launch = Launch('launch', disk / 'launch', (Task(
        'node', f'echo x >> {tmp_path}/ran; exit 7', {'PATH': os.environ['PATH']}, tmp_path, tmp_path / 'out',
        tmp_path / 'err'),))
    (disk / 'data').mkdir()
    ballast = fill(disk)
    with pytest.raises(EngineUnavailable, match='No space left'):
        engine.start(launch)
    os.truncate(ballast, ballast.stat().st_size - blocks * 4096)
    handle = engine.start(launch)
    seen = wait_until(lambda: engine.poll([handle])[handle].state is not LaunchState.RUNNING
                      and engine.poll([handle])[handle], 'the end of the task')
    assert (seen.state, seen.exit_codes) == (LaunchState.ENDED, (7,))
    assert (tmp_path / 'ran').read_text() == 'x\n' and (tmp_path / 'err').read_text() == ''
    engine.release(handle)


def test_a_first_start_on_a_full_disk_is_one_line_and_works_once_there_is_room(disk: Path) -> None:
    (disk / 'data').mkdir()
    ballast = fill(disk)
    line = refusal(disk / 'data')
    assert 'No space left on device' in line or 'disk is full' in line
    ballast.unlink()
    with MortalService(disk / 'data') as service:
        service.start().make_cluster(1)


def test_a_restart_on_a_full_disk_is_one_line_or_a_service_and_loses_nothing(disk: Path) -> None:
    with MortalService(disk / 'data') as service:
        service.start().make_cluster(1)
        service.submit('j', 'exit 3')
        service.wait_for_job('j')
        service.kill()
        ballast = fill(disk)
        line = refusal(disk / 'data')
        assert 'No space left on device' in line or 'disk is full' in line or 'disk I/O error' in line
        ballast.unlink()
        service.start()
        assert service.job('j')['executionInfo']['exitCode'] == 3


def test_a_read_only_folder_is_refused_in_one_line(disk: Path) -> None:
    with MortalService(disk / 'data') as service:
        service.start().make_cluster(1)
        service.stop()
        subprocess.run(['mount', '-o', 'remount,ro', str(disk)], check=True)
        assert f'The data folder {disk}/data is not writable: Read-only file system.' in refusal(disk / 'data')
        subprocess.run(['mount', '-o', 'remount,rw', str(disk)], check=True)
        service.start()
        assert service.expect(200, 'GET', EXPERIMENT)
