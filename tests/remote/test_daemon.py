"""The profile's memory of its service, and what is believed of a service that holds the lock."""
import fcntl
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import ClientRequestError, FileOperationError

from azext_batchai.operations import service
from azext_batchai.remote import daemon as module
from azext_batchai.remote.connection import connection_file
from azext_batchai.remote.daemon import Daemon, connect, disconnect, profile_daemon

ENDPOINT = 'https://127.0.0.1:9'


@pytest.fixture
def config_dir(tmp_path):
    connection_file(str(tmp_path)).parent.mkdir()
    return str(tmp_path)


@contextmanager
def running(data_dir, process, **changes):
    """A data folder whose lock is held, by this process, and whose service.json names `process`."""
    data_dir.mkdir(exist_ok=True)
    (data_dir / 'service.json').write_text(json.dumps({
        'pid': process, 'port': 9, 'endpoint': ENDPOINT, 'tokenFile': str(data_dir / 'token'),
        'caFile': str(data_dir / 'ca.pem'), **changes}))
    with open(data_dir / 'service.lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Daemon(data_dir)


@pytest.fixture
def service_process():
    """A process that looks like the service."""
    child = subprocess.Popen([sys.executable, '-c', 'import time; print(flush=True); time.sleep(60)',
                              'azext_batchai.service'], stdout=subprocess.PIPE)
    child.stdout.readline()  # from here on it has its command line
    yield child
    child.kill()
    child.communicate()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(module, '_START_SECONDS', 0.1)
    monkeypatch.setattr(module, '_STOP_SECONDS', 0.1)


@pytest.mark.parametrize('content', [b'', b'\n', b'relative/folder', b'\xff\xfe', b'/nul\0byte'])
def test_a_damaged_memory_of_the_folder_is_ignored(config_dir, content):
    own = connection_file(config_dir).parent
    (own / 'data-dir').write_bytes(content)
    assert profile_daemon(config_dir) == Daemon(own)


def test_the_folder_is_remembered_and_nothing_else_is_left_behind(config_dir, tmp_path):
    with running(tmp_path / 'data', os.getpid()) as daemon:
        connect(config_dir, daemon)
    assert profile_daemon(config_dir) == daemon
    folder = connection_file(config_dir).parent
    assert sorted(path.name for path in folder.iterdir()) == ['connection.json', 'data-dir']
    assert json.loads(connection_file(config_dir).read_text())['endpoint'] == ENDPOINT


@pytest.mark.parametrize('changes', [{'endpoint': None}, {'tokenFile': 3}, {'pid': None}])
def test_a_damaged_service_json_connects_nobody(config_dir, tmp_path, changes):
    with running(tmp_path / 'data', os.getpid(), **changes) as daemon, pytest.raises(ClientRequestError, match='stop'):
        connect(config_dir, daemon)
    assert not connection_file(config_dir).exists()


def test_a_connection_that_cannot_be_deleted_is_named(tmp_path):
    (tmp_path / 'batchai').write_text('a file where a folder should be')
    with pytest.raises(FileOperationError, match='Cannot delete .*connection.json'):
        disconnect(str(tmp_path))


def test_a_silent_service_is_named_with_what_to_do(tmp_path, service_process):
    with running(tmp_path / 'data', service_process.pid) as daemon, pytest.raises(ClientRequestError) as caught:
        daemon.await_answer()
    for fragment in (f'(pid {service_process.pid}) runs but does not answer', 'az batchai service stop',
                     'az batchai service start', 'service.log'):
        assert fragment in str(caught.value)


def test_a_service_that_ends_while_it_is_waited_for_is_not_called_silent(tmp_path):
    with pytest.raises(ClientRequestError, match='has just ended'):
        Daemon(tmp_path).await_answer()


def test_a_start_that_another_one_outran_finds_that_service(tmp_path, monkeypatch):
    ended = SimpleNamespace(pid=0, poll=lambda: 1, returncode=1)
    monkeypatch.setattr(Daemon, '_spawn', lambda *_: ended)
    monkeypatch.setattr(Daemon, 'ask', lambda *_: {'state': 'running'})
    with running(tmp_path / 'data', os.getpid()) as daemon:
        daemon.start(None, None)
    with pytest.raises(ClientRequestError, match='did not start'):
        Daemon(tmp_path / 'none').start(None, None)


def test_the_service_is_told_its_folder_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = []
    monkeypatch.setattr(module.subprocess, 'Popen', lambda command, **_: commands.append(command))
    Daemon(module.Path('data'))._spawn(['serve'], None)
    assert commands[0][-2:] == ['--data-dir', str(tmp_path / 'data')]


def test_a_config_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'batchai').write_text('a file where a folder should be')
    with running(tmp_path / 'data', os.getpid()) as daemon:
        with pytest.raises(FileOperationError, match=f"Cannot write into '{tmp_path}/batchai'"):
            connect(str(tmp_path), daemon)


def test_a_service_that_does_not_end_is_named_with_the_way_to_kill_it(tmp_path, service_process):
    with running(tmp_path / 'data', service_process.pid) as daemon:
        with pytest.raises(ClientRequestError, match=f'kill -9 {service_process.pid}'):
            daemon.stop()
    assert service_process.wait(5) < 0


def test_a_process_that_is_not_the_service_is_never_signalled(tmp_path):
    other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    try:
        with running(tmp_path / 'data', other.pid) as daemon:
            with pytest.raises(ClientRequestError, match='does not say as which process'):
                daemon.stop()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_without_proc_the_command_line_is_asked_of_ps(monkeypatch):
    class NoProc(type(module.Path())):
        def read_bytes(self):
            raise FileNotFoundError

        def exists(self):
            return False
    monkeypatch.setattr(module, 'Path', NoProc)
    assert 'pytest' in module._command_line(os.getpid())


def test_a_service_left_behind_is_named_with_the_way_to_stop_it(tmp_path, service_process, caplog):
    with running(tmp_path / 'a', service_process.pid) as before:
        service._warn_of_other_service(before, before)
        assert not caplog.messages
        service._warn_of_other_service(before, Daemon(tmp_path / 'b'))
    assert str(tmp_path / 'a') in caplog.text and f'kill {service_process.pid}' in caplog.text


@pytest.mark.parametrize('variable, warned', [(ENDPOINT, False), (ENDPOINT + '/', False), ('https://head:9', True)])
def test_a_variable_that_overrides_the_profile_is_named(tmp_path, monkeypatch, caplog, variable, warned):
    monkeypatch.setenv('AZURE_BATCHAI_ENDPOINT', variable)
    with running(tmp_path / 'data', os.getpid()) as daemon:
        service._warn_of_variable(daemon)
    assert ('unset AZURE_BATCHAI_ENDPOINT' in caplog.text) is warned


def test_a_reset_asks_with_the_folder_it_will_delete(config_dir, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr('knack.prompting.prompt_y_n', lambda question: asked.append(question) or True)
    with running(tmp_path / 'data', os.getpid()) as daemon:
        connect(config_dir, daemon)
    assert service.confirm_reset(SimpleNamespace(config=SimpleNamespace(config_dir=config_dir)), {})
    assert str(tmp_path / 'data') in asked[0]
