import pytest

from azext_batchai.arm.vm_sizes import canonical_size, is_cluster_size


@pytest.mark.parametrize('size, shown', [
    ('Standard_NC6', 'STANDARD_NC6'), ('standard_nc24R', 'STANDARD_NC24r'), ('standard_xyz9_v7', 'STANDARD_XYZ9_v7'),
    ('Standard_A0', None), ('NC6', None), ('Standard_', None), ('Standard_NC6\n', None), ('', None)])
def test_size_has_one_spelling(size, shown):
    assert canonical_size(size) == shown


@pytest.mark.parametrize('size, fits', [
    ('Standard_DS2_v2', False), ('STANDARD_GS1', False), ('Standard_D2s_v3', True), ('Standard_NC6', True)])
def test_sizes_with_premium_disks_are_not_for_clusters(size, fits):
    assert is_cluster_size(size) is fits
