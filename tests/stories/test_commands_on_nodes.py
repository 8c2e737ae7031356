"""Commands on nodes, and ports forwarded to them, by the real az against a real service and real processes."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from installed_az import Az
from rest import cluster, job
from waiting import is_alive, until

ON_CLUSTER = 'batchai cluster node exec -g demoGroup -w migrated-eastus -c demoCluster'
ON_JOB = 'batchai job node exec -g demoGroup -w migrated-eastus -e migrated -j demoJob'


def with_cluster(az: Az) -> Az:
    """The profile, once its service has demoCluster: two nodes that see the folder of the profile as `work`."""
    az.rest().make_cluster('demoCluster', 2, az.folder)
    return az


@pytest.fixture
def pair(shared: Az) -> Az:
    return with_cluster(shared)


def node_ids(az: Az) -> list[str]:
    answer = az.rest().call('POST', f"{cluster('demoCluster')}/listRemoteLoginInformation")[1]
    return [node['nodeId'] for node in answer['value']]


def pid_in(file: Path) -> int:
    return int(until(lambda: file.exists() and file.read_text().strip(), f'no process id in {file}'))


@pytest.fixture
def running(pair: Az) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts az in the background, and ends it after the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(line: str) -> subprocess.Popen[bytes]:
        begun.append(pair.popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return begun[-1]
    yield start
    for process in begun:
        process.kill()
        process.communicate()


# commands

def test_az_shows_the_output_of_the_command_and_exits_with_its_code(pair: Az) -> None:
    pair.write('note', 'mounted\n')
    seen = pair(f"{ON_CLUSTER} --exec 'echo to out; echo to err >&2; cat $AZ_BATCHAI_MOUNT_ROOT/work/note; exit 7'")
    assert (seen.code, seen.out) == (7, 'to out\nmounted\n')
    assert seen.err.splitlines()[-1] == 'to err'


def test_success_adds_nothing_to_what_the_command_prints(pair: Az) -> None:
    seen = pair.ok(f"{ON_CLUSTER} --only-show-errors --exec 'printf quiet' -o json")
    assert (seen.out, seen.err) == ('quiet', '')


def test_bytes_arrive_as_they_are(pair: Az) -> None:
    content = bytes(range(256)) * 4000
    (pair.folder / 'binary').write_bytes(content)
    pair.ok(f"{ON_CLUSTER} --exec 'cat $AZ_BATCHAI_MOUNT_ROOT/work/binary' > copy")
    assert (pair.folder / 'copy').read_bytes() == content


def test_without_a_node_it_is_the_first_one(pair: Az) -> None:
    first, second = node_ids(pair)
    assert pair.ok(f'{ON_CLUSTER} --exec pwd').out.strip().endswith(f'/{first}')
    assert pair.ok(f'{ON_CLUSTER} -n {second} --exec pwd -p password').out.strip().endswith(f'/{second}')


def test_a_command_on_a_node_of_a_job_sees_what_the_job_sees(pair: Az) -> None:
    status, body = pair.rest().call('PUT', job('demoJob'), {'properties': {
        'cluster': {'id': cluster('demoCluster')}, 'nodeCount': 2, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'inputDirectories': [{'id': 'DATA', 'path': '$AZ_BATCHAI_MOUNT_ROOT/work/data'}],
        'environmentVariables': [{'name': 'COLOR', 'value': 'blue'}],
        'secrets': [{'name': 'PASSPHRASE', 'value': 'hush-hush'}],
        'customToolkitSettings': {'commandLine': f'env | grep AZ_BATCH > {pair.folder}/seen.new; '
                                                 f'mv {pair.folder}/seen.new {pair.folder}/seen; sleep 600'}}})
    assert status == 202, body
    until(lambda: (pair.folder / 'seen').exists(), 'the job did not begin')
    lines = pair.ok(f"{ON_JOB} --exec 'pwd; env'").out.splitlines()
    mine = {line for line in lines if 'AZ_BATCH' in line and 'AZ_BATCHAI_LAUNCH=' not in line}
    theirs = {line for line in (pair.folder / 'seen').read_text().splitlines() if 'AZ_BATCHAI_LAUNCH=' not in line}
    assert mine == theirs and any(line.startswith('AZ_BATCHAI_INPUT_DATA=') for line in mine)
    assert 'COLOR=blue' in lines and 'hush-hush' not in '\n'.join(lines)
    assert f'AZ_BATCHAI_JOB_TEMP={lines[0]}' in lines
    assert pair.ok(f"{ON_JOB} -n {node_ids(pair)[1]} --exec 'echo $AZ_BATCHAI_JOB_TEMP'").out != lines[0] + '\n'
    assert pair.rest().properties(job('demoJob'))['executionState'] == 'running'


def test_ctrl_c_ends_the_command_on_the_node(pair: Az, running: Callable[..., subprocess.Popen[bytes]]) -> None:
    az = running(f"{ON_CLUSTER} --exec 'echo $$; exec sleep 600'")
    assert az.stdout is not None
    pid = int(az.stdout.readline())
    az.send_signal(signal.SIGINT)
    rest, said = az.communicate(timeout=30)
    assert az.returncode == 130 and rest == b'' and b'Traceback' not in said
    assert said.splitlines()[-1].endswith(b'is ended.')
    until(lambda: not is_alive(pid), f'process {pid} lives on')


def test_an_az_that_is_killed_takes_its_command_along(pair: Az, running: Callable[..., subprocess.Popen[bytes]]
                                                      ) -> None:
    az = running(f"{ON_CLUSTER} --exec 'echo $$; exec sleep 600'")
    assert az.stdout is not None
    pid = int(az.stdout.readline())
    az.kill()
    until(lambda: not is_alive(pid), f'process {pid} lives on')


def test_a_reader_that_leaves_ends_the_command(pair: Az) -> None:
    seen = pair.ok(f"{ON_CLUSTER} --exec 'echo $$ > $AZ_BATCHAI_MOUNT_ROOT/work/endless; yes' | head -2")
    assert seen.out == 'y\ny\n'
    pid = pid_in(pair.folder / 'endless')
    until(lambda: not is_alive(pid), f'process {pid} lives on')


def test_a_killed_service_leaves_nothing_running_after_its_next_start(own: Az) -> None:
    az = with_cluster(own).popen(
        f"{ON_CLUSTER} --exec '(setsid sleep 600 & echo $! > {own.folder}/apart); echo $$; exec sleep 600'",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert az.stdout is not None
    pids = [int(az.stdout.readline()), pid_in(own.folder / 'apart')]
    os.kill(own.rest().state['pid'], signal.SIGKILL)
    _, said = az.communicate(timeout=30)
    assert az.returncode == 1 and b'Traceback' not in said
    assert b'connection to the Batch AI service was lost' in said.splitlines()[-1]
    own.ok('batchai service start -o none')
    until(lambda: not any(map(is_alive, pids)), f'{pids} live on')
    assert own.ok(f'{ON_CLUSTER} --exec "echo back"').out == 'back\n'


def test_stopping_the_service_ends_the_command_and_says_so(own: Az) -> None:
    az = with_cluster(own).popen(f"{ON_CLUSTER} --exec 'echo $$; exec sleep 600'", stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
    assert az.stdout is not None
    pid = int(az.stdout.readline())
    own.ok('batchai service stop')
    _, said = az.communicate(timeout=30)
    assert az.returncode == 1 and b'The service was stopped; the command was ended.' in said.splitlines()[-1]
    until(lambda: not is_alive(pid), f'process {pid} lives on')
    own.ok('batchai service start -o none')
    assert 'Traceback' not in own.ok('batchai service logs').out


def test_the_token_is_in_no_debug_output(pair: Az) -> None:
    seen = pair.ok(f"{ON_CLUSTER} --exec 'echo shown' --debug")
    token = (pair.data_dir / 'token').read_text().strip()
    assert seen.out == 'shown\n' and '/exec' in seen.err and token not in seen.err


# ports

@pytest.fixture
def echo() -> Iterator[int]:
    """A server as a job may have one: it answers with what it is sent. Its port."""
    server = socket.create_server(('127.0.0.1', 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while block := connection.recv(65536):
                    connection.sendall(block)
    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def line_with(stream: Any, text: bytes) -> bytes:
    for line in stream:
        if text in line:
            return bytes(line)
    raise AssertionError(f'{text!r} was not said')


def test_a_port_is_forwarded_until_ctrl_c(pair: Az, running: Callable[..., subprocess.Popen[bytes]], echo: int
                                          ) -> None:
    port = free_port()
    az = running(f'{ON_CLUSTER} -n {node_ids(pair)[1]} -L {port}:localhost:{echo}')
    assert f'127.0.0.1:{port} to localhost:{echo}'.encode() in line_with(az.stderr, b'Forwarding')
    line_with(az.stderr, b'Ctrl-C ends it')
    with socket.create_connection(('127.0.0.1', port), timeout=20) as connection:
        connection.sendall(b'hello')
        assert connection.recv(100) == b'hello'
    az.send_signal(signal.SIGINT)
    out, said = az.communicate(timeout=30)
    assert (az.returncode, out, said) == (0, b'', b'')


def test_ports_are_forwarded_while_a_command_runs(pair: Az, echo: int) -> None:
    ports = [free_port(), free_port()]
    ask = '; '.join(f'exec 3<>/dev/tcp/127.0.0.1/{port}; echo through {port} >&3; head -n1 <&3; exec 3>&-'
                    for port in ports)
    seen = pair(f"{ON_CLUSTER} {' '.join(f'-L {port}:127.0.0.1:{echo}' for port in ports)} --exec '{ask}; exit 3'")
    assert (seen.code, seen.out) == (3, ''.join(f'through {port}\n' for port in ports))


def test_a_port_that_is_already_there_takes_nothing_from_it(pair: Az, echo: int) -> None:
    seen = pair.ok(f"{ON_CLUSTER} -L {echo}:localhost:{echo} --exec 'exec 3<>/dev/tcp/127.0.0.1/{echo}; "
                   "echo direct >&3; head -n1 <&3'")
    assert seen.out == 'direct\n' and f'is port {echo} of this machine; connect to it directly' in seen.err


# mistakes

@pytest.mark.parametrize('options, code, problem', [
    ('', 1, 'Say what to do on the node: --exec "nvidia-smi" runs a command'),
    ('--exec ""', 1, '--exec must not be empty'),
    ('-L 9000', 1, "--address/-L '9000' should be like '[address:]port:host:hostport'"),
    ('-L 9000:localhost:70000', 1, '70000 is not a port'),
    ('--exec x -k /no/such/key', 1, "-k '/no/such/key' is not a file"),
    ('--exec x -n tvm-none', 3, "Cluster 'demoCluster' has no node 'tvm-none'; it has tvm-"),
])
def test_a_mistake_is_one_line_that_says_what_to_write(pair: Az, options: str, code: int, problem: str) -> None:
    seen = pair(f'{ON_CLUSTER} {options}')
    assert seen.code == code and problem in seen.problem and seen.out == ''


def test_a_port_in_use_is_named_before_the_command_runs(pair: Az, echo: int) -> None:
    seen = pair(f"{ON_CLUSTER} -L {echo}:localhost:1 --exec 'touch $AZ_BATCHAI_MOUNT_ROOT/work/ran'")
    assert seen.code == 1 and f'Port {echo} of this machine is in use' in seen.problem
    assert not (pair.folder / 'ran').exists()


def test_a_cluster_and_a_job_without_nodes_say_so(shared: Az) -> None:
    az = with_cluster(shared)
    az.rest().call('PUT', job('demoJob'), {'properties': {
        'cluster': {'id': cluster('demoCluster')}, 'nodeCount': 3, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': 'true'}}})
    seen = az(f'{ON_JOB} --exec x')
    assert seen.code == 3 and seen.problem == "Job 'demoJob' has no nodes now."
    az.rest().call('PATCH', cluster('demoCluster'), {'properties': {
        'scaleSettings': {'manual': {'targetNodeCount': 0}}}})
    az.rest().wait(cluster('demoCluster'), lambda properties: properties['currentNodeCount'] == 0)
    seen = az(f'{ON_CLUSTER} --exec x')
    assert seen.code == 3 and seen.problem == "Cluster 'demoCluster' has no nodes now."
