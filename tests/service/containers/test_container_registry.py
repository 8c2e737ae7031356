"""Pulling from a private registry, with podman as its client."""
import pytest
from registry_server import RegistryServer

from azext_batchai.service.containers.registry import AUTH_FILE, auth_text

USER, PASSWORD = '$oauthtoken', 'S3CRET:with "signs" $x'
NAME = 'team/net'


@pytest.fixture
def registry(image_tar):
    server = RegistryServer(image_tar.read_bytes(), NAME, USER, PASSWORD)
    yield server
    server.close()


def write_auth(folder, registry, password):
    folder.mkdir(mode=0o700)
    (folder / AUTH_FILE).write_text(auth_text(registry.address, USER, password))


@pytest.mark.parametrize('qualified', [True, False], ids=['a full name', 'a name without its registry'])
def test_an_image_of_a_private_registry_is_pulled_with_the_password_once(containers, registry, tmp_path, qualified):
    write_auth(tmp_path / 'auth', registry, PASSWORD)
    image = f'{registry.address}/{NAME}:1' if qualified else f'{NAME}:1'
    given = {'image': image, 'registry': {'serverUrl': f'http://{registry.address}'}, 'auth_folder': tmp_path / 'auth'}
    ended = containers.start(**given)
    assert ended.returncode == 0, ended.stderr
    assert containers.run('echo pulled')[1] == 'pulled\n'
    assert f'/v2/{NAME}/manifests/1' in registry.asked
    registry.asked.clear()
    assert containers.start(**given).returncode == 0
    assert not registry.asked


@pytest.mark.parametrize('password', ['wrong', None])
def test_without_the_right_password_there_is_no_container(containers, registry, tmp_path, password):
    if password:
        write_auth(tmp_path / 'auth', registry, password)
    ended = containers.start(image=f'{NAME}:2', registry={'serverUrl': f'http://{registry.address}'},
                             auth_folder=tmp_path / 'auth' if password else None)
    assert ended.returncode == 125 and 'unauthorized' in ended.stderr.lower() and not registry.asked
    assert password is None or password not in ended.stderr
    assert containers.names() == []


def test_an_image_that_is_not_there_is_complained_of_by_the_runtime(containers, registry, tmp_path):
    write_auth(tmp_path / 'auth', registry, PASSWORD)
    ended = containers.start(image='team/other:1', registry={'serverUrl': f'http://{registry.address}'},
                             auth_folder=tmp_path / 'auth')
    assert ended.returncode == 125 and 'manifest unknown' in ended.stderr and 'team/other' in ended.stderr
    assert PASSWORD not in ended.stderr
    assert containers.names() == []
