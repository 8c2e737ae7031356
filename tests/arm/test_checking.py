import copy

import pytest

from azext_batchai.arm.checking import ShapeError, check, nearest_hint

JOB = {'properties': {'cluster': {'id': '/c'}, 'nodeCount': 1, 'stdOutErrPathPrefix': '/p',
                      'customToolkitSettings': {'commandLine': 'true'}}}
CLUSTER = {'properties': {'vmSize': 'STANDARD_D1', 'userAccountSettings': {'adminUserName': 'me'}}}


def job(**properties):
    return {'properties': {**JOB['properties'], **properties}}


def cluster(**properties):
    return {'properties': {**CLUSTER['properties'], **properties}}


def share(**more):
    return {'mountVolumes': {'azureFileShares': [{
        'accountName': 'a', 'azureFileUrl': 'https://a.file.core.windows.net/s', 'credentials': {},
        'relativeMountPath': 'afs', **more}]}}


@pytest.mark.parametrize('shape, body', [('JOB', JOB), ('CLUSTER', CLUSTER), ('WORKSPACE', {'location': 'eastus'})])
def test_a_good_body_comes_back_as_it_was(shape, body):
    assert check(shape, body) == body


@pytest.mark.parametrize('shape, body, path, said', [
    pytest.param('JOB', job(nodeCout=1), 'properties.nodeCout', "did you mean 'nodeCount'?", id='misspelled'),
    pytest.param('JOB', job(NODECOUNT=2), 'properties.NODECOUNT', "did you mean 'nodeCount'?", id='wrong case'),
    pytest.param('JOB', job(zebra=1), 'properties.zebra', 'is not a known key; known here: caffe2Settings',
                 id='nothing near'),
    pytest.param('JOB', job(executionStat='x'), 'properties.executionStat', 'is not a known key; known here:',
                 id='near a read-only key'),
    pytest.param('JOB', {**JOB, 'extra': 1}, 'extra', 'is not a known key', id='at the top'),
    pytest.param('JOB', job(environmentVariables=[{'name': 'A', 'value': 'x', 'val': 1}]),
                 'properties.environmentVariables[0].val', "did you mean 'value'?", id='inside a list'),
    pytest.param('JOB', job(nodeCount='2'), 'properties.nodeCount', "should be a whole number, but is the text '2'",
                 id='text for a number'),
    pytest.param('JOB', job(nodeCount=True), 'properties.nodeCount', 'should be a whole number, but is true',
                 id='true for a number'),
    pytest.param('JOB', job(nodeCount=1.5), 'properties.nodeCount', 'should be a whole number, but is the number 1.5',
                 id='fraction'),
    pytest.param('JOB', job(nodeCount=0), 'properties.nodeCount', 'should be at least 1, but is 0', id='too small'),
    pytest.param('JOB', job(nodeCount=2**31), 'properties.nodeCount', 'should be at most 2147483647', id='too large'),
    pytest.param('JOB', job(stdOutErrPathPrefix=['/p']), 'properties.stdOutErrPathPrefix',
                 'should be a string, but is a list', id='list for text'),
    pytest.param('JOB', job(stdOutErrPathPrefix=''), 'properties.stdOutErrPathPrefix', 'must not be empty', id='empty'),
    pytest.param('JOB', job(cluster='c'), 'properties.cluster', "should be an object {...}, but is the text 'c'",
                 id='text for an object'),
    pytest.param('JOB', job(secrets={}), 'properties.secrets', 'should be a list [...], but is an object',
                 id='object for a list'),
    pytest.param('JOB', job(schedulingPriority='urgent'), 'properties.schedulingPriority',
                 'should be one of low, normal, high', id='enumeration'),
    pytest.param('JOB', job(environmentVariables=[{'name': 'A', 'value': 'x'}, {'name': '1A', 'value': 'x'}]),
                 'properties.environmentVariables[1].name', 'should be letters, digits and _', id='pattern'),
    pytest.param('JOB', job(outputDirectories=[{'id': 'a-b', 'pathPrefix': '/x'}]),
                 'properties.outputDirectories[0].id', 'becomes part of a variable name', id='directory id'),
    pytest.param('JOB', job(outputDirectories=[{'id': 'A', 'pathPrefix': '/x', 'pathSuffix': 'a/../../b'}]),
                 'properties.outputDirectories[0].pathSuffix', 'without ..', id='suffix that climbs'),
    pytest.param('JOB', {'properties': {'nodeCount': 1, 'stdOutErrPathPrefix': '/p'}}, 'properties.cluster',
                 'is required', id='missing'),
    pytest.param('JOB', {'properties': None}, 'properties', 'is required', id='null for a required key'),
    pytest.param('JOB', {}, 'properties', 'is required', id='nothing'),
    pytest.param('JOB', [], '', 'should be an object {...}, but is a list', id='list for the body'),
    pytest.param('JOB', 'x' * 100, '', "but is the text 'xxxxx", id='text for the body'),
    pytest.param('JOB', None, '', 'should be an object {...}, but is null', id='null for the body'),
    pytest.param('CLUSTER', cluster(nodeSetup=share(relativeMountPath='../x')),
                 'properties.nodeSetup.mountVolumes.azureFileShares[0].relativeMountPath',
                 'should be a path below the mount root', id='mount path that climbs'),
    pytest.param('CLUSTER', cluster(nodeSetup=share(relativeMountPath='/x')),
                 'properties.nodeSetup.mountVolumes.azureFileShares[0].relativeMountPath',
                 'should be a path below the mount root', id='absolute mount path'),
    pytest.param('CLUSTER', cluster(nodeSetup=share(relativeMountPath='a\x00b')),
                 'properties.nodeSetup.mountVolumes.azureFileShares[0].relativeMountPath',
                 'should be a path below the mount root', id='NUL in a mount path'),
    pytest.param('WORKSPACE', {'location': 'eastus', 'tags': {'a': 1}}, 'tags.a', 'should be a string', id='tag'),
])
def test_the_first_thing_wrong_is_named_with_its_json_path(shape, body, path, said):
    with pytest.raises(ShapeError) as caught:
        check(shape, body)
    assert caught.value.path == path
    assert said in caught.value.problem
    assert str(caught.value) == (f'{path}: {caught.value.problem}' if path else caught.value.problem)


def test_nulls_count_as_absent_at_every_depth():
    body = job(mountVolumes=None, environmentVariables=[{'name': 'A', 'value': 'x'}],
               outputDirectories=[{'id': 'M', 'pathPrefix': '/x', 'pathSuffix': None}])
    assert check('JOB', body) == job(environmentVariables=[{'name': 'A', 'value': 'x'}],
                                     outputDirectories=[{'id': 'M', 'pathPrefix': '/x'}])


def test_a_body_read_from_the_service_can_be_sent_back():
    body = job(executionState='running', toolType='custom', executionInfo={'exitCode': 0}, creationTime=5)
    read = {'id': '/x', 'name': 'j', 'type': 't', **body}
    assert check('JOB', read) == JOB


@pytest.mark.parametrize('given, stored', [('HIGH', 'high'), ('Normal', 'normal'), ('low', 'low')])
def test_enumerations_take_any_case_and_are_stored_as_published(given, stored):
    assert check('JOB', job(schedulingPriority=given))['properties']['schedulingPriority'] == stored


def test_the_case_of_storage_account_types_is_the_published_one():
    body = {'properties': {'vmSize': 'S', 'sshConfiguration': {'userAccountSettings': {'adminUserName': 'a'}},
                           'dataDisks': {'diskSizeInGB': 1, 'diskCount': 1, 'storageAccountType': 'STANDARD_lrs'}}}
    assert check('FILE_SERVER', body)['properties']['dataDisks']['storageAccountType'] == 'Standard_LRS'


def test_the_body_given_stays_as_it_was():
    body = job(mountVolumes=None, schedulingPriority='HIGH', toolType='x',
               outputDirectories=[{'id': 'M', 'pathPrefix': '/x', 'pathSuffix': None}])
    before = copy.deepcopy(body)
    check('JOB', body)
    assert body == before


@pytest.mark.parametrize('shape, body, path', [
    ('CLUSTER', cluster(scaleSettings={'manual': {'targetNodeCount': 2.0}}),
     'properties.scaleSettings.manual.targetNodeCount'),
    ('JOB', job(nodeCount=2.0), 'properties.nodeCount'),
])
def test_a_whole_number_written_with_a_point_never_reaches_the_service_as_a_float(shape, body, path):
    """JSON knows no difference between 2 and 2.0, but ``range(2.0)`` fails."""
    try:
        kept = check(shape, body)
    except ShapeError as refused:
        assert refused.path == path
        return
    for key in path.split('.'):
        kept = kept[key]
    assert (kept, type(kept)) == (2, int)


@pytest.mark.parametrize('word, known, hint', [
    ('nodecount', ['nodeCount', 'cluster'], "; did you mean 'nodeCount'?"),
    ('xyz', ['b', 'a'], '; known here: a, b'),
    ('xyz', [], ''),
])
def test_the_hint_names_the_nearest_word_or_all_of_them(word, known, hint):
    assert nearest_hint(word, known) == hint


@pytest.mark.parametrize('path', ['x\n/../../y', '../y', 'a/../b', '..', '/a', 'a\tb', 'a\x7fb', ''])
def test_a_relative_mount_path_cannot_climb_or_hide(path):
    volumes = {'unmanagedFileSystems': [{'mountCommand': 'true', 'relativeMountPath': path}]}
    with pytest.raises(ShapeError) as caught:
        check('CLUSTER', {'properties': {'vmSize': 'x', 'userAccountSettings': {'adminUserName': 'u'},
                                         'nodeSetup': {'mountVolumes': volumes}}})
    assert caught.value.path.endswith('unmanagedFileSystems[0].relativeMountPath')


@pytest.mark.parametrize('account', [{'adminUserPassword': 12345678}, {'adminUserPassword': 1.5}])
def test_a_secret_of_the_wrong_type_is_not_repeated(account):
    with pytest.raises(ShapeError) as caught:
        check('CLUSTER', {'properties': {'vmSize': 'x', 'userAccountSettings': {'adminUserName': 'u', **account}}})
    assert 'a number' in str(caught.value) and '1' not in str(caught.value)


@pytest.mark.parametrize('shape, body, path', [
    ('JOB', job(secrets='S3CRET'), 'properties.secrets'),
    ('JOB', job(secrets=['A=S3CRET']), 'properties.secrets[0]'),
    ('JOB', job(**share(credentials='S3CRET')), 'properties.mountVolumes.azureFileShares[0].credentials'),
    ('JOB', job(containerSettings={'imageSourceRegistry': {'image': 'i', 'credentials': 'S3CRET'}}),
     'properties.containerSettings.imageSourceRegistry.credentials'),
    ('CLUSTER', cluster(userAccountSettings='me:S3CRET'), 'properties.userAccountSettings'),
    ('CLUSTER', cluster(nodeSetup={'performanceCountersSettings': {'appInsightsReference': 'S3CRET'}}),
     'properties.nodeSetup.performanceCountersSettings.appInsightsReference')])
def test_a_text_where_a_secret_belongs_into_an_object_is_not_repeated(shape, body, path):
    with pytest.raises(ShapeError) as refused:
        check(shape, body)
    assert refused.value.path == path and refused.value.problem.endswith('but is a text')
