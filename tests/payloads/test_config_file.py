import json

import pytest
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_batchai.payloads import cluster, job
from azext_batchai.payloads.config_file import read_config

JOB = {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs'}


@pytest.fixture
def written(tmp_path):
    def write(content, encoding='utf-8'):
        path = tmp_path / 'config.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding)
        return str(path)
    return write


def read_job(path):
    return read_config(path, 'JOB', job.from_older)


def test_no_file_says_nothing():
    config = read_config(None, 'CLUSTER')
    assert (config.path, config.location, config.properties) == ('', None, {})


def test_schema_is_ignored_and_location_kept(written):
    config = read_job(written({'$schema': 'https://example.org/job.json', 'location': 'eastus', 'properties': JOB}))
    assert config.location == 'eastus'
    assert config.properties == JOB


def test_properties_may_stand_without_their_wrapper(written):
    config = read_config(written({'vmPriority': 'lowpriority'}), 'CLUSTER', cluster.from_older)
    assert config.properties == {'vmPriority': 'lowpriority'}


def test_byte_order_mark_is_skipped(written):
    assert read_job(written({'properties': JOB}, encoding='utf-8-sig')).properties == JOB


def test_what_options_may_supply_can_be_missing(written):
    account = {'adminUserPassword': 'secret'}
    config = read_config(written({'properties': {'userAccountSettings': account}}), 'CLUSTER', cluster.from_older)
    assert config.properties == {'userAccountSettings': account}


@pytest.mark.parametrize('task', [{'commandLine': 'true'}, {'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs'}])
def test_either_half_of_a_setup_task_can_be_missing(written, task):
    config = read_config(written({'nodeSetup': {'setupTask': task}}), 'CLUSTER', cluster.from_older)
    assert config.properties == {'nodeSetup': {'setupTask': task}}


@pytest.mark.parametrize('content', ['{"secret": 1}', '\ufeff\n {"secret": 1}'])
def test_content_in_the_place_of_a_path_is_not_quoted(content):
    with pytest.raises(InvalidArgumentValueError, match='without @') as caught:
        read_job(content)
    assert 'secret' not in str(caught.value)


def test_storage_credentials_may_be_missing(written):
    share = {'accountName': 'a', 'azureFileUrl': 'https://a/s', 'relativeMountPath': 'afs'}
    config = read_job(written({'properties': {**JOB, 'mountVolumes': {'azureFileShares': [share]}}}))
    assert config.properties['mountVolumes']['azureFileShares'] == [{**share, 'credentials': {}}]


def test_tags_are_accepted_with_a_warning(written, caplog):
    read_job(written({'tags': {'team': 'vision'}, 'properties': JOB}))
    assert 'tags are not kept' in caplog.text


@pytest.mark.parametrize('content, said', [
    ('{"properties": {"nodeCount": 1,\n  "x" }}', 'line 2 column 7'),
    ('[1, 2]', 'should hold a JSON object'),
    ('{"properties": {"nodeCount": NaN}}', 'NaN is not a JSON number'),
    ('[' * 100000, 'nested too deeply'),
    ({'properties': 3}, 'properties: should be an object'),
    ({'properties': {**JOB, 'nodeCount': 'two'}},
     "properties.nodeCount: should be a whole number, but is the text 'two'"),
    ({'properties': {**JOB, 'nodeCont': 2}}, "properties.nodeCont: is not a known key; did you mean 'nodeCount'?"),
    ({'properties': {'nodeCount': 1}}, 'properties.stdOutErrPathPrefix: is required'),
    ({**JOB, 'nodeCount': 'two'}, 'config.json: nodeCount: should be a whole number'),
    ({'property': {}, 'properties': JOB},
     "property: is not a known key beside \"properties\"; did you mean 'properties'?"),
    ({'location': 3, 'properties': JOB}, 'location: should be a string'),
    ({'tags': {'a': 1}, 'properties': JOB}, 'tags.a: should be a string'),
    ({'properties': {**JOB, 'mountVolumes': {'azureFileShares': 'x'}}},
     'properties.mountVolumes.azureFileShares: should be a list'),
    ({'properties': {**JOB, 'mountVolumes': {'azureFileShares': ['x']}}},
     'properties.mountVolumes.azureFileShares[0]: should be an object'),
], ids=lambda value: value if isinstance(value, str) and len(value) < 60 else '')
def test_mistakes_are_named_with_their_place(written, content, said):
    path = written(content)
    with pytest.raises(InvalidArgumentValueError) as caught:
        read_job(path)
    assert str(caught.value).startswith(path)
    assert said in str(caught.value)
    assert '\n' not in str(caught.value)


def test_missing_file_is_named_with_the_reason():
    with pytest.raises(FileOperationError, match=r"'nowhere.json': No such file or directory"):
        read_job('nowhere.json')


def test_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / 'job.json'
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(FileOperationError, match='not UTF-8'):
        read_job(str(path))
