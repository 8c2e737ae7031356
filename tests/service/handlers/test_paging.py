"""Lists come in pages that together hold every item once, also while others are created."""
from urllib.parse import urlsplit

import pytest
from harness import EXPERIMENT, ROOT, WORKSPACE, job_path, manual


def pages(harness, path, between=lambda: None):
    """The names of each page, following the links to the end."""
    found = []
    while path:
        response = harness.get(path)
        assert response.status_code == 200, response.text
        body = response.json()
        found.append([item['name'] for item in body['value']])
        path = body.get('nextLink')
        between()
    return found


@pytest.fixture
def five(harness):
    harness.make_cluster(scaleSettings=manual(0))
    for number in range(5):
        harness.submit(f'j{number}')
    return harness


def test_pages_hold_every_job_once_and_in_order(five):
    assert pages(five, f'{EXPERIMENT}/jobs?maxresults=2') == [['j0', 'j1'], ['j2', 'j3'], ['j4']]
    assert pages(five, f'{EXPERIMENT}/jobs?maxresults=5') == [['j0', 'j1', 'j2', 'j3', 'j4']]


def test_what_comes_or_goes_meanwhile_moves_nothing(five):
    moves = iter([lambda: five.submit('late'), lambda: five.store.resources.remove(five.job_record('j0').guid)])
    found = pages(five, f'{EXPERIMENT}/jobs?maxresults=2', lambda: next(moves, lambda: None)())
    assert [name for page in found for name in page] == ['j0', 'j1', 'j2', 'j3', 'j4', 'late']


@pytest.mark.parametrize('path', [f'{ROOT}/workspaces', f'{WORKSPACE}/experiments', f'{WORKSPACE}/clusters',
                                  f'{WORKSPACE}/fileServers'])
def test_a_list_that_fits_has_no_link(five, path):
    assert 'nextLink' not in five.get(path).json()


@pytest.mark.parametrize('token', ['x', '-1', '', '9' * 30, '1.5'])
def test_a_token_that_is_not_ours_is_refused(five, token):
    response = five.get(f'{EXPERIMENT}/jobs?$skiptoken={token}')
    assert (response.status_code, response.json()['error']['target']) == (400, '$skiptoken')


def test_files_come_in_pages_too(harness, tmp_path):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j', stdOutErrPathPrefix=str(tmp_path))
    harness.settle()
    logs = next(tmp_path.rglob('stdouterr'))
    for name in ('a', 'b', 'c'):
        (logs / name).write_text('')
    first = harness.request('POST', f'{job_path("j")}/listOutputFiles',
                            params={'outputdirectoryid': 'stdouterr', 'maxresults': '3'}).json()
    assert [item['name'] for item in first['value']] == ['a', 'b', 'c']
    parts = urlsplit(first['nextLink'])
    assert pages(harness, f'{parts.path}?{parts.query}') == [['execution.log']]
