"""The published packages for Blob Storage against the real service."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from file_account import connection_string
from package_environments import python_with
from running_service import RunningService

SCRIPTS = Path(__file__).resolve().parent / 'scripts'
SIZES = (0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1)
# Making an environment takes longer than any test should.
pytestmark = pytest.mark.timeout(420)


def run(service: RunningService, work: Path, container: str, script: str, *packages: str, **more: str
        ) -> dict[str, Any]:
    python = python_with(*packages)
    return service.run([str(python), str(SCRIPTS / script)], 'blobs', work, BLOB_CONTAINER=container,
                       BLOB_CONNECTION=connection_string(service.state, 'blobsaccount'), **more)


@pytest.mark.parametrize(('release', 'large'), [('12.19.1', ''), ('12.31.1', 'yes')])
def test_azure_storage_blob_12_does_all_that_is_not_refused(
        service: RunningService, tmp_path: Path, release: str, large: str) -> None:
    name = f"new-{release.replace('.', '-')}"
    told = run(service, tmp_path, name, 'blob_12.py', f'azure-storage-blob=={release}', 'requests', BLOB_LARGE=large)
    assert told['container'] == [False, True, {'made': 'here'}, 'ContainerAlreadyExists', 'ContainerNotFound']
    assert told['listed'] == [[name, {'now': 'this'}]] and told['service'] == [False, 'Standard_LRS', False]
    for size in SIZES:
        assert told[f'size {size}'] == [True, True, True, size, {'size': str(size)}, 'text/plain', 'no-cache', True,
                                        'BlockBlob'], size
    assert told['blocks'] == [1 << 20] * 4 + [1] and told['ranges'] == [True, True, 'InvalidRange']
    assert told['odd'] == [[True, True]] * 9 and told['folders'] == ['blocks/', 'sizes/', 'ä→日/']
    assert told['said'] == [{'k': 'v'}, 'text/css', 'de', True, 1]
    assert told['conditions'] == ['BlobAlreadyExists', 'ConditionNotMet', 'ConditionNotMet', 'x']
    assert told['append'] == ['0', 2, 'AppendPositionConditionNotMet', 'MaxBlobSizeConditionNotMet', 'one two']
    assert told['copy'] == ['success', 'success', True, 'one two']
    assert (told['from an address'], told['a part from an address']) == ('x', 'two')
    assert told['missing'] == ['BlobNotFound', 'BlobNotFound', False]
    assert told['in the way'] == ['ResourceTypeMismatch'] * 2 and told['refused'] == ['FeatureNotSupported'] * 5
    assert told['deleted together'] == [202, 202, 404, 202]
    assert told['many'] == [True, True] and told['concurrent'] is True
    check_links(told)
    assert told.get('large') == ([300 << 20, True] if large else None)
    assert told['deleted'] == ['ContainerNotFound', True]


def check_links(told: dict[str, Any]) -> None:
    links = told['links']
    assert [links.pop(name) for name in ('good', 'of the container', 'of a policy', 'of the account')] == [None] * 4
    assert links.pop('for another permission') == 'AuthorizationPermissionMismatch'
    assert links.pop('from elsewhere') == 'AuthorizationSourceIPMismatch'
    assert set(links.values()) == {'AuthenticationFailed'}, links
    assert told['wrong key'] == 'AuthenticationFailed' and told['no key'] == 'NoAuthenticationInformation'


def test_azure_storage_blob_2_1(service: RunningService, tmp_path: Path) -> None:
    told = run(service, tmp_path, 'old', 'blob_2_1.py', 'azure-storage-blob==2.1.0')
    assert told['container'] == [False, True, False, True, {'made': 'here'}, ['old'], 'Standard_LRS', False]
    for size in SIZES:
        seen = [True, size, {'size': str(size)}, 'text/plain', 'BlockBlob'] + [True] * (size > 0)
        assert told[f'size {size}'] == seen, size
    assert told['range'] is True
    assert told['blocks'] == [True, [1 << 20] * 3 + [5]] and told['own blocks'] == [['a1', 'a2'], 'twoone']
    sizes = sorted(f'a b/{size}+%.bin' for size in SIZES)
    assert told['listed'] == [[*sizes, 'blocks', 'own'], ['a b/', 'blocks', 'own'], ['own']]
    assert told['copy'] == 'success' and told['append'] == 'one two'
    assert told['batch'] == [True, False] and told['policies'] == ['read']
    assert told['links'] == {'blob': None, 'container': None, 'policy': None,
                             'expired': [403, 'AuthenticationFailed'], 'other': [403, 'AuthenticationFailed']}
    assert told['deleted through a link to read'] == [403, 'AuthorizationPermissionMismatch']
    assert told['deleted'] == [False, True, False, [404, 'ContainerNotFound']]
