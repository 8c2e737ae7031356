import pytest

from azext_batchai.arm.catalogue import VM_SIZES
from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers.vm_sizes import cluster_size, file_server_size


@pytest.mark.parametrize('size', VM_SIZES)
def test_a_size_is_shown_in_one_spelling_however_it_is_given(size):
    shown = f"STANDARD_{size.removeprefix('Standard_')}"
    assert {cluster_size(spelled) for spelled in (size, size.lower(), size.upper(), shown)} == {shown}


@pytest.mark.parametrize('given, shown', [('standard_xyz9', 'STANDARD_XYZ9'), ('Standard_D2s_v3', 'STANDARD_D2s_v3')])
def test_a_size_of_later_days_is_taken(given, shown):
    assert cluster_size(given) == file_server_size(given) == shown


@pytest.mark.parametrize('size', ['Standard_A0', 'STANDARD_DS2', 'standard_ds2_v2', 'Standard_GS1', 'large', '', 'D1',
                                  'Standard_', 'Basic_A1', 'Standard_D1\n', 'Standard_D²'])
def test_a_size_that_clusters_never_had_is_answered_with_those_there_are(size):
    with pytest.raises(ArmError) as refusal:
        cluster_size(size)
    error = refusal.value.body()['error']
    assert (error['code'], error['target']) == ('InvalidPropertyValue', 'properties.vmSize')
    assert 'Cluster.Properties.VMSize is not a supported VM size' in error['message']
    assert [detail['code'] for detail in error['details']] == ['SupportedVMSizes']
    sizes = error['details'][0]['message'].split(',')
    assert 'STANDARD_NC24R' in sizes and len(sizes) == len(VM_SIZES) and all(size == size.upper() for size in sizes)


def test_a_file_server_may_have_a_size_with_premium_disks():
    assert file_server_size('standard_ds14') == 'STANDARD_DS14'
    with pytest.raises(ArmError, match='FileServer.Properties.VMSize'):
        file_server_size('Standard_A0')
