import json
import shutil
import subprocess

import pytest

from azext_batchai.service.containers.registry import auth_text
from azext_batchai.service.containers.variables import client_variables, environment_file_text, job_variables

ODD = {'PLAIN': 'x', 'EMPTY': '', 'QUOTES': 'it\'s "so" `echo no`', 'DOLLARS': '$HOME ${PATH} $(id) \\$x',
       'LINES': 'a\n\nb\n', 'DASH': '-n', 'UNICODE': 'ä€\u2028\U0001f600',
       'SPACES': '  a\t', 'SIGNS': '*?[a] # ! ~ & ; | < > ( ) { } %s \\n'}


@pytest.mark.parametrize('shell', ['sh', 'bash', 'dash', 'busybox sh', 'bash --posix'])
def test_every_value_survives_the_file_in_any_shell(tmp_path, shell):
    program = shell.split()
    if not shutil.which(program[0]):
        pytest.skip(f'{program[0]} is not installed')
    (tmp_path / 'file').write_text(environment_file_text({**ODD, 'UID': '7', 'PPID': '8', 'LAST': 'x'}))
    seen = subprocess.run([*program, '-c', '. "$1" && env -0', 'x', str(tmp_path / 'file')], capture_output=True,
                          check=True, env={'PATH': '/usr/bin:/bin'}).stdout.decode()
    found = dict(item.split('=', 1) for item in seen.split('\0') if item)
    assert {name: found[name] for name in ODD} == ODD
    assert found['LAST'] == 'x'


@pytest.mark.parametrize('name, value', [('1A', ''), ('A-B', ''), ('A B', ''), ('', ''), ('A\n', ''), ('A;id', ''),
                                         ('A', '\0')])
def test_what_no_environment_can_hold_is_refused(name, value):
    with pytest.raises(ValueError):
        environment_file_text({name: value})


HOST = {'PATH': '/host/bin', 'HOME': '/home/me', 'TMPDIR': '/t', 'LD_LIBRARY_PATH': '/l', 'https_proxy': 'http://p:1',
        'XDG_RUNTIME_DIR': '/run/user/1', 'DOCKER_HOST': 'unix:///d', 'TOKEN': 's'}


def test_a_job_has_its_own_variables_and_of_the_host_only_the_proxies():
    assert job_variables({'A': 'b', 'HOME': '/mine'}, HOST, ()) == {
        'A': 'b', 'HOME': '/mine', 'https_proxy': 'http://p:1'}
    assert job_variables({'https_proxy': ''}, HOST, ()) == {'https_proxy': ''}


@pytest.mark.parametrize('gpus, given, seen', [
    ((2, 3), '2,3', '0,1'), ((), '', ''), ((2, 3), '3', '3'), ((0,), '0', '0')])
def test_a_container_counts_its_gpus_from_0_unless_the_job_says_which(gpus, given, seen):
    assert job_variables({'CUDA_VISIBLE_DEVICES': given}, {}, gpus) == {'CUDA_VISIBLE_DEVICES': seen}


def test_the_runtime_has_what_it_needs_of_the_host_and_nothing_of_the_job():
    assert client_variables(HOST) == {name: value for name, value in HOST.items()
                                      if name not in ('TOKEN', 'LD_LIBRARY_PATH')}
    assert client_variables({})['PATH']


def test_credentials_are_in_the_form_that_podman_and_docker_read():
    assert auth_text('nvcr.io', '$oauthtoken', 'p:w') == '{"auths": {"nvcr.io": {"auth": "JG9hdXRodG9rZW46cDp3"}}}'
    assert set(json.loads(auth_text('docker.io', 'u', 'p'))['auths']) == {
        'docker.io', 'https://index.docker.io/v1/'}
