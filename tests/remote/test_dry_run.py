from types import SimpleNamespace

from azext_batchai.remote.dry_run import dry_run_request
from azext_batchai.remote.redaction import hide

CLIENT = SimpleNamespace(_config=SimpleNamespace(subscription_id='sub'),
                         _client=SimpleNamespace(format_url=lambda path: f'https://host{path}'))


def test_the_request_is_shown_with_its_address():
    assert dry_run_request(CLIENT, 'PUT', 'my(group)', 'workspaces/w/clusters/c', {'properties': {'vmSize': 'S'}}) == {
        'method': 'PUT', 'body': {'properties': {'vmSize': 'S'}},
        'url': 'https://host/subscriptions/sub/resourceGroups/my%28group%29/providers/Microsoft.BatchAI/workspaces/w/'
               'clusters/c?api-version=2018-05-01'}


def test_secrets_are_masked_wherever_they_stand():
    hide('a-key-that-is-known')
    body = {'properties': {'secrets': [{'name': 'A', 'value': 'x'}], 'userAccountSettings': {'adminUserPassword': 'p'},
                           'credentials': {'accountKey': 'k'}, 'commandLine': 'use a-key-that-is-known'}}
    assert dry_run_request(CLIENT, 'PUT', 'g', 'workspaces/w/clusters/c', body)['body'] == {'properties': {
        'secrets': [{'name': 'A', 'value': '*****'}], 'userAccountSettings': {'adminUserPassword': '*****'},
        'credentials': {'accountKey': '*****'}, 'commandLine': 'use *****'}}
