"""If-Match and If-None-Match on everything that can be put, patched or deleted."""
import pytest
from harness import (
    EXPERIMENT, WORKSPACE, cluster_body, cluster_path, file_server_body, file_server_path, job_body, job_path, manual)

CLUSTER = cluster_path('c')
PUTS = {
    WORKSPACE: {'location': 'eastus'}, EXPERIMENT: None, CLUSTER: cluster_body(),
    file_server_path('f'): file_server_body(), job_path('j'): job_body()}
NAMES = {WORKSPACE: 'Workspace', EXPERIMENT: 'Experiment', CLUSTER: 'Cluster', file_server_path('f'): 'FileServer',
         job_path('j'): 'Job'}


@pytest.fixture
def full(harness):
    """One of each."""
    for path, body in PUTS.items():
        assert harness.put(path, body).status_code in (200, 202)
    return harness


def code_of(response):
    assert response.status_code == 412, response.text
    return response.json()['error']['code']


@pytest.mark.parametrize('path', PUTS)
def test_a_put_that_wants_a_new_one_is_refused_over_an_old_one(full, path):
    refused = full.put(path, PUTS[path], headers={'if-none-match': '*'})
    assert code_of(refused) == f'{NAMES[path]}AlreadyExists'


@pytest.mark.parametrize('path', PUTS)
def test_a_put_with_the_right_etag_passes_and_with_another_one_does_not(full, path):
    etag = full.get(path).headers['etag']
    for good in (etag, '*', f'"0x1", {etag}'):
        assert full.put(path, PUTS[path], headers={'if-match': good}).status_code in (200, 202), good
    for bad in ('"0x1"', f'W/{etag}'):
        refused = full.put(path, PUTS[path], headers={'if-match': bad})
        assert code_of(refused) == 'PreconditionFailed' and refused.json()['error']['target'] == 'If-Match'
    assert code_of(full.put(path, PUTS[path], headers={'if-none-match': etag})) == 'PreconditionFailed'


@pytest.mark.parametrize('path', PUTS)
def test_a_put_that_wants_an_old_one_makes_no_new_one(harness, path):
    for parent, body in PUTS.items():
        if parent == path:
            break
        harness.put(parent, body)
    for wanted in ('*', '"0x1"'):
        assert code_of(harness.put(path, PUTS[path], headers={'if-match': wanted})) == 'PreconditionFailed'
    assert harness.get(path).status_code == 404


@pytest.mark.parametrize('path', list(reversed(PUTS)))
def test_a_delete_heeds_the_etag(full, path):
    assert code_of(full.delete(path, headers={'if-match': '"0x1"'})) == 'PreconditionFailed'
    assert full.get(path).json()['properties']['provisioningState'] == 'succeeded'
    assert full.delete(path, headers={'if-match': full.get(path).headers['etag']}).status_code == 202


@pytest.mark.parametrize('path', PUTS)
def test_a_delete_of_what_is_missing_is_204_unless_it_has_to_be_there(harness, path):
    assert harness.delete(path).status_code == 204
    assert code_of(harness.delete(path, headers={'if-match': '*'})) == 'PreconditionFailed'


def test_a_patch_heeds_the_etag_which_it_changes(full):
    for path, body in ((CLUSTER, {'properties': {'scaleSettings': manual(2)}}),
                       (WORKSPACE, {'tags': {'a': 'b'}})):
        old = full.get(path).headers['etag']
        full.now += 1
        new = full.patch(path, body, headers={'if-match': old}).headers['etag']
        assert new != old and full.get(path).headers['etag'] == new
        assert code_of(full.patch(path, body, headers={'if-match': old})) == 'PreconditionFailed'


@pytest.mark.parametrize('header', ['if-match', 'if-none-match'])
@pytest.mark.parametrize('text', ['0x1', '', '"0x1', '"a" "b"', '*, "a"'])
def test_a_condition_that_is_none_is_refused(full, header, text):
    refused = full.put(CLUSTER, cluster_body(), headers={header: text})
    assert (refused.status_code, refused.json()['error']['code']) == (400, 'InvalidHeaderValue')


def test_a_get_knows_no_conditions_because_the_etag_outlives_the_state(full):
    etag = full.get(CLUSTER).headers['etag']
    full.settle()
    assert full.get(CLUSTER, headers={'if-none-match': etag}).status_code == 200
    assert full.get(CLUSTER, headers={'if-match': '"0x1"'}).status_code == 200
