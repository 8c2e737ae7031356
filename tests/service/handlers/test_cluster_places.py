"""Subnets and images: they make no difference on one machine, and are checked and shown as if they did."""
import pytest
from harness import cluster_body, cluster_path, file_server_body, file_server_path

NETWORK = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets'
IMAGE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/mine'
BASE = {'publisher': 'Canonical', 'offer': 'UbuntuServer', 'sku': '16.04-LTS'}


@pytest.fixture
def servers(harness):
    """File servers one and two in subnets of these names, and one in none."""
    harness.make_workspace()
    for name in ('one', 'two'):
        harness.put(file_server_path(name), file_server_body(subnet={'id': f'{NETWORK}/{name}'}))
    harness.put(file_server_path('none'), file_server_body())
    return harness


def put(harness, *mounted, **properties):
    volumes = {'fileServers': [{'fileServer': {'id': file_server_path(name)}, 'relativeMountPath': name}
                               for name in mounted]}
    return harness.put(cluster_path('c'), cluster_body(nodeSetup={'mountVolumes': volumes}, **properties))


@pytest.mark.parametrize('mounted, given, shown', [
    (['one'], None, f'{NETWORK}/one'), (['one'], f'{NETWORK.upper()}/ONE', f'{NETWORK.upper()}/ONE'),
    (['none'], None, None), (['none'], f'{NETWORK}/x', f'{NETWORK}/x'), (['none', 'one'], None, f'{NETWORK}/one')])
def test_a_cluster_is_in_the_subnet_of_its_file_server(servers, mounted, given, shown):
    assert put(servers, *mounted, subnet={'id': given} if given else None).status_code == 202
    properties = servers.get(cluster_path('c')).json()['properties']
    assert properties.get('subnet') == ({'id': shown} if shown else None)
    assert put(servers, *mounted, subnet={'id': given} if given else None).status_code == 202


@pytest.mark.parametrize('mounted, given', [(['one'], f'{NETWORK}/two'), (['one', 'two'], None)])
def test_two_subnets_are_refused(servers, mounted, given):
    refused = put(servers, *mounted, subnet={'id': given} if given else None)
    assert (refused.status_code, refused.json()['error']['target']) == (400, 'properties.subnet.id')
    assert servers.get(cluster_path('c')).status_code == 404


def test_an_image_of_ones_own_is_shown_as_it_was_sent(servers):
    reference = {**BASE, 'virtualMachineImageId': IMAGE}
    put(servers, virtualMachineConfiguration={'imageReference': reference})
    shown = servers.get(cluster_path('c')).json()['properties']['virtualMachineConfiguration']['imageReference']
    assert shown == {**reference, 'version': 'latest'}


@pytest.mark.parametrize('image', ['mine', IMAGE.replace('images', 'disks'), f'{IMAGE}/versions/1'])
def test_an_image_that_is_none_is_refused(servers, image):
    refused = put(servers, virtualMachineConfiguration={'imageReference': {**BASE, 'virtualMachineImageId': image}})
    assert refused.status_code == 400
    assert refused.json()['error']['target'].endswith('imageReference.virtualMachineImageId')
