from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import AzureConnectionError
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import ConnectionLost, JobGone, LinkExpired, Trouble
from fakes import ELSEWHERE, HERE, client_at, failing, not_found


def job_of(client, reconnected=None):
    return RemoteJob(client, 'g', 'w', 'e', 'j', reconnected)


def test_the_question_may_be_held_while_the_state_is_the_one_that_was_seen():
    asked = []

    def get(*place, headers):
        asked.append((place, headers))
        return SimpleNamespace(execution_state='running')
    job = job_of(client_at(HERE, get=get))
    job.look(5.0)
    job.look(5.0)
    job.look()
    assert asked == [(('g', 'w', 'e', 'j'), {}), (('g', 'w', 'e', 'j'), {'Prefer': 'wait=5; state=running'}),
                     (('g', 'w', 'e', 'j'), {})]


def test_standing_is_the_state_and_what_keeps_the_job_queued():
    info = SimpleNamespace(errors=[SimpleNamespace(code='JobTooLargeForCluster', message='needs 3 nodes')])
    seen = [SimpleNamespace(execution_state='queued', execution_info=info),
            SimpleNamespace(execution_state='running', execution_info=None)]
    job = job_of(client_at(HERE, get=lambda *_, headers: seen.pop(0)))
    said = []
    for _ in range(2):
        job.look()
        said.append(job.standing())
    assert said == ["job 'j' is queued: needs 3 nodes", "job 'j' is running"]


@pytest.mark.parametrize('code', ['JobNotFound', 'ExperimentNotFound', 'WorkspaceNotFound'])
def test_a_job_that_was_deleted_is_gone(code):
    with pytest.raises(JobGone):
        job_of(client_at(HERE, get=failing(not_found(code)))).look()


@pytest.mark.parametrize('status', [429, 500, 503, None])
def test_an_error_of_the_service_is_trouble_that_may_pass(status):
    error = HttpResponseError('busy')
    error.status_code = status
    with pytest.raises(Trouble, match='busy'):
        job_of(client_at(HERE, get=failing(error))).look()


def test_a_refusal_is_not_tried_again():
    error = HttpResponseError('no')
    error.status_code = 400
    with pytest.raises(HttpResponseError):
        job_of(client_at(HERE, get=failing(error))).look()


def test_a_service_that_came_back_elsewhere_is_found():
    job = job_of(client_at(HERE, get=failing(ServiceRequestError('refused'))),
                 lambda: client_at(ELSEWHERE, get=lambda *_, headers: 'found'))
    with pytest.raises(LinkExpired):
        job.look()
    assert job.look() == 'found'


@pytest.mark.parametrize('reconnected', [
    lambda: client_at(HERE), lambda: client_at(None), failing(AzureConnectionError('no service')), None],
    ids=['same place', 'Azure', 'none', 'no way'])
def test_a_service_that_is_away_is_trouble(reconnected):
    with pytest.raises(ConnectionLost):
        job_of(client_at(HERE, get=failing(ServiceRequestError('refused'))), reconnected).look()
