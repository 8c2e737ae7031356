"""Every example of the help texts, run as printed, in the order below, with what it needs prepared."""
from __future__ import annotations

import re
import socket
from typing import Any, Callable

import azext_batchai._help  # noqa: F401  (fills the table of help texts)
import pytest
import yaml
from installed_az import Az
from knack.help_files import helps
from rest import ACCOUNT, Rest, cluster, file_server, job, workspace

GROUP = 'MyResourceGroup'
EXAMPLES = [(command, example['text'].strip()) for command, text in helps.items() if command.startswith('batchai ')
            for example in yaml.safe_load(text).get('examples', [])]


def parents(rest: Rest, group: str = GROUP) -> None:
    rest.call('PUT', workspace(group), {'location': 'eastus'})
    rest.call('PUT', f'{workspace(group)}/experiments/migrated')


def a_cluster(rest: Rest, group: str = GROUP) -> None:
    parents(rest, group)
    status, body = rest.call('PUT', cluster('MyCluster', group), {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'scaleSettings': {'manual': {'targetNodeCount': 1}}}})
    assert status == 202, body


def a_job(rest: Rest) -> None:
    a_cluster(rest)
    status, body = rest.call('PUT', job('MyJob', GROUP), {'properties': {**JOB, 'cluster': {
        'id': cluster('MyCluster', GROUP)}}})
    assert status == 202, body


def a_workspace(rest: Rest) -> None:
    named = workspace(GROUP, 'MyWorkspace')
    rest.call('PUT', named, {'location': 'eastus'})
    rest.call('PUT', f'{named}/experiments/MyExperiment')
    status, body = rest.call('PUT', f'{named}/clusters/MyCluster', {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'scaleSettings': {'manual': {'targetNodeCount': 1}}}})
    assert status == 202, body


def a_file_server(rest: Rest) -> None:
    parents(rest)
    status, body = rest.call('PUT', file_server('MyNFS', GROUP), NFS)
    assert status == 202, body


JOB: dict[str, Any] = {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
                       'customToolkitSettings': {'commandLine': 'echo hello'},
                       'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}]}
NFS = {'properties': {'vmSize': 'Standard_D1', 'sshConfiguration': {'userAccountSettings': ACCOUNT},
                      'dataDisks': {'diskSizeInGB': 10, 'diskCount': 1, 'storageAccountType': 'Standard_LRS'}}}


def needs(line: str) -> list[Callable[[Rest], None]]:
    """What has to be there for an example to work."""
    words = line.split()
    noun, verb = words[2], words[3]
    if noun == 'job' and verb == 'create':
        if '-w' in words:
            return [a_workspace]
        if '--cluster-resource-group' in words:
            return [lambda rest: a_cluster(rest, 'MyClusterGroup')]
        return [a_cluster]
    if noun == 'cluster' and verb == 'create':
        return [lambda rest: rest.call('PUT', workspace(GROUP, 'MyWorkspace'), {'location': 'eastus'}) and None] \
            if '-w' in words else []
    if noun == 'service' or verb == 'create':
        return []
    return {'cluster': [a_cluster], 'job': [a_job], 'file-server': [a_file_server]}[noun]


@pytest.mark.parametrize('line', [line for command, line in EXAMPLES if not command.startswith('batchai service')])
def test_the_example_works_as_printed(shared: Az, line: str) -> None:
    rest = shared.rest()
    shared.write('cluster.json', {'properties': {'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
                                                 'scaleSettings': {'manual': {'targetNodeCount': 0}}}})
    shared.write('job.json', {'properties': JOB})
    shared.write('nfs.json', NFS)
    for prepare in needs(line):
        prepare(rest)
    result = shared.ok(line.removeprefix('az '))
    assert result.out or ' -y' in line


@pytest.mark.parametrize('command', sorted({command for command, _ in EXAMPLES}))
def test_help_explains_every_option(az: Az, command: str) -> None:
    shown = az.ok(f'{command} -h').out
    options = re.findall(r'^    (--?[a-z][^:]*?) +(?:\[Required\] )?:(.*)$', shown, re.MULTILINE)
    assert {'--help -h', '--output -o'} < {name for name, _ in options}
    assert [name for name, text in options if not text.strip()] == []


def test_the_examples_of_the_service_work_in_turn(az: Az) -> None:
    lines = [line for command, line in EXAMPLES if command.startswith('batchai service')]
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    az.ok('batchai service start -o none')
    for line in lines:
        if '--port' in line:  # 8443 may be taken on this machine
            az.ok('batchai service stop')
            line = line.replace('8443', str(port))
        if line.endswith('--follow'):
            line = 'batchai service logs | grep listens'
        if line.endswith(('stop', 'reset -y')):
            az.ok('batchai service start -o none')
        az.ok(line.removeprefix('az '))
    assert az.ok('batchai service show --query state -o tsv').out == 'stopped\n'
