"""Seed 000: the ARM types of API 2018-03-01."""
from __future__ import annotations

from typing import Any, Callable

import pytest
from flat_resources import (
    FACTS, KINDS, VERSION, address, contract_of, flat_body, make_flat_parents, properties_of, views_with_everything)
from property_contract import PropertyContract, values_at

EVERY = [(kind, each) for kind in KINDS.values() for each in properties_of(kind)]
WRITABLE = [(kind, each.path) for kind, each in EVERY if not each.read_only]
REQUIRED = [(kind, each.path) for kind, each in EVERY if each.required and not each.read_only]
READ_ONLY = [(kind, each.path) for kind, each in EVERY if each.read_only]
CHOICES = [(kind, each.path, value) for kind, each in EVERY if not each.read_only for value in each.values]


@pytest.fixture(scope='module')
def contracts(service: Any) -> dict[str, PropertyContract]:
    make_flat_parents(service)
    return {kind: contract_of(service, kind) for kind in KINDS.values()}


@pytest.fixture(scope='module')
def views(service: Any, contracts: dict[str, PropertyContract]) -> dict[str, list[dict[str, Any]]]:
    return {kind: views_with_everything(service, kind) for kind in KINDS.values()}


@pytest.mark.parametrize('kind, path', [(kind, each.path) for kind, each in EVERY])
def test_a_property_is_taken_and_returned(
        contracts: dict[str, PropertyContract], tally: Callable[[str, str], None], kind: str, path: str) -> None:
    tally(f'000 ARM types, properties of {kind} (2018-03-01)', contracts[kind].check(path))


@pytest.mark.parametrize('kind, path, value', CHOICES)
def test_every_value_of_an_enumeration_is_taken_and_returned(
        contracts: dict[str, PropertyContract], tally: Callable[[str, str], None], kind: str, path: str, value: str
) -> None:
    tally('000 ARM types, values of enumerations', contracts[kind].check(path, value))


@pytest.mark.parametrize('kind, path', READ_ONLY)
def test_what_the_service_adds_is_there(
        views: dict[str, list[dict[str, Any]]], tally: Callable[[str, str], None], kind: str, path: str) -> None:
    property_, = [each for known, each in EVERY if (known, each.path) == (kind, path)]
    seen = [value for view in views[kind] for value in values_at(view['properties'], path)]
    types: Any = {'string': str, 'integer': int, 'object': list if property_.many else dict}
    assert seen and all(isinstance(value, types[property_.kind]) for value in seen), seen
    assert not property_.values or set(seen) <= set(property_.values)
    tally('000 ARM types, read-only properties', 'seen in a reply')


@pytest.mark.parametrize('kind, path', WRITABLE)
def test_a_value_of_another_type_is_refused_with_the_path_of_the_property(
        contracts: dict[str, PropertyContract], kind: str, path: str) -> None:
    contracts[kind].check_wrong_type(path)


@pytest.mark.parametrize('kind, path', REQUIRED)
def test_a_required_property_is_missed_by_its_path(
        contracts: dict[str, PropertyContract], kind: str, path: str) -> None:
    contracts[kind].check_missing(path)


@pytest.mark.parametrize('kind, path', WRITABLE)
def test_a_misspelt_property_is_refused_with_the_one_that_was_meant(
        contracts: dict[str, PropertyContract], kind: str, path: str) -> None:
    contracts[kind].check_unknown_neighbour(path)


@pytest.mark.parametrize('published, name', [(kind, name) for kind, facts in FACTS['resources'].items()
                                             for name in facts])
def test_a_top_level_property_is_in_the_reply_or_the_request(
        service: Any, views: dict[str, list[dict[str, Any]]], tally: Callable[[str, str], None], published: str,
        name: str) -> None:
    """The API version is one of the request, and only one of a published list will do."""
    kind, fact = KINDS[published], FACTS['resources'][published][name]
    view = views[kind][-1]
    if name == 'apiVersion':
        answer = service.get(address(kind, 'x'), version=fact['enum'][0])
        assert answer.json()['error']['code'].endswith('NotFound'), answer.text
        assert service.get(address(kind, 'x'), version='2018-03-02').status_code == 400
    elif name == 'type':
        assert view['type'].lower() == fact['enum'][0].lower()
    elif name == 'id':
        assert view['id'].lower() == address(kind, view['name']).lower()
    elif fact.get('required') and name != 'name':
        body = flat_body(kind)
        assert body.pop(name) == view[name]
        answer = service.put(address(kind, 'without'), body, version=VERSION)
        assert (answer.status_code, answer.json()['error']['target']) == (400, name)
    else:
        assert view[name]
    tally('000 ARM types, top-level properties', 'in the reply or the request')


@pytest.mark.parametrize('kind', KINDS.values())
def test_tags_are_taken_only_as_texts(service: Any, kind: str) -> None:
    answer = service.put(address(kind, 'tagged'), {**flat_body(kind), 'tags': {'a': 1}}, version=VERSION)
    assert (answer.status_code, answer.json()['error']['target']) == (400, 'tags.a')
