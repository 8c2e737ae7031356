"""The docker client for real. What answers it is podman, which speaks the same protocol: no docker service needed."""
import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from container_kit import IMAGE, Containers, wait_for
from registry_server import RegistryServer

from azext_batchai.service.containers.registry import AUTH_FILE, auth_text
from azext_batchai.service.containers.runtime import find_runtime

USER, PASSWORD = 'somebody', 'S3CRET'


@pytest.fixture(scope='module')
def registry(image_tar):
    server = RegistryServer(image_tar.read_bytes(), 'team/net', USER, PASSWORD)
    yield server
    server.close()


@pytest.fixture(scope='module')
def docker_host(storage, registry, tmp_path_factory):
    """The address of the service, which has the image."""
    folder = tmp_path_factory.mktemp('docker')
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = int(Path('/proc/sys/kernel/pid_max').read_text())
    runtime = 'runtime = "runc"' if shutil.which('runc') else ''
    (folder / 'containers.conf').write_text(
        f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]\n'
        f'[engine]\n{runtime}\n')
    (folder / 'registries.conf').write_text(f'[[registry]]\nlocation = "{registry.address}"\ninsecure = true\n')
    address = f'unix://{folder}/docker.sock'
    with open(folder / 'log', 'wb') as log:
        service = subprocess.Popen(
            ['podman', *storage.split(), 'system', 'service', '-t', '0', address], stdout=log, stderr=log,
            env={**os.environ, 'CONTAINERS_CONF': str(folder / 'containers.conf'),
                 'CONTAINERS_REGISTRIES_CONF': str(folder / 'registries.conf')})
        wait_for(lambda: (folder / 'docker.sock').exists() or service.poll() is not None, bool, 'podman to listen')
        yield address
        service.terminate()
        service.wait()


@pytest.fixture
def containers(docker_host, tmp_path, monkeypatch):
    if not shutil.which('docker'):
        pytest.skip('docker is not installed')
    monkeypatch.setenv('DOCKER_HOST', docker_host)
    made = Containers(find_runtime('docker', os.environ['PATH']), tmp_path, "work: it's")  # podman loses a comma
    yield made
    made.close()


def test_a_job_runs_in_a_container_of_docker(containers):
    started = containers.start(image=IMAGE, shm_bytes=32 << 20, hostname='tvm-1-2')
    assert started.returncode == 0, started.stderr
    line = 'pwd; echo "$A"; busybox hostname; busybox df -k /dev/shm | busybox grep -c " 32768 "; exit 3'
    assert containers.run(line, variables={'A': 'it\'s "so"'})[:2] == (
        3, f'{containers.work}\nit\'s "so"\ntvm-1-2\n1\n')
    assert containers.start(image=IMAGE).returncode == 0  # in place of the first
    assert containers.names() == [containers.name]
    assert containers.remove().returncode == 0
    removed = containers.remove()
    assert (removed.returncode, removed.stderr, containers.names()) == (0, '', [])


def test_the_image_of_a_private_registry_is_pulled_wherever_docker_is(containers, registry, tmp_path, monkeypatch):
    """The address of docker's service may be in the user's own configuration, and the credentials are not."""
    context = tmp_path / 'home/.docker'
    context.mkdir(parents=True)
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    subprocess.run(['docker', 'context', 'create', 'here', '--docker', f"host={os.environ['DOCKER_HOST']}"],
                   check=True, capture_output=True)
    (context / 'config.json').write_text(json.dumps({'currentContext': 'here'}))
    monkeypatch.delenv('DOCKER_HOST')
    auth = tmp_path / 'auth'
    auth.mkdir()
    given = {'image': f'{registry.address}/team/net:1', 'auth_folder': auth}
    (auth / AUTH_FILE).write_text(auth_text(registry.address, USER, 'wrong'))
    refused = containers.start(**given)
    assert refused.returncode == 125 and 'unauthorized' in refused.stderr.lower(), refused.stderr
    (auth / AUTH_FILE).write_text(auth_text(registry.address, USER, PASSWORD))
    started = containers.start(**given)
    assert started.returncode == 0, started.stderr
    assert containers.run('echo in')[1] == 'in\n' and registry.asked


def test_an_image_that_cannot_be_had_is_complained_of_by_docker(containers, registry):
    ended = containers.start(image=f'{registry.address}/team/net:2')
    assert ended.returncode == 125 and 'unauthorized' in ended.stderr.lower() and containers.names() == []
