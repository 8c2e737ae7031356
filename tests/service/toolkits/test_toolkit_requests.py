"""The settings of toolkits on their way through the API."""
import pytest
from harness import job_body, job_path

SCRIPT = {'pythonScriptFilePath': 'a.py'}


@pytest.mark.parametrize('block, settings, shown', [
    ('tensorFlowSettings', SCRIPT, {**SCRIPT, 'workerCount': 2, 'parameterServerCount': 1}),
    ('cntkSettings', SCRIPT, {**SCRIPT, 'languageType': 'Python', 'processCount': 2}),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'Gloo'},
     {**SCRIPT, 'communicationBackend': 'Gloo', 'processCount': 2}),
    ('customMpiSettings', {'commandLine': 'x'}, {'commandLine': 'x', 'processCount': 2})])
def test_a_job_may_be_sent_again_as_it_was_and_as_it_is_shown(pair, block, settings, shown):
    body = job_body(customToolkitSettings=None, nodeCount=2, **{block: settings})
    assert pair.put(job_path('j'), body).status_code == 202
    reply = pair.get(job_path('j')).json()
    assert reply['properties'][block] == shown
    assert pair.put(job_path('j'), body).status_code == 202
    assert pair.put(job_path('j'), reply).status_code == 202


def test_settings_that_cannot_be_launched_make_no_job(pair):
    body = job_body(customToolkitSettings=None, tensorFlowSettings={**SCRIPT, 'parameterServerCount': 1})
    answer = pair.put(job_path('j'), body)
    error = answer.json()['error']
    assert (answer.status_code, error['code'], error['target']) == (
        400, 'InvalidPropertyValue', 'properties.tensorFlowSettings.parameterServerCount')
    assert pair.get(job_path('j')).status_code == 404
