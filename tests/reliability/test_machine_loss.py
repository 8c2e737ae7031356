"""The machine goes with everything on it, but for the data folder as it was at some moment."""
from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from mortal_service import CLUSTER, MortalService, processes_of, wait_until

_LOSSES = 4


def test_jobs_survive_machines_lost_at_random_moments(tmp_path: Path) -> None:
    """Each job appends a line when it begins and one when it ends. Those of a machine that is lost go with it."""
    chance = random.Random(20180605)
    ledger = tmp_path / 'ledger'
    ledger.touch()
    codes = {f'j{number}': chance.choice([0, 0, 3, 42]) for number in range(24)}
    with contextlib.ExitStack() as machines:
        service = machines.enter_context(MortalService(tmp_path / 'data', machine='start 0')).start()
        service.make_cluster(3)
        for name, code in codes.items():
            service.submit(name, f'echo "{name} ${{AZ_BATCHAI_LAUNCH##*/}}" >> {ledger}; sleep '
                                 f'{chance.uniform(0.05, 0.4):.2f}; exit {code}')
        for number in range(1, _LOSSES + 1):
            time.sleep(chance.uniform(0, 0.5))  # the moment is what is drawn by chance
            _lose(service, tmp_path / f'copy{number}')
            service = machines.enter_context(MortalService(tmp_path / 'data', machine=f'start {number}')).start()
        ended = {name: service.wait_for_job(name) for name in codes}
        assert {name: seen['executionInfo'].get('exitCode') for name, seen in ended.items()} == codes
        service.wait_for_idle(3)
        assert all(folder.name.startswith('tvm-') for folder in (tmp_path / 'data' / 'nodes').glob('*/*'))
        wait_until(lambda: not list((tmp_path / 'data' / 'launches').iterdir()), 'the launch folders to go')
    lines = Counter(ledger.read_text().split('\n')[:-1])
    assert {line.split(' ')[0] for line in lines} == set(codes)
    # The history was lost with the machine where the copy is older, so a launch id may be used on two machines.
    assert all(count <= 1 + _LOSSES for count in lines.values())
    assert sum(lines.values()) <= len(codes) + 3 * _LOSSES  # no more than ran on the three nodes at each loss


def test_what_ran_is_queued_again_and_its_history_says_so(tmp_path: Path) -> None:
    go = tmp_path / 'go'
    with MortalService(tmp_path / 'data', machine='before') as service:
        service.start().make_cluster(1)
        node, = (tmp_path / 'data' / 'nodes').glob('*/*')
        (node / 'left').touch()
        service.submit('ran', f'echo began >> {tmp_path}/ran; until [ -e {go} ]; do sleep 0.01; done; exit 5')
        wait_until((tmp_path / 'ran').exists, 'the job to begin')
        _lose(service, tmp_path / 'copy')
        with MortalService(tmp_path / 'data', machine='after') as following:
            following.start()
            wait_until(lambda: (tmp_path / 'ran').read_text() == 'began\n' * 2, 'the job to begin again')
            go.touch()
            assert following.wait_for_job('ran')['executionInfo']['exitCode'] == 5
            log = '\n'.join(file.read_text() for file in (tmp_path / 'data' / 'output').rglob('execution.log'))
            assert 'a node it ran on was lost' in log and 'attempt 2' in log
            assert not (node / 'left').exists()


def test_nodes_are_set_up_anew(tmp_path: Path) -> None:
    """What their set-up mounted or started went with the machine, also where it was under way."""
    (tmp_path / 'out').mkdir()
    log = tmp_path / 'setups'
    setup = {'commandLine': f'echo x >> {log}; [ -e {tmp_path}/go ] || sleep 600',
             'stdOutErrPathPrefix': str(tmp_path / 'out')}
    with MortalService(tmp_path / 'data', machine='before') as service:
        service.start().make_cluster(0)
        other = CLUSTER[:-1] + 'd'
        service.expect(202, 'PUT', other, {'properties': {
            'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': 1}},
            'userAccountSettings': {'adminUserName': 'alex', 'adminUserPassword': 'Passw0rd'},
            'nodeSetup': {'setupTask': setup}}})
        wait_until(log.exists, 'the set-up to begin')
        _lose(service, tmp_path / 'copy')
        (tmp_path / 'go').touch()
        with MortalService(tmp_path / 'data', machine='after') as following:
            following.start()
            wait_until(lambda: following.expect(200, 'GET', other)['properties']['nodeStateCounts']['idleNodeCount']
                       == 1, 'the node to be idle')
            assert log.read_text() == 'x\n' * 2


@pytest.mark.parametrize('machine', ['', 'the same'])
def test_a_service_that_finds_the_same_machine_gives_up_nothing(tmp_path: Path, machine: str) -> None:
    with MortalService(tmp_path / 'data', machine=machine) as service:
        service.start().make_cluster(2)
        nodes = _nodes(tmp_path / 'data')
        service.submit('j', f'echo x >> {tmp_path}/ran; until [ -e {tmp_path}/go ]; do sleep 0.01; done; exit 4')
        wait_until((tmp_path / 'ran').exists, 'the job to begin')
        service.kill()
        service.start()
        (tmp_path / 'go').touch()
        assert service.wait_for_job('j')['executionInfo']['exitCode'] == 4
        assert _nodes(tmp_path / 'data') == nodes and (tmp_path / 'ran').read_text() == 'x\n'


def _lose(service: MortalService, copy: Path) -> None:
    """Take a copy of the data folder at one moment, end all that runs, and put the copy in the folder's place."""
    os.kill(service.pid, signal.SIGSTOP)
    for process in processes_of(service.data_dir):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    shutil.copytree(service.data_dir, copy, symlinks=True)
    while running := processes_of(service.data_dir):
        for process in running:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    service.kill()
    shutil.rmtree(service.data_dir)
    copy.rename(service.data_dir)


def _nodes(data_dir: Path) -> list[str]:
    return sorted(folder.name for folder in (data_dir / 'nodes').glob('*/*'))
