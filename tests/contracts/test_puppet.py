"""Seed 004: the Puppet type of a job, API 2018-05-01."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

import pytest
from harness import GROUP, SUBSCRIPTION, cluster_path, file_server_path, job_body, job_path
from property_contract import PropertyContract
from published_types import lists_in, read_facts, walk

VERSION = '2018-05-01'
FACTS = read_facts('puppet-2018-05-01.json')
OPENAPI = read_facts('openapi-2018-05-01.json')
# The document marks nothing as read-only; these two are so by the OpenAPI document.
READ_ONLY = {'executionInfo', 'toolType'}
PROPERTIES = [replace(each, read_only=True, kind='string') if each.path in READ_ONLY else
              replace(each, kind='object') if each.path == 'constraints' else each
              for each in walk(FACTS['types'], 'JobProperties', lists_in(OPENAPI))]
WRITABLE = [each.path for each in PROPERTIES if not each.read_only]
REQUIRED = [each.path for each in PROPERTIES if each.required]
NAMES = {'subscription_id': SUBSCRIPTION, 'resource_group_name': GROUP, 'workspace_name': 'w', 'experiment_name': 'e'}


@pytest.fixture(scope='module')
def contract(service: Any) -> PropertyContract:
    return PropertyContract(service, PROPERTIES, job_path, job_body(), VERSION, {
        'cluster.id': cluster_path('c'), 'mountVolumes.fileServers[].fileServer.id': file_server_path('f')})


@pytest.mark.parametrize('path', [each.path for each in PROPERTIES])
def test_a_property_is_taken_and_returned(
        contract: PropertyContract, tally: Callable[[str, str], None], path: str) -> None:
    value = {'maxWallClockTime': 'P1D'} if path == 'constraints' else None
    tally('004 Puppet, properties of a job (2018-05-01)', contract.check(path, value))


@pytest.mark.parametrize('path', WRITABLE)
def test_a_value_of_another_type_is_refused_with_the_path_of_the_property(contract: PropertyContract, path: str
                                                                          ) -> None:
    contract.check_wrong_type(path)


@pytest.mark.parametrize('path', REQUIRED)
def test_a_required_property_is_missed_by_its_path(contract: PropertyContract, path: str) -> None:
    contract.check_missing(path)


@pytest.mark.parametrize('path', WRITABLE)
def test_a_misspelt_property_is_refused_with_the_one_that_was_meant(contract: PropertyContract, path: str) -> None:
    contract.check_unknown_neighbour(path)


def filled(template: str, job_name: str) -> str:
    return template.format(**NAMES, job_name=job_name)


@pytest.mark.parametrize('row', FACTS['operations'], ids=lambda row: row['operation'])
def test_a_row_of_the_table_of_operations_is_answered(
        service: Any, tally: Callable[[str, str], None], row: dict[str, str]) -> None:
    title = '004 Puppet, rows of the table of operations'
    if not row['path']:
        tally(title, 'empty in the document')
        return
    name = row['operation'].replace(' ', '').replace('-', '')
    path = filled(row['path'], name)
    if row['operation'] != 'Create':
        assert service.put(filled(FACTS['operations'][0]['path'], name), job_body()).status_code == 202
    answer = service.request(row['verb'], path, job_body() if row['verb'] == 'PUT' else None)
    expected = {'PUT': 202, 'GET': 200, 'DELETE': 202}[row['verb']]
    assert answer.status_code == expected, answer.text
    if row['operationId'] == 'Jobs_Get':
        assert answer.json()['name'] == name
    elif row['operationId'] == 'Jobs_ListByExperiment':
        assert name in [each['name'] for each in answer.json()['value']]
    elif row['operationId'] == 'Jobs_Delete':
        service.settle()
        assert service.get(path).status_code == 404
    else:
        assert service.get(path).status_code == 200
    tally(title, 'answered')


@pytest.mark.parametrize('argument', FACTS['types']['Job'])
def test_an_argument_of_the_type_is_a_part_of_the_request(
        service: Any, tally: Callable[[str, str], None], argument: str) -> None:
    """Each of them, left out or wrong, is what the error is about."""
    template = FACTS['operations'][0]['path']
    names, body, version = dict(NAMES), job_body(), VERSION
    if argument in names:
        names[argument] = 'not-a-guid' if argument == 'subscription_id' else 'elsewhere'
    elif argument == 'api_version':
        version = ''
    elif argument == 'parameters':
        body = []
    else:
        body.pop(argument)
    answer = service.put(template.format(**names, job_name='a'), body, version=version)
    error = answer.json()['error']
    said = {'api_version': (400, 'MissingApiVersionParameter'), 'subscription_id': (400, 'InvalidSubscriptionId'),
            'experiment_name': (404, 'ExperimentNotFound'), 'workspace_name': (404, 'WorkspaceNotFound'),
            'resource_group_name': (404, 'WorkspaceNotFound'), 'parameters': (400, 'InvalidRequestContent'),
            'properties': (400, 'InvalidPropertyValue')}
    assert (answer.status_code, error['code']) == said[argument]
    tally('004 Puppet, arguments of the type', 'part of the request')
