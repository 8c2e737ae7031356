"""Clients as they were published, each a process with packages of its own, against the real service.

The older Python packages are installed beside the newest msrest they work with; see PINS.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from package_environments import node_with, python_with
from running_service import RunningService

SCRIPTS = Path(__file__).resolve().parent / 'scripts'
PINS = {
    '0.2.0': ('azure-mgmt-batchai==0.2.0', 'msrest==0.7.1', 'msrestazure==0.4.34'),
    '1.0.1': ('azure-mgmt-batchai==1.0.1', 'msrest==0.7.1', 'msrestazure==0.6.4.post1'),
    '2.0.0': ('azure-mgmt-batchai==2.0.0', 'msrest==0.7.1', 'msrestazure==0.6.4.post1'),
    '7.0.0': ('azure-mgmt-batchai==7.0.0', 'msrest==0.7.1'),  # which it imports and does not declare
}
# Making an environment takes longer than any test should.
pytestmark = pytest.mark.timeout(420)


def check_what_every_client_saw(told: dict[str, Any]) -> None:
    assert told['nodes'] == [True]
    assert told['file servers'] == ['server']
    assert told['outputs'] == {'model.txt': 'weights\n'}
    assert told['logs']['stdout.txt'] == 'to-stdout\n' and told['logs']['stderr.txt'] == 'to-stderr\n'
    assert told['job'][:3] == ['succeeded', 0, 'custom']
    assert told['terminated'] == ['JobTerminated']
    assert told['jobs'] == ['first', 'second']
    assert told['operations']


def check_workspaces(told: dict[str, Any]) -> None:
    check_what_every_client_saw(told)
    assert set(told['logs']) == {'stdout.txt', 'stderr.txt', 'execution.log'}
    assert told['workspace'] == ['space', 'eastus', 'succeeded']
    assert told['experiment'] == 'Microsoft.BatchAI/workspaces/experiments'
    assert told['cluster'] == ['nodes', 'STANDARD_D1', 'dedicated', 'succeeded']
    assert told['file server'] == ['server', 10, 'none']
    assert told['job'][3:] == ['normal', ['b'], [None]]
    assert told['resized to'] == 0
    assert told['usages'] == ['Clusters']
    assert told['gone'] == [[404, 'WorkspaceNotFound'], [404, 'WorkspaceNotFound']]


def check_flat(told: dict[str, Any]) -> None:
    check_what_every_client_saw(told)
    assert told['cluster'] == ['nodes', 'Microsoft.BatchAI/Clusters', 'eastus', {'kind': 'small'}, 'STANDARD_D1',
                               'succeeded']
    assert told['file server'] == ['server', 'eastus', 10]
    assert told['job'][3:] == [7, 'free text', {'made': 'by hand'}, ['b'], [['model', True]]]
    assert told['jobs of the subscription'] == ['first', 'second']
    assert told['resized to'] == [0, {'kind': 'none'}]
    assert told['gone'] == [[404, 'ClusterNotFound'], [404, 'JobNotFound']]


@pytest.mark.parametrize('release', ['2.0.0', '7.0.0'])
def test_python_packages_of_2018_05_go_from_workspace_to_files_and_delete_all(
        service: RunningService, tmp_path: Path, release: str) -> None:
    python = python_with(*PINS[release])
    check_workspaces(service.run([str(python), str(SCRIPTS / 'workspaces.py')], f'py-{release}', tmp_path))


@pytest.mark.parametrize('release', ['0.2.0', '1.0.1'])
def test_python_packages_of_the_flat_versions_go_from_cluster_to_files_and_delete_all(
        service: RunningService, tmp_path: Path, release: str) -> None:
    python = python_with(*PINS[release])
    check_flat(service.run([str(python), str(SCRIPTS / 'flat.py')], f'py-{release}', tmp_path))


def test_the_node_package_goes_from_workspace_to_files_and_deletes_all(
        service: RunningService, tmp_path: Path) -> None:
    """azure-arm-batchai, or what took its place where the registry has it no more."""
    package, folder = node_with('azure-arm-batchai', '@azure/arm-batchai')
    told = service.run(['node', str(SCRIPTS / 'workspaces.js'), package, str(folder)],
                       package.replace('/', '-').replace('@', ''), tmp_path)
    assert told['api'] == '2018-05-01'
    check_workspaces(told)
