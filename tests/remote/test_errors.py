import json
from types import SimpleNamespace

import pytest
from azure.cli.core import azclierror
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from knack.cli import CLI
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_batchai.remote import errors
from azext_batchai.remote.exit_status import SEVERAL_IDS

ENDPOINT = 'https://127.0.0.1:8443'


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.delenv('AZURE_BATCHAI_ENDPOINT', raising=False)
    return SimpleNamespace(config=SimpleNamespace(config_dir=str(tmp_path)), data={}, only_show_errors=False)


@pytest.fixture
def connected(profile, monkeypatch):
    monkeypatch.setenv('AZURE_BATCHAI_ENDPOINT', ENDPOINT)
    monkeypatch.setenv('AZURE_BATCHAI_TOKEN', 't')


def refusal(code, message, status=400, target=None, details=()):
    error = HttpResponseError(message)
    error.status_code = status
    error.error = SimpleNamespace(code=code, message=message, target=target, details=list(details))
    return error


@pytest.mark.parametrize('error, text', [
    (refusal('JobNotFound', 'The specified job j is not found'), '(JobNotFound) The specified job j is not found'),
    (refusal('Bad', 'wrong', target='properties.vmSize'), '(Bad) wrong (at properties.vmSize)'),
    (refusal('Bad', "The query parameter 'directory' is not usable", target='directory'),
     '(Bad) --path/-p is not usable'),
    (refusal('Bad', 'properties.vmSize is wrong', target='properties.vmSize'), '(Bad) properties.vmSize is wrong'),
    (refusal('Bad', 'wrong', details=[SimpleNamespace(code='SupportedVMSizes', message='A, B')]),
     '(Bad) wrong SupportedVMSizes: A, B'),
    (refusal(None, 'wrong'), 'wrong'),
    (HttpResponseError('plain'), 'plain'),
])
def test_message_is_code_text_and_place(error, text):
    assert errors.arm_message(error) == text


@pytest.mark.parametrize('status, kind', [
    (400, azclierror.BadRequestError), (404, azclierror.ResourceNotFoundError), (500, azclierror.AzureInternalError)])
def test_refusals_keep_their_kind(profile, connected, status, kind):
    with pytest.raises(kind, match=r'\(Code\) text'):
        errors.explain(profile, refusal('Code', 'text', status))


@pytest.mark.parametrize('code, said', [
    ('WorkspaceNotFound', "no w; 'az batchai workspace list' shows those there are$"),
    ('ExperimentNotFound', "no w; 'az batchai experiment list' shows those there are$"), ('JobNotFound', 'no w$')])
def test_missing_place_names_the_command_that_lists_them(profile, connected, code, said):
    with pytest.raises(azclierror.ResourceNotFoundError, match=said):
        errors.explain(profile, refusal(code, 'no w', 404))


WRONG_CERTIFICATE = ServiceRequestError('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')
WIRE_FAILURES = [
    (ServiceRequestError('Connection refused'), azclierror.AzureConnectionError, f'{ENDPOINT} does not answer'),
    (WRONG_CERTIFICATE, azclierror.AzureConnectionError, f'{ENDPOINT} is not signed by the authority'),
    (ClientAuthenticationError('no'), azclierror.UnauthorizedError, f'{ENDPOINT} refused the token')]


@pytest.mark.parametrize('error, kind, said', WIRE_FAILURES)
def test_failure_of_the_service_of_the_profile_names_the_command_that_helps(profile, tmp_path, error, kind, said):
    (tmp_path / 'token').write_text('t')
    (tmp_path / 'batchai').mkdir()
    (tmp_path / 'batchai' / 'connection.json').write_text(json.dumps(
        {'endpoint': ENDPOINT, 'tokenFile': str(tmp_path / 'token')}))
    with pytest.raises(kind, match=f'{said}.*az batchai service start'):
        errors.explain(profile, error)


@pytest.mark.parametrize('error, kind, said', WIRE_FAILURES)
def test_failure_of_the_service_of_the_environment_names_the_variables(profile, connected, error, kind, said):
    with pytest.raises(kind, match=f'{said}.*AZURE_BATCHAI_.*unset AZURE_BATCHAI_ENDPOINT') as caught:
        errors.explain(profile, error)
    assert 'service start' not in str(caught.value)


@pytest.mark.parametrize('error', [
    ServiceRequestError('Name or service not known'),
    refusal('InvalidResourceType', 'gone', 404),
    refusal('InvalidResourceNamespace', 'gone', 404),
    refusal('NoRegisteredProviderFound', 'gone', 400),
])
def test_azure_without_batch_ai_is_explained(profile, monkeypatch, error):
    monkeypatch.delenv('AZURE_BATCHAI_ENDPOINT', raising=False)
    with pytest.raises(azclierror.AzureConnectionError, match='retired in 2019.*az batchai service start'):
        errors.explain(profile, error)


def test_own_errors_and_unknown_ones_pass(profile):
    for error in (azclierror.ValidationError('mine'), KeyError('bug')):
        with pytest.raises(type(error)):
            errors.explain(profile, error)


@pytest.mark.parametrize('error, status', [(refusal('JobNotFound', 'gone', 404), 3), (refusal('Bad', 'wrong'), 1)])
@pytest.mark.parametrize('only_show_errors', [True, False])
def test_failure_for_one_of_several_ids_is_not_success(tmp_path, connected, caplog, error, status, only_show_errors):
    cli = CLI(cli_name='az', config_dir=str(tmp_path))
    cli.data[SEVERAL_IDS], cli.only_show_errors = True, only_show_errors
    with caplog.at_level('ERROR'), pytest.raises(azclierror.AzCLIError):
        errors.explain(cli, error)
    assert ('gone' in caplog.text or 'wrong' in caplog.text) == only_show_errors
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
    assert left.value.code == status
