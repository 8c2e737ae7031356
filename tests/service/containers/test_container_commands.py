"""What podman and docker are told, as far as it does not take a container to see it."""
import shlex
from pathlib import Path

import pytest

from azext_batchai.service.containers.commands import Container, container_name, exec_command, start_command
from azext_batchai.service.containers.image import read_image
from azext_batchai.service.containers.runtime import Runtime

PODMAN, DOCKER = Runtime('podman', '/usr/bin/podman'), Runtime('docker', '/usr/bin/docker')


def started(runtime, auth_folder=None, registry=None, **changes):
    container = Container(**{'name': 'c', 'job': 'guid', 'data_dir': Path('/data'), 'paths': (), **changes})
    return start_command(runtime, container, read_image({'image': 'net', **(registry or {})}), auth_folder)


def words(script):
    """The words of the script that the command gives to sh."""
    return shlex.split(shlex.split(script)[-1].replace('$(', ' ').replace(')', ' '))


def value(script, option):
    found = words(script)
    return found[found.index(option) + 1] if option in found else None


@pytest.mark.parametrize('runtime, gpus, option, given', [
    (PODMAN, (1,), '--device', 'nvidia.com/gpu=1'), (DOCKER, (0, 2), '--gpus', '"device=0,2"'),
    (PODMAN, (), '--device', None), (DOCKER, (), '--gpus', None)])
def test_only_the_gpus_of_the_node_are_given(runtime, gpus, option, given):
    assert value(started(runtime, gpus=gpus), option) == given


@pytest.mark.parametrize('runtime', [PODMAN, DOCKER])
def test_what_every_container_has(runtime):
    script = started(runtime)
    assert [value(script, option) for option in ('--network', '--user', '--pull')] == ['host', '0:0', 'never']
    assert '--shm-size' not in script and '--hostname' not in script


def test_docker_reads_credentials_from_a_folder_and_podman_from_a_file():
    assert 'DOCKER_CONFIG=/a/auth /usr/bin/docker pull' in started(DOCKER, Path('/a/auth'))
    assert value(started(PODMAN, Path('/a/auth')), '--authfile') == '/a/auth/config.json'
    assert '--authfile' not in started(PODMAN) and 'DOCKER_CONFIG' not in started(DOCKER)


def test_tls_is_left_out_only_for_a_registry_that_the_job_calls_http():
    assert '--tls-verify=false' in started(PODMAN, registry={'serverUrl': 'http://r:5000'})
    assert '--tls-verify' not in started(PODMAN, registry={'serverUrl': 'https://r:5000'})


def test_the_runtime_that_somebody_chose_is_not_tried_with_another():
    chosen = Runtime('podman', '/usr/bin/podman', ('--runtime', 'kata'), ('--cap-add', 'SYS_PTRACE'))
    assert 'runc' not in started(chosen) and 'runc' in started(PODMAN)
    assert '--runtime kata $runtime run' in shlex.split(started(chosen))[-1]
    assert value(started(chosen), '--cap-add') == 'SYS_PTRACE'


def test_docker_is_asked_to_pass_a_signal_on_where_we_may_not_send_it():
    command = exec_command(DOCKER, 'c', Path('/w/env'), Path('/w'), 'train', Path('/w/o'), Path('/w/e'))
    assert "exec c sh -c 'kill -TERM -1'" in ' '.join(shlex.split(shlex.split(command)[-1]))
    assert 'kill -TERM' not in exec_command(PODMAN, 'c', Path('/w/env'), Path('/w'), 'x', Path('/w/o'), Path('/w/e'))


def test_a_container_is_named_after_its_job_and_node():
    assert container_name('guid', 'tvm-1_2-20260101t000000z') == 'batchai-guid-tvm-1_2-20260101t000000z'
