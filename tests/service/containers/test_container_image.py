import pytest

from azext_batchai.service.containers.image import check_image, read_image, shm_bytes


@pytest.mark.parametrize('image, server, full', [
    ('ubuntu', '', 'docker.io/library/ubuntu'),
    ('ubuntu:22.04', '', 'docker.io/library/ubuntu:22.04'),
    ('pytorch/pytorch', '', 'docker.io/pytorch/pytorch'),
    ('docker.io/ubuntu', '', 'docker.io/library/ubuntu'),
    ('index.docker.io/library/ubuntu', '', 'docker.io/library/ubuntu'),
    ('ubuntu', 'https://index.docker.io/v1/', 'docker.io/library/ubuntu'),
    ('team/private:1', 'docker.io', 'docker.io/team/private:1'),
    ('mcr.microsoft.com/cntk/release', '', 'mcr.microsoft.com/cntk/release'),
    ('localhost/mine:1', '', 'localhost/mine:1'),
    ('acct.azurecr.io/net:1', 'acct.azurecr.io', 'acct.azurecr.io/net:1'),
    ('acct.azurecr.io/net:1', 'https://ACCT.azurecr.io/', 'acct.azurecr.io/net:1'),
    ('net:1', 'acct.azurecr.io', 'acct.azurecr.io/net:1'),
    ('nvidia/tensorflow:18.04-py3', 'nvcr.io', 'nvcr.io/nvidia/tensorflow:18.04-py3'),
    ('net@sha256:abc', 'https://10.0.0.1:5000/v2', '10.0.0.1:5000/net@sha256:abc'),
    ('net', 'https://registry.example.com/group', 'registry.example.com/group/net'),
    ('other.example.com/net', 'acct.azurecr.io', 'other.example.com/net'),
    ('net', '[::1]:5000', '[::1]:5000/net'),
])
def test_an_image_is_pulled_by_its_full_name(image, server, full):
    assert read_image({'image': image, 'serverUrl': server}).full == full


def test_the_registry_of_credentials_is_the_server_of_the_settings():
    image = read_image({'image': 'net', 'serverUrl': 'http://registry.example.com:5000'})
    assert (image.server, image.plain_http) == ('registry.example.com:5000', True)
    assert read_image({'image': 'net', 'serverUrl': 'registry.example.com'}).plain_http is False
    assert read_image({'image': 'net'}).server == 'docker.io'


@pytest.mark.parametrize('image, server, local', [
    ('mine', '', 'localhost/mine'), ('me/mine:1', '', 'localhost/me/mine:1'), ('r.example.com/mine', '', ''),
    ('mine', 'r.example.com', ''), ('mine', 'docker.io', '')])
def test_only_an_image_without_any_registry_may_be_one_made_here(image, server, local):
    assert read_image({'image': image, 'serverUrl': server}).local == local


@pytest.mark.parametrize('name', ['-v', '--privileged', '', ' ', 'a b', 'a\nb', 'a;b', '$(id)', 'https://r/x'])
def test_what_is_no_name_is_no_image(name):
    with pytest.raises(ValueError):
        check_image(name)


@pytest.mark.parametrize('server', ['ftp://r', 'r/../x', '-r', 'a b', 'r?x', 'https://', 'r:port', 'u:S3CRET@r'])
def test_a_server_has_the_form_of_a_registry_and_no_password_is_repeated(server):
    with pytest.raises(ValueError) as refused:
        read_image({'image': 'net', 'serverUrl': server})
    assert 'S3CRET' not in str(refused.value)


@pytest.mark.parametrize('size, amount', [
    ('16gb', 16 << 30), ('512m', 512 << 20), ('64k', 64 << 10), ('67108864', 64 << 20), ('100b', 100),
    ('1.5g', 3 << 29),
    ('2GiB', 2 << 30), ('8 gb', 8 << 30), ('1t', 1 << 40),
])
def test_shared_memory_is_given_as_docker_writes_sizes(size, amount):
    assert shm_bytes(size) == amount


@pytest.mark.parametrize('size', [
    '', '0', '-1', 'gb', 'much', '1x', '1gbb', '1 2', '0.0001b', '1e3', '+1', '16 gb ', '\uff11'])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match='is not a size of memory'):
        shm_bytes(size)
