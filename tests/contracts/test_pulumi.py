"""Seed 003: what the Pulumi function that looks up a job returns. It speaks of experiments, of Horovod and of
schedulingPriority, so its API is 2018-05-01."""
from __future__ import annotations

from typing import Any, Callable

import pytest
from azext_batchai.arm.states import TOOL_TYPES
from harness import GROUP, EXPERIMENT, file_server_path, job_body, job_path
from published_types import Property, lists_in, read_facts, walk
from sample_values import Samples

FACTS = read_facts('pulumi.json')
PUPPET = read_facts('puppet-2018-05-01.json')
RESULTS = [each.path for each in walk({**FACTS['types'], 'GetJobResult': FACTS['result']}, 'GetJobResult')]
# The values are those of the same properties as the Puppet document describes them.
WRITABLE = {each.path: each for each in walk(PUPPET['types'], 'JobProperties',
                                             lists_in(read_facts('openapi-2018-05-01.json')))}
ADDED = {'executionInfo', 'toolType', 'cluster', 'nodeCount', 'stdOutErrPathPrefix'}
_OTHER_TOOLKITS = set(TOOL_TYPES) - {'customToolkitSettings'}


@pytest.fixture(scope='module')
def views(service: Any) -> list[dict[str, Any]]:
    """Jobs that ended with an error of their own and that have, each, one property more than they need."""
    samples = Samples(WRITABLE.values(), {'mountVolumes.fileServers[].fileServer.id': file_server_path('f')})
    made = []
    # The only node is kept by the first job that does not end by itself, as most toolkits' do not.
    for number, (path, each) in enumerate(sorted(_top_level(), key=lambda row: row[0] in _OTHER_TOOLKITS)):
        body = job_body(customToolkitSettings=None if path in _OTHER_TOOLKITS else {'commandLine': 'exit 3'})
        if path != 'customToolkitSettings':
            body['properties'][each.name] = (
                {'maxWallClockTime': 'P1D'} if path == 'constraints' else samples.value(each))
        assert service.put(job_path(f'j{number}'), body).status_code == 202, body
        made.append(f'j{number}')
    service.settle()
    return [service.get(job_path(name)).json() for name in made]


def _top_level() -> list[tuple[str, Property]]:
    return [(path, each) for path, each in WRITABLE.items()
            if not each.owner and each.name not in ADDED]


@pytest.mark.parametrize('path', RESULTS)
def test_a_result_is_in_the_reply_of_a_job_that_has_it(
        views: list[dict[str, Any]], tally: Callable[[str, str], None], path: str) -> None:
    shown = [value for view in views for value in _at({**view, **view['properties']}, path.split('.'))]
    fact = {**FACTS['result'], **{f'{outer}.{name}': inner for outer, kind in FACTS['result'].items()
                                  for name, inner in FACTS['types'].get(kind.get('definition'), {}).items()}}
    kind = fact[path.replace('[]', '')].get('type', 'object')
    types = {'string': str, 'integer': int, 'object': dict, 'array': list}
    assert shown and all(isinstance(value, types[kind]) for value in shown), shown
    tally('003 Pulumi, results', 'seen in a reply')


def _at(place: Any, parts: list[str]) -> list[Any]:
    name = parts[0].removesuffix('[]')
    if not isinstance(place, dict) or name not in place:
        return []
    return [place[name]] if len(parts) == 1 else _at(place[name], parts[1:])


@pytest.mark.parametrize('argument, error', [
    ('experimentName', 'ExperimentNotFound'), ('jobName', 'JobNotFound'), ('resourceGroupName', 'WorkspaceNotFound'),
    ('workspaceName', 'WorkspaceNotFound')])
def test_an_argument_names_a_part_of_the_path(
        service: Any, views: list[dict[str, Any]], tally: Callable[[str, str], None], argument: str, error: str
) -> None:
    assert FACTS['arguments'][argument] == {'type': 'string', 'required': True}
    names = {'resourceGroupName': GROUP, 'workspaceName': 'w', 'experimentName': 'e', 'jobName': 'j0'}

    def address() -> str:
        start = EXPERIMENT.partition('/resourceGroups/')[0]
        return (f"{start}/resourceGroups/{names['resourceGroupName']}/providers/Microsoft.BatchAI/workspaces/"
                f"{names['workspaceName']}/experiments/{names['experimentName']}/jobs/{names['jobName']}")

    assert service.get(address()).status_code == 200
    names[argument] = 'elsewhere'
    answer = service.get(address())
    assert (answer.status_code, answer.json()['error']['code']) == (404, error)
    tally('003 Pulumi, arguments', 'part of the path')


def test_no_argument_of_the_document_is_left_out() -> None:
    assert set(FACTS['arguments']) == {'experimentName', 'jobName', 'resourceGroupName', 'workspaceName'}
