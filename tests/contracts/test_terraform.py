"""Seed 002: the Terraform resource of a job, whose arguments and attributes are those of API 2018-03-01."""
from __future__ import annotations

from typing import Any, Callable

import pytest
from flat_resources import (
    FACTS, VERSION, address, contract_of, flat_body, make_flat_parents, properties_of, views_with_everything)
from harness import GROUP, ROOT
from property_contract import PropertyContract, values_at
from published_types import read_facts, wire_path

TERRAFORM = read_facts('terraform.json')
PROPERTIES = {each.path: each for each in properties_of('jobs')}
# Of the resource or of the request, rather than of its properties.
TOP_LEVEL = {'name', 'resource_group', 'location', 'tags', 'id', 'type'}
ARGUMENTS = [path for path in TERRAFORM['arguments'] if path not in TOP_LEVEL]
ATTRIBUTES = [path for path in TERRAFORM['attributes'] if path not in TOP_LEVEL]


@pytest.fixture(scope='module')
def contract(service: Any) -> PropertyContract:
    make_flat_parents(service)
    return contract_of(service, 'jobs')


@pytest.fixture(scope='module')
def views(service: Any, contract: PropertyContract) -> list[dict[str, Any]]:
    return views_with_everything(service, 'jobs')


@pytest.mark.parametrize('path', ARGUMENTS)
def test_an_argument_is_a_property_that_is_taken_and_returned(
        contract: PropertyContract, tally: Callable[[str, str], None], path: str) -> None:
    name = wire_path(path, PROPERTIES)
    assert not PROPERTIES[name].read_only
    assert PROPERTIES[name].required == TERRAFORM['arguments'][path].get('required', False)
    tally('002 Terraform, arguments', contract.check(name))


@pytest.mark.parametrize('path', ATTRIBUTES)
def test_an_attribute_is_a_property_that_the_service_adds(
        views: list[dict[str, Any]], tally: Callable[[str, str], None], path: str) -> None:
    name = wire_path(path, PROPERTIES)
    assert PROPERTIES[name].read_only
    assert any(values_at(view['properties'], name) for view in views)
    tally('002 Terraform, attributes', 'seen in a reply')


@pytest.mark.parametrize('name', sorted(TOP_LEVEL & set(TERRAFORM['attributes'])))
def test_an_attribute_of_the_resource_itself_is_in_the_reply(
        views: list[dict[str, Any]], tally: Callable[[str, str], None], name: str) -> None:
    assert all(isinstance(view[name], str) and view[name] for view in views)
    tally('002 Terraform, attributes', 'seen in a reply')


@pytest.mark.parametrize('name', sorted(TOP_LEVEL & set(TERRAFORM['arguments'])))
def test_an_argument_of_the_resource_itself_is_what_the_resource_has(
        service: Any, contract: PropertyContract, tally: Callable[[str, str], None], name: str) -> None:
    body, path = flat_body('jobs'), address('jobs', f'with-{name}')
    assert service.put(path, body, version=VERSION).status_code == 202
    view = service.get(path, version=VERSION).json()
    if name == 'resource_group':
        assert f'/resourceGroups/{GROUP}/' in view['id']
        answer = service.get(path.replace(ROOT, ROOT.replace(f'/{GROUP}/', '/elsewhere/')), version=VERSION)
        assert answer.status_code == 404
    elif name == 'name':
        assert view['name'] == f'with-{name}'
    else:
        assert view[name] == body[name]
        assert FACTS['resources']['Microsoft.BatchAI/jobs'][name].get('required', False) == (
            TERRAFORM['arguments'][name].get('required', False))
    tally('002 Terraform, arguments', 'of the resource itself')
