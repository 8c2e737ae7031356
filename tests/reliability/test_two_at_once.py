"""Who may use a data folder, and what is said of one that cannot be used."""
from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mortal_service import CLUSTER, ROOT, MortalService


def refusal(data_dir: Path, *options: str) -> str:
    """The line with which the service says that it cannot start. Fails when there is another one, or it starts."""
    done = subprocess.run([sys.executable, '-m', 'azext_batchai.service', '--data-dir', str(data_dir),
                           '--log-level', 'error', *options],
                          cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.rstrip()


def test_a_second_service_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    with MortalService(tmp_path / 'data') as first:
        first.start().make_cluster(1)
        before = first.state()
        assert refusal(tmp_path / 'data') == f'A service already runs on {tmp_path}/data.'
        assert first.state() == before and first.expect(200, 'GET', CLUSTER)


def test_of_many_that_start_at_once_one_serves(tmp_path: Path) -> None:
    (tmp_path / 'data').mkdir()
    with MortalService(tmp_path / 'data') as first, ThreadPoolExecutor(4) as pool:
        first.start()
        lines = set(pool.map(lambda _: refusal(tmp_path / 'data'), range(4)))
        assert lines == {f'A service already runs on {tmp_path}/data.'}


@pytest.mark.parametrize('pid', [1, os.getpid(), 2 ** 22 + 1, -1, 'x'],
                         ids=['init', 'ourselves', 'nobody', 'everybody', 'none'])
def test_a_pid_that_is_somebody_elses_by_now_stops_no_start(tmp_path: Path, pid: object) -> None:
    with MortalService(tmp_path / 'data') as service:
        service.start()
        service.kill()
        state = tmp_path / 'data' / 'service.json'
        state.write_text(json.dumps({**json.loads(state.read_text()), 'pid': pid}))
        service.start()
        assert service.state()['pid'] == service.pid != pid


def test_a_port_taken_in_the_meantime_is_given_up_for_another(tmp_path: Path) -> None:
    with MortalService(tmp_path / 'data') as service:
        service.start().make_cluster(1)
        before = service.state()['port']
        service.kill()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(('127.0.0.1', before))
            other.listen()
            service.start()
            assert service.state()['port'] != before and service.expect(200, 'GET', CLUSTER)
            assert f'Port {before} on 127.0.0.1 cannot be used' in refusal(tmp_path / 'else', '--port', str(before))


@pytest.mark.parametrize('port', [70000, -5, 0, 'x', None, [1]])
def test_a_port_in_the_state_file_that_is_none_is_no_obstacle(tmp_path: Path, port: object) -> None:
    with MortalService(tmp_path / 'data') as service:
        (tmp_path / 'data').mkdir()
        (tmp_path / 'data' / 'service.lock').touch()
        (tmp_path / 'data' / 'service.json').write_text(json.dumps({'port': port}))
        service.start()
        assert service.state()['port'] > 0


# the database

@pytest.mark.parametrize('damage', ['no database', 'a damaged page', 'cut off', 'a folder', 'a later version'])
def test_a_database_that_cannot_be_used_is_refused_in_one_line_and_kept(tmp_path: Path, damage: str) -> None:
    with MortalService(tmp_path / 'data') as service:
        service.start().make_cluster(1)
        service.stop()
    file = tmp_path / 'data' / 'batchai.db'
    content = bytearray(file.read_bytes())
    if damage == 'no database':
        content = bytearray(random.Random(1).randbytes(len(content)))
    elif damage == 'a damaged page':
        content[8192:12288] = random.Random(2).randbytes(4096)
    elif damage == 'cut off':
        content = content[:len(content) // 2]
    file.write_bytes(content)
    if damage == 'a later version':
        connection = sqlite3.connect(file)
        connection.execute('PRAGMA user_version = 999')
        connection.close()
    if damage == 'a folder':
        file.unlink()
        file.mkdir()
    kept = file.read_bytes() if file.is_file() else None
    line = refusal(tmp_path / 'data')
    assert str(file) in line and 'cannot be used' in line
    assert kept is None or file.read_bytes() == kept


# folders

def test_files_in_the_way_are_named(tmp_path: Path) -> None:
    for name in ('service.lock', 'ca.pem'):
        data_dir = tmp_path / name
        (data_dir / name).mkdir(parents=True)
        (data_dir / 'service.log').touch()
        line = refusal(data_dir)
        assert str(data_dir / name) in line and 'cannot be used' in line


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'data').touch()
    assert 'not writable' in refusal(tmp_path / 'data')
