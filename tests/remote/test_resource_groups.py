import json
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from azext_batchai.remote.resource_groups import resource_group_location


def client(status, body, connection=None):
    """A client whose pipeline answers everything alike."""
    content = json.dumps(body)
    response = SimpleNamespace(status_code=status, reason='Reason', headers={}, request=None, body=content.encode,
                               text=lambda encoding=None: content, content_type='application/json')
    pipeline = SimpleNamespace(run=lambda request, stream: SimpleNamespace(http_response=response))
    return SimpleNamespace(
        connection=connection, _config=SimpleNamespace(subscription_id='s'),
        _serialize=SimpleNamespace(url=lambda name, value, kind: value, query=lambda name, value, kind: value),
        _client=SimpleNamespace(_pipeline=pipeline, format_url=lambda path, **names: path.format(**names),
                                get=lambda url, parameters, headers: url))


def test_the_location_is_that_of_the_group():
    assert resource_group_location(client(200, {'name': 'demo', 'location': 'northeurope'}), 'demo') == 'northeurope'


def test_a_group_that_the_own_service_has_not_heard_of_is_local():
    assert resource_group_location(client(404, {'error': {}}, connection='here'), 'demo') == 'local'


def test_a_group_that_azure_has_not_is_to_be_made():
    with pytest.raises(ResourceNotFoundError, match="no resource group 'demo'.*az group create -n demo"):
        resource_group_location(client(404, {'error': {}}), 'demo')


@pytest.mark.parametrize('status, error', [(401, ClientAuthenticationError), (500, HttpResponseError)])
def test_other_refusals_pass_through(status, error):
    with pytest.raises(error):
        resource_group_location(client(status, {'error': {'code': 'Sorry', 'message': 'no'}}, 'here'), 'demo')
