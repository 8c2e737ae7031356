import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.payloads.images import image_reference


@pytest.mark.parametrize('image, parts', [
    ('UbuntuLTS', ('Canonical', 'UbuntuServer', '16.04-LTS', 'latest')),
    ('ubuntudsvm', ('microsoft-ads', 'linux-data-science-vm-ubuntu', 'linuxdsvmubuntu', 'latest')),
    ('a:b:c', ('a', 'b', 'c', 'latest')),
    ('a:b:c:1.0', ('a', 'b', 'c', '1.0')),
])
def test_image_is_understood(image, parts):
    assert image_reference(image) == dict(zip(('publisher', 'offer', 'sku', 'version'), parts))


@pytest.mark.parametrize('image', ['CentOS', 'a:b', 'a::c', 'a:b:c:d:e', ''])
def test_other_forms_are_refused_with_the_known_ones(image):
    with pytest.raises(InvalidArgumentValueError, match='UbuntuLTS, UbuntuDSVM or publisher:offer:sku'):
        image_reference(image)
