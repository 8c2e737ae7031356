"""What set-up tasks wrote can be listed and fetched, as long as the cluster is there."""
from pathlib import Path

import pytest
from harness import WORKSPACE, cluster_path, manual

OUTPUT = f'{cluster_path("c")}/listSetupTaskOutputFiles'
SHARE = {'azureFileShares': [{'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share',
                              'relativeMountPath': 'afs', 'credentials': {}}]}
PREFIXES = pytest.mark.parametrize('prefix', [
    pytest.param('$AZ_BATCHAI_MOUNT_ROOT/afs', id='on a share'),
    pytest.param('$AZ_BATCHAI_MOUNT_ROOT/own', id='on the disk of the node'),
    pytest.param('{tmp}/anywhere', id='on the machine')])


def make(harness, prefix='$AZ_BATCHAI_MOUNT_ROOT/afs', nodes=1, name='c'):
    harness.make_cluster(name, scaleSettings=manual(nodes), nodeSetup={
        'mountVolumes': SHARE, 'setupTask': {'commandLine': 'sleep', 'stdOutErrPathPrefix': prefix}})


def guid_of(harness, name):
    return harness.store.clusters.find(cluster_path(name).lower()).resource.guid


def tasks(harness):
    return [task for launch in harness.engine.launches.values() for task in launch.tasks]


def write(harness):
    """What each set-up task prints."""
    for task in tasks(harness):
        task.stdout.write_text(f'out of {task.node}')
        task.stderr.write_text('')


def listing(harness, **query):
    return harness.post(OUTPUT, params=query)


def found(harness, **query):
    response = listing(harness, **query)
    assert response.status_code == 200, response.text
    return response.json()['value']


@PREFIXES
def test_every_node_has_its_files_and_they_can_be_fetched(harness, tmp_path, prefix):
    make(harness, prefix.replace('{tmp}', str(tmp_path)), nodes=2)
    write(harness)
    nodes = [node.id for node in harness.store.clusters.nodes(guid_of(harness, 'c'))]
    files = found(harness)
    assert [entry['name'] for entry in files] == sorted(f'std{kind}-{node}.txt' for kind in ('out', 'err')
                                                        for node in nodes)
    assert {key for entry in files for key in entry} == {'name', 'fileType', 'downloadUrl', 'properties'}
    printed = [harness.get(entry['downloadUrl'], token=None).text for entry in files]
    assert printed == ['', '', *(f'out of {node}' for node in sorted(nodes))]


@PREFIXES
def test_it_is_there_when_the_nodes_are_gone_and_the_service_was_restarted(harness, tmp_path, prefix):
    make(harness, prefix.replace('{tmp}', str(tmp_path)))
    write(harness)
    launch, = harness.store.launches.live()
    harness.engine.end(launch.id, 0)
    harness.settle()
    harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(0)}})
    harness.settle()
    assert harness.counts() == {}
    harness.restart()
    assert [harness.get(entry['downloadUrl'], token=None).text[:6] for entry in found(harness)] == ['', 'out of']


def test_what_the_task_put_beside_is_listed_too(harness):
    make(harness)
    task, = tasks(harness)
    folder = Path(task.environment['AZ_BATCHAI_STDOUTERR_DIR'])
    (folder / 'sub').mkdir()
    (folder / 'sub' / 'versions.txt').write_text('1.0')
    assert {'name': 'sub', 'fileType': 'directory'} in found(harness)
    inner, = found(harness, directory='sub')
    assert (inner['name'], harness.get(inner['downloadUrl'], token=None).text) == ('versions.txt', '1.0')


def test_it_is_where_the_cluster_says(harness):
    make(harness)
    write(harness)
    suffix = harness.cluster()['nodeSetup']['setupTask']['stdOutErrPathSuffix']
    share = harness.data_dir / 'storage' / 'acct' / 'file' / 'share'
    assert len(list((share / suffix).glob('stdout-*.txt'))) == 1


def test_before_the_first_node_there_is_nothing(harness):
    make(harness, nodes=0)
    assert found(harness) == []
    assert listing(harness, directory='sub').json() == {'value': []}


def test_a_long_list_comes_in_pages(harness):
    make(harness, nodes=2)
    write(harness)
    names, address = [], f'{OUTPUT}?maxresults=3'
    while address:
        page = (harness.get if names else harness.post)(address).json()
        names += [entry['name'] for entry in page['value']]
        address = page.get('nextLink')
    assert names == [entry['name'] for entry in found(harness)] and len(names) == 4


def test_a_cluster_without_a_set_up_task_says_so(harness):
    harness.make_cluster()
    response = listing(harness)
    assert (response.status_code, response.json()['error']['code']) == (404, 'SetupTaskNotFound')
    assert 'The cluster c has no set-up task' in response.json()['error']['message']


@pytest.mark.parametrize('path, code', [
    (OUTPUT, 'ClusterNotFound'), (OUTPUT.replace('/w/', '/none/'), 'WorkspaceNotFound')])
def test_what_is_missing_is_named(harness, path, code):
    harness.put(WORKSPACE, {'location': 'eastus'})
    response = harness.post(path)
    assert (response.status_code, response.json()['error']['code']) == (404, code)


@pytest.mark.parametrize('query, status, target', [
    ({'directory': '..'}, 400, 'directory'), ({'directory': 'a/../../..'}, 400, 'directory'),
    ({'directory': 'leak'}, 400, 'directory'), ({'directory': 'none'}, 404, 'directory'),
    ({'linkexpiryinminutes': '4'}, 400, 'linkexpiryinminutes'), ({'maxresults': '0'}, 400, 'maxresults'),
])
def test_a_bad_parameter_is_refused(harness, query, status, target):
    make(harness)
    write(harness)
    task, = tasks(harness)
    (task.stdout.parent / 'leak').symlink_to(harness.data_dir)
    response = listing(harness, **query)
    assert (response.status_code, response.json()['error']['target']) == (status, target)


def test_links_serve_no_other_folder_and_no_other_cluster(harness):
    make(harness)
    make(harness, name='d')
    write(harness)
    address = found(harness)[0]['downloadUrl']
    other = guid_of(harness, 'd')
    mine = guid_of(harness, 'c')
    for tampered in (address.replace(mine, other), address.replace('/setuptask/', '/stdouterr/')):
        assert tampered != address
        assert harness.get(tampered, token=None).status_code == 403


@PREFIXES
def test_with_the_cluster_its_links_end_and_only_the_share_is_left(harness, tmp_path, prefix):
    make(harness, prefix.replace('{tmp}', str(tmp_path)))
    write(harness)
    address = found(harness)[0]['downloadUrl']
    file = tasks(harness)[0].stdout.resolve()
    harness.delete(cluster_path('c'))
    harness.settle()
    assert harness.get(address, token=None).status_code == 404
    assert file.exists() == ('own' not in prefix)
