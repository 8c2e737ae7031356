"""What Tab offers, asked of the installed az as a shell asks."""
from __future__ import annotations

import subprocess
from typing import Iterator

import pytest
from azext_batchai.arm.catalogue import LOCATIONS
from installed_az import AZ, Az
from rest import ACCOUNT, cluster, file_server, job, workspace

NFS = {'vmSize': 'Standard_D1', 'sshConfiguration': {'userAccountSettings': ACCOUNT},
       'dataDisks': {'diskSizeInGB': 10, 'diskCount': 1, 'storageAccountType': 'Standard_LRS'}}


def offered(az: Az, line: str) -> list[str]:
    """The words a shell would offer at the end of `line`. argcomplete writes them to descriptor 8."""
    done = subprocess.run(
        ['sh', '-c', f'exec "{AZ}" 8>&1 9>/dev/null >/dev/null 2>&1'], capture_output=True, text=True, timeout=60,
        cwd=az.folder, env={**az.environment, 'COMP_LINE': line, 'COMP_POINT': str(len(line)), 'COMP_TYPE': '9',
                            '_ARGCOMPLETE': '1', '_ARGCOMPLETE_IFS': '\n', '_ARGCOMPLETE_SUPPRESS_SPACE': '1',
                            '_ARGCOMPLETE_COMP_WORDBREAKS': ' '})
    return [word.rstrip() for word in done.stdout.splitlines()]


@pytest.fixture
def town(shared: Az) -> Iterator[Az]:
    """A service that has one of everything."""
    rest = shared.rest()
    for path, properties in (
            (workspace('demoGroup'), None), (f"{workspace('demoGroup')}/experiments/migrated", None),
            (file_server('demoNFS'), NFS),
            (cluster('demoCluster'), {'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
                                      'scaleSettings': {'manual': {'targetNodeCount': 1}}}),
            (job('demoJob'), {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
                              'cluster': {'id': cluster('demoCluster')},
                              'customToolkitSettings': {'commandLine': 'true'},
                              'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}]})):
        status, body = rest.call('PUT', path, {'properties': properties} if properties else {'location': 'eastus'})
        assert status in (200, 202), body
    rest.wait_for_job('demoJob')
    yield shared


def test_names_of_what_is_there_are_offered(town: Az) -> None:
    assert offered(town, 'az batchai cluster show -g ') == ['demogroup']
    assert offered(town, 'az batchai cluster show -g demoGroup -w ') == ['migrated-eastus']
    assert offered(town, 'az batchai cluster show -g demoGroup -n ') == ['demoCluster']
    assert offered(town, 'az batchai experiment show -g demoGroup -w migrated-eastus -n ') == ['migrated']
    assert offered(town, 'az batchai job file stream -g demoGroup -j d') == ['demoJob']
    assert offered(town, 'az batchai cluster create -g demoGroup --nfs ') == ['demoNFS']
    assert offered(town, 'az batchai job file list -g demoGroup -j demoJob -d ') == ['stdouterr', 'MODEL']
    assert 'stdout.txt' in offered(town, 'az batchai job file stream -g demoGroup -j demoJob -f ')
    node, = offered(town, 'az batchai cluster node exec -g demoGroup -c demoCluster -n ')
    assert offered(town, 'az batchai job node exec -g demoGroup -j demoJob -n ') == [node]


@pytest.mark.parametrize('line, words', [
    ('cluster create -s Standard_NC24r', ['Standard_NC24r', 'Standard_NC24rs_v2', 'Standard_NC24rs_v3']),
    ('cluster create -i ', ['UbuntuLTS', 'UbuntuDSVM']),
    ('workspace create -l ', list(LOCATIONS)),
    ('job fi', ['file']),
    ('cluster node ', ['list', 'exec']),
])
def test_published_words_are_offered_without_a_service(az: Az, line: str, words: list[str]) -> None:
    assert set(words) == {word for word in offered(az, f'az batchai {line}') if not word.startswith('-')}


def test_nothing_is_offered_or_said_when_no_service_answers(az: Az) -> None:
    assert offered(az, 'az batchai cluster show -g demoGroup -n ') == []
