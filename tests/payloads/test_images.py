import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.images import image_reference, virtual_machine_configuration

BASE = {'publisher': 'Canonical', 'offer': 'UbuntuServer', 'sku': '16.04-LTS', 'version': 'latest'}
CUSTOM = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/mine'


@pytest.mark.parametrize('image, parts', [
    ('UbuntuLTS', ('Canonical', 'UbuntuServer', '16.04-LTS', 'latest')),
    ('ubuntudsvm', ('microsoft-ads', 'linux-data-science-vm-ubuntu', 'linuxdsvmubuntu', 'latest')),
    ('a:b:c', ('a', 'b', 'c', 'latest')),
    ('a:b:c:1.0', ('a', 'b', 'c', '1.0')),
    ('a:b:c:', ('a', 'b', 'c', 'latest')),
])
def test_image_is_understood(image, parts):
    assert image_reference(image) == dict(zip(('publisher', 'offer', 'sku', 'version'), parts))


@pytest.mark.parametrize('image', ['CentOS', 'a:b', 'a::c', 'a:b:c:d:e', ':b:c:d', ':::', ''])
def test_other_forms_are_refused_with_the_known_ones(image):
    with pytest.raises(InvalidArgumentValueError, match='UbuntuLTS, UbuntuDSVM or publisher:offer:sku'):
        image_reference(image)


@pytest.mark.parametrize('image, configured', [
    ('UbuntuLTS', None), (None, {'imageReference': BASE}), ('UbuntuLTS', {'imageReference': {'publisher': 'x'}})],
    ids=['option', 'file', 'option before file'])
def test_custom_image_stands_beside_the_image_it_was_made_from(image, configured):
    assert virtual_machine_configuration(image, CUSTOM, configured) == {
        'imageReference': {**BASE, 'virtualMachineImageId': CUSTOM}}


def test_configuration_of_the_file_stays_without_options():
    configured = {'imageReference': {**BASE, 'virtualMachineImageId': CUSTOM}}
    assert virtual_machine_configuration(None, None, configured) == configured
    assert virtual_machine_configuration(None, None, None) is None


@pytest.mark.parametrize('configured', [None, {}, {'imageReference': {'publisher': 'x'}}])
def test_custom_image_needs_the_image_it_was_made_from(configured):
    with pytest.raises(RequiredArgumentMissingError, match='--custom-image needs --image/-i'):
        virtual_machine_configuration(None, CUSTOM, configured)


@pytest.mark.parametrize('text', ['mine', CUSTOM.replace('images', 'disks'), CUSTOM.replace('Compute', 'Network'),
                                  f'{CUSTOM}/versions/1', CUSTOM.lstrip('/'), ''])
def test_custom_image_that_is_no_image_id_is_refused(text):
    if text:
        with pytest.raises(InvalidArgumentValueError, match='--custom-image .*Microsoft.Compute/images/<image>'):
            virtual_machine_configuration('UbuntuLTS', text, None)
    with pytest.raises(InvalidArgumentValueError, match='virtualMachineImageId of the config file'):
        virtual_machine_configuration(None, None, {'imageReference': {**BASE, 'virtualMachineImageId': text or 'x'}})
