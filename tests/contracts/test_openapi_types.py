"""The OpenAPI document of API 2018-05-01: the properties of clusters, jobs and file servers."""
from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest
from harness import (
    cluster_body, cluster_path, file_server_body, file_server_path, job_body, job_path, manual)
from property_contract import PropertyContract, values_at
from published_types import Property, read_facts, walk

VERSION = '2018-05-01'
FACTS = read_facts('openapi-2018-05-01.json')
KINDS = {
    'clusters': ('ClusterBaseProperties', 'ClusterProperties', cluster_path, cluster_body),
    'fileServers': ('FileServerBaseProperties', 'FileServerProperties', file_server_path, file_server_body),
    'jobs': ('JobBaseProperties', 'JobProperties', job_path, job_body),
}


def types() -> dict[str, Any]:
    """The facts in the form of the other documents: each property with its own mark, a name for every type, and what a
    client does not send marked as read-only."""
    found: dict[str, Any] = {}
    for name, fact in FACTS.items():
        found.update(_named(name, fact))
    for sent, read, _, _ in KINDS.values():
        found[read] = {name: {**fact, **found[sent].get(name, {'readOnly': True})}
                       for name, fact in found[read].items()}
    return found


def _named(name: str, fact: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = {}
    for key, inner in fact.get('properties', {}).items():
        if 'properties' in inner:
            yield from _named(f'{name}.{key}', inner)
            inner = {'definition': f'{name}.{key}'}
        elif 'enum' in FACTS.get(inner.get('definition'), {}):
            inner = FACTS[inner['definition']]
        mark = {'required': True} if key in fact.get('required', ()) else {}
        properties[key] = {**{part: value for part, value in inner.items() if part != 'required'}, **mark}
    yield name, properties


TYPES = types()
EVERY: list[tuple[str, Property]] = [(kind, each) for kind, (_, read, _, _) in KINDS.items()
                                     for each in walk(TYPES, read)]
WRITABLE = [(kind, each.path) for kind, each in EVERY if not each.read_only]
READ_ONLY = [(kind, each.path) for kind, each in EVERY if each.read_only]
REQUIRED = [(kind, each.path) for kind, each in EVERY if each.required and not each.read_only]


@pytest.fixture(scope='module')
def contracts(service: Any) -> dict[str, PropertyContract]:
    server = file_server_path('f')
    more = {'cluster.id': cluster_path('c'), 'mountVolumes.fileServers[].fileServer.id': server,
            'nodeSetup.mountVolumes.fileServers[].fileServer.id': server}
    of_kind = {kind: [each for known, each in EVERY if known == kind] for kind in KINDS}
    return {kind: PropertyContract(service, of_kind[kind], path, body(), VERSION, more)
            for kind, (_, _, path, body) in KINDS.items()}


@pytest.fixture(scope='module')
def views(service: Any) -> dict[str, list[dict[str, Any]]]:
    """Resources in states that bring out everything the service adds."""
    setup = {'setupTask': {'commandLine': 'exit 3', 'stdOutErrPathPrefix': '/tmp/setup'}}
    gone = {'unmanagedFileSystems': [{'mountCommand': 'mount --bind /not/there', 'relativeMountPath': 'gone'}]}
    service.make_cluster('other', scaleSettings=manual(1))
    service.make_cluster('unusable', scaleSettings=manual(1), nodeSetup=setup)
    service.submit('failing', 'other', customToolkitSettings={'commandLine': 'exit 3'})
    service.submit('mounting', 'other', mountVolumes=gone)
    service.settle()
    paths = {'clusters': [cluster_path('other'), cluster_path('unusable')], 'fileServers': [file_server_path('f')],
             'jobs': [job_path('failing'), job_path('mounting')]}
    return {kind: [service.get(path).json() for path in each] for kind, each in paths.items()}


@pytest.mark.parametrize('kind, path', [(kind, each.path) for kind, each in EVERY])
def test_a_property_is_taken_and_returned(
        contracts: dict[str, PropertyContract], tally: Callable[[str, str], None], kind: str, path: str) -> None:
    tally(f'OpenAPI 2018-05-01, properties of {kind}', contracts[kind].check(path))


@pytest.mark.parametrize('kind, path, value', [(kind, each.path, value) for kind, each in EVERY if not each.read_only
                                               for value in each.values])
def test_every_value_of_an_enumeration_is_taken_and_returned(
        contracts: dict[str, PropertyContract], tally: Callable[[str, str], None], kind: str, path: str, value: str
) -> None:
    tally('OpenAPI 2018-05-01, values of enumerations', contracts[kind].check(path, value))


@pytest.mark.parametrize('kind, path', READ_ONLY)
def test_what_the_service_adds_is_there(
        views: dict[str, list[dict[str, Any]]], tally: Callable[[str, str], None], kind: str, path: str) -> None:
    assert any(values_at(view['properties'], path) for view in views[kind]), views[kind]
    tally('OpenAPI 2018-05-01, read-only properties', 'seen in a reply')


@pytest.mark.parametrize('kind, path', WRITABLE)
def test_a_value_of_another_type_is_refused_with_the_path_of_the_property(
        contracts: dict[str, PropertyContract], kind: str, path: str) -> None:
    contracts[kind].check_wrong_type(path)


@pytest.mark.parametrize('kind, path', REQUIRED)
def test_a_required_property_is_missed_by_its_path(
        contracts: dict[str, PropertyContract], kind: str, path: str) -> None:
    contracts[kind].check_missing(path)
