"""References in requests: taken, shown again, and refused where they could never be resolved."""
import json

import pytest
from harness import cluster_body, cluster_path, job_body, job_path, manual
from vault_kit import VAULT, url, wait_until

GOOD = {'sourceVault': {'id': VAULT}, 'secretUrl': url('db/0a')}
BAD = {**GOOD, 'secretUrl': 'https://other.vault.azure.net/secrets/db'}


def variables(reference):
    return [{'name': 'PLAIN', 'value': 'shh-do-not-tell'}, {'name': 'DB', 'valueSecretReference': reference}]


SHOWN = [{'name': 'PLAIN'}, {'name': 'DB', 'valueSecretReference': GOOD}]


def set_up(reference):
    return {'scaleSettings': manual(0), 'nodeSetup': {'setupTask': {
        'commandLine': 'true', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT', 'secrets': variables(reference)}}}


def test_a_jobs_references_are_taken_and_shown(harness):
    harness.make_cluster(scaleSettings=manual(0))
    harness.submit('j', secrets=variables(GOOD))
    assert harness.job('j')['secrets'] == SHOWN
    assert harness.put(job_path('j'), job_body(secrets=variables(GOOD))).status_code == 202
    changed = variables({**GOOD, 'secretUrl': url('other')})
    assert harness.put(job_path('j'), job_body(secrets=changed)).status_code == 409


def test_a_set_up_tasks_references_are_taken_and_shown(harness):
    harness.make_cluster(settle=False, **set_up(GOOD))
    assert harness.cluster()['nodeSetup']['setupTask']['secrets'] == SHOWN


@pytest.mark.parametrize('path, body, target', [
    (job_path('j'), job_body(secrets=variables(BAD)), 'properties.secrets[1].valueSecretReference.secretUrl'),
    (cluster_path('d'), cluster_body(**set_up(BAD)),
     'properties.nodeSetup.setupTask.secrets[1].valueSecretReference.secretUrl')], ids=['job', 'cluster'])
def test_a_url_in_another_vault_is_refused_and_nothing_is_made(harness, path, body, target):
    harness.make_cluster(scaleSettings=manual(0))
    answer = harness.put(path, body)
    assert (answer.status_code, answer.json()['error']['target']) == (400, target)
    assert 'shh-do-not-tell' not in answer.text and harness.get(path).status_code == 404


def write_secrets(harness, **values):
    harness.settings.secrets_path.write_text(json.dumps({url(name): value for name, value in values.items()}))
    harness.settings.secrets_path.chmod(0o600)


def turn_until(harness, is_so, what):
    def is_so_now():
        harness.turn()
        return is_so()
    wait_until(is_so_now, what)


def test_a_job_starts_with_the_values_and_the_database_never_has_them(pair):
    write_secrets(pair, db='shh-from-the-vault')
    pair.submit('j', secrets=variables(GOOD))
    turn_until(pair, lambda: any(launch.handle for launch in pair.launches('j')), 'the job is started')
    environment = pair.engine.launches[pair.running_launch('j').id].tasks[0].environment
    assert (environment['PLAIN'], environment['DB']) == ('shh-do-not-tell', 'shh-from-the-vault')
    kept = '\n'.join(pair.store.database.connection.iterdump())
    assert 'shh-from-the-vault' not in kept and 'shh-do-not-tell' in kept
    pair.end('j', 0)
    pair.settle()
    assert pair.state('j') == 'succeeded'


def test_a_job_whose_secret_cannot_be_read_fails_with_the_url_and_the_reason(pair):
    pair.settings.secrets_path.write_text('{}')
    pair.settings.secrets_path.chmod(0o644)
    pair.submit('j', secrets=variables(GOOD))
    turn_until(pair, lambda: pair.state('j') == 'failed', 'the job has failed')
    message = pair.job('j')['executionInfo']['errors'][0]['message']
    assert url('db/0a') in message and f'chmod 600 {pair.settings.secrets_path}' in message
    assert pair.counts() == {'idle': 2} and pair.launches('j')[0].handle is None
