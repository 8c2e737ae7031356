"""What a client was told is on disk, seen in the system calls of the real service; and what a power loss tore."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from mortal_service import CLUSTER, EXPERIMENT, WORKSPACE, MortalService, job_path

_CALL = re.compile(r'(?P<name>\w+)\((?P<rest>.*)')
_REPLY = re.compile(r'\d+<(socket|TCP)')
_LOG = re.compile(r'\d+<(?P<file>[^>]*batchai\.db-wal)>')


def _can_trace() -> bool:
    if shutil.which('strace') is None:
        return False
    return subprocess.run(['strace', '-o', '/dev/null', 'true'], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope='module')
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Name and arguments of the system calls of a service that made, ran, changed and deleted things."""
    if not _can_trace():
        pytest.skip('strace is not installed, or not allowed to trace here')
    folder = tmp_path_factory.mktemp('traced')
    trace = folder / 'trace'
    names = 'fsync,fdatasync,pwrite64,ftruncate,sendto,rename,clone,clone3,vfork,flock'
    with MortalService(folder / 'data') as service:
        service.start('strace', '-y', '-s', '0', '-o', str(trace), '-e', 'signal=none', '-e', f'trace={names}')
        service.make_cluster(2)
        for name in ('ends', 'stops', 'waits'):
            service.submit(name, 'exit 3' if name == 'ends' else 'sleep 600',
                           secrets=[{'name': 'S', 'value': 'a secret that is overwritten in the end'}])
        service.wait_for_job('ends')
        service.expect(202, 'POST', f'{job_path("stops")}/terminate')
        service.wait_for_job('stops')
        service.expect(200, 'PATCH', CLUSTER, {'properties': {'scaleSettings': {'manual': {'targetNodeCount': 1}}}})
        service.expect(202, 'DELETE', job_path('waits'))
        service.expect(202, 'DELETE', EXPERIMENT)
        service.kill()
    return [(found['name'], found['rest']) for line in trace.read_text().splitlines()
            if (found := _CALL.match(line))]


def test_no_reply_is_sent_while_something_written_is_not_on_disk(calls: list[tuple[str, str]]) -> None:
    replies = _check_order(calls, lambda name, rest: name == 'sendto' and bool(_REPLY.match(rest)))
    assert replies > 10


def test_no_process_is_started_before_the_intent_is_on_disk(calls: list[tuple[str, str]]) -> None:
    starts = _check_order(calls, lambda name, rest: name in ('clone', 'clone3', 'vfork'))
    assert starts >= 3


def _check_order(calls: list[tuple[str, str]], is_act: Callable[[str, str], bool]) -> int:
    """How many acts there were. None may come after a write to the log of the database that no fdatasync followed."""
    unsynced, acts, commits = False, 0, 0
    for name, rest in calls:
        if name == 'pwrite64' and _LOG.match(rest):
            unsynced = True
        elif name in ('fsync', 'fdatasync') and _LOG.match(rest):
            commits += unsynced
            unsynced = False
        elif is_act(name, rest):
            acts += 1
            assert not unsynced, f'{name}({rest}'
    assert commits > 10
    return acts


def test_small_files_are_on_disk_before_they_get_their_names(calls: list[tuple[str, str]]) -> None:
    renamed = {}
    for index, (name, rest) in enumerate(calls):
        if name == 'rename' and '.new"' in rest:
            temporary, file = re.findall(r'"([^"]*)"', rest)
            synced = [each for each, arguments in calls[:index] if each == 'fsync' and f'<{temporary}>' in arguments]
            assert synced, temporary
            assert calls[index + 1][0] == 'fsync' and f'<{Path(file).parent}>' in calls[index + 1][1], file
            renamed[Path(file).name] = file
    assert {'token', 'ca.pem', 'server.pem', 'service.json'} <= set(renamed)


@pytest.mark.parametrize('content', [b'', b'\0' * 64, b'\xff\xfe torn'], ids=['empty', 'zeros', 'garbage'])
def test_small_files_that_are_torn_all_the_same_stop_no_service(tmp_path: Path, content: bytes) -> None:
    with MortalService(tmp_path / 'data') as service:
        service.start()
        service.kill()
        for name in ('token', 'ca.pem', 'server.pem', 'service.json', 'machine'):
            (service.data_dir / name).write_bytes(content)
        service.start()
        service.expect(200, 'PUT', WORKSPACE, {'location': 'eastus'})
        service.stop()
