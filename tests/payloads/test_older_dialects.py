import pytest

from azext_batchai.arm.checking import ShapeError
from azext_batchai.payloads.older_dialects import modern_cluster, modern_file_server, modern_job


@pytest.mark.parametrize('priority, level', [(-1000, 'low'), (0, 'normal'), (1, 'high'), (1000, 'high')])
def test_number_becomes_a_level(priority, level):
    assert modern_job({'priority': priority}) == {'schedulingPriority': level}


def test_level_given_as_well_wins():
    assert modern_job({'priority': 5, 'schedulingPriority': 'low'}) == {'schedulingPriority': 'low'}


def test_what_is_gone_is_dropped():
    old = {'experimentName': 'e', 'outputDirectories': [
        {'id': 'MODEL', 'pathPrefix': 'p', 'type': 'Custom', 'createNew': True}]}
    assert modern_job(old) == {'outputDirectories': [{'id': 'MODEL', 'pathPrefix': 'p'}]}
    assert 'type' in old['outputDirectories'][0]


def test_run_elevated_is_dropped():
    task = {'commandLine': 'echo', 'runElevated': True}
    assert modern_cluster({'nodeSetup': {'setupTask': task}}) == {'nodeSetup': {'setupTask': {'commandLine': 'echo'}}}


@pytest.mark.parametrize('written, iso', [('1.02:00:00', 'P1DT2H'), ('PT90M', 'PT1H30M'), ('P7D', 'P7D')])
def test_time_limit_becomes_iso(written, iso):
    assert modern_job({'constraints': {'maxWallClockTime': written}}) == {'constraints': {'maxWallClockTime': iso}}


@pytest.mark.parametrize('job, path', [
    ({'priority': 1001}, 'properties.priority'),
    ({'priority': 'high'}, 'properties.priority'),
    ({'priority': True}, 'properties.priority'),
    ({'experimentName': 3}, 'properties.experimentName'),
    ({'outputDirectories': [{}, {'createNew': 'yes'}]}, 'properties.outputDirectories[1].createNew'),
    ({'constraints': {'maxWallClockTime': 'a week'}}, 'properties.constraints.maxWallClockTime'),
])
def test_wrong_types_are_still_mistakes(job, path):
    with pytest.raises(ShapeError) as caught:
        modern_job(job)
    assert caught.value.path == path


@pytest.mark.parametrize('properties', [{'nodeSetup': 3}, {'nodeSetup': {'setupTask': []}}, {'nodeSetup': None}, {}])
def test_what_is_not_understood_is_left_to_the_check(properties):
    assert modern_cluster(properties) == properties


def test_numbers_of_retries_are_dropped():
    old = {'constraints': {'maxTaskRetryCount': 3, 'maxRetryCount': 0, 'maxWallClockTime': 'P1D'}}
    assert modern_job(old) == {'constraints': {'maxWallClockTime': 'P1D'}}
    with pytest.raises(ShapeError, match='constraints.maxTaskRetryCount.*whole number'):
        modern_job({'constraints': {'maxTaskRetryCount': 'often'}})


def test_deallocation_option_that_meant_nothing_is_dropped():
    scale = {'manual': {'targetNodeCount': 1, 'nodeDeallocationOption': 'Unknown'}}
    assert modern_cluster({'scaleSettings': scale}) == {'scaleSettings': {'manual': {'targetNodeCount': 1}}}
    kept = {'scaleSettings': {'manual': {'targetNodeCount': 1, 'nodeDeallocationOption': 'terminate'}}}
    assert modern_cluster(kept) == kept


def test_disks_of_a_file_server_lose_what_was_only_shown():
    old = {'vmSize': 'S', 'dataDisks': {'diskCount': 1, 'fileSystemType': 'BRTFS', 'raidLevel': 'NoRaid'}}
    assert modern_file_server(old) == {'vmSize': 'S', 'dataDisks': {'diskCount': 1}}
    assert modern_file_server({'dataDisks': 5}) == {'dataDisks': 5}
