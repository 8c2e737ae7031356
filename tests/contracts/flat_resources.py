"""What the flat resources of API 2018-03-01 are called and made of, for the documents that describe them."""
from __future__ import annotations

from typing import Any

from harness import ROOT, cluster_body, file_server_body, job_body
from property_contract import PropertyContract
from published_types import Property, read_facts, walk

VERSION = '2018-03-01'
LOCATION = 'eastus'
FACTS = read_facts('arm-2018-03-01.json')
# Sent under one name and returned under another (wire facts, section 14).
REPLY_NAMES = {'adminUserSshPublicKey': 'adminUserSSHPublicKey'}
# Published type -> the part of the path and of the type of its properties.
KINDS = {'Microsoft.BatchAI/clusters': 'clusters', 'Microsoft.BatchAI/fileServers': 'fileServers',
         'Microsoft.BatchAI/jobs': 'jobs'}


def properties_of(kind: str) -> list[Property]:
    facts = FACTS['resources'][f'Microsoft.BatchAI/{kind}']
    return list(walk(FACTS['types'], facts['properties']['definition']))


def address(kind: str, name: str) -> str:
    return f'{ROOT}/{kind}/{name}'


def flat_body(kind: str, **properties: Any) -> dict[str, Any]:
    """A small valid body, with tags."""
    body: Any = {'clusters': cluster_body, 'fileServers': file_server_body}.get(kind)
    made = body(**properties) if body else job_body(properties.pop('cluster', address('clusters', 'c1')), **properties)
    return {'location': LOCATION, 'tags': {'made': 'by hand'}, **made}


def make_flat_parents(service: Any) -> None:
    """Clusters c1 and c2 of one idle node each and file server f1, for the ids in bodies. The jobs that checks of
    properties leave behind are those of c1."""
    scale = {'manual': {'targetNodeCount': 1}}
    for kind, name, body in (('clusters', 'c1', flat_body('clusters', scaleSettings=scale)),
                             ('clusters', 'c2', flat_body('clusters', scaleSettings=scale)),
                             ('fileServers', 'f1', flat_body('fileServers'))):
        answer = service.put(address(kind, name), body, version=VERSION)
        assert answer.status_code == 202, answer.text
    service.settle()


def contract_of(service: Any, kind: str) -> PropertyContract:
    server = address('fileServers', 'f1')
    return PropertyContract(service, properties_of(kind), lambda name: address(kind, name), flat_body(kind), VERSION, {
        'cluster.id': address('clusters', 'c1'), 'mountVolumes.fileServers[].fileServer.id': server,
        'nodeSetup.mountVolumes.fileServers[].fileServer.id': server}, REPLY_NAMES)


def views_with_everything(service: Any, kind: str) -> list[dict[str, Any]]:
    """What the flat API shows of resources of one kind in states that bring out all read-only properties: among them a
    cluster whose nodes cannot be used, a job that ended with an error, and one whose error has details."""
    volumes = {'unmanagedFileSystems': [{'mountCommand': 'mount --bind /not/there', 'relativeMountPath': 'gone'}]}
    cluster = address('clusters', 'c2')
    by_kind: dict[str, dict[str, Any]] = {
        'clusters': {'c1': None, 'unusable': flat_body('clusters', scaleSettings={'manual': {'targetNodeCount': 1}},
                                                       nodeSetup={'setupTask': {'commandLine': 'exit 3',
                                                                                'stdOutErrPathPrefix': '/tmp/setup'}})},
        'fileServers': {'f1': None},
        'jobs': {'failing': flat_body('jobs', cluster=cluster,
                                      customToolkitSettings={'commandLine': 'exit 3'}),
                 'mounting': flat_body('jobs', cluster=cluster, mountVolumes=volumes)},
    }
    views = []
    for name, body in by_kind[kind].items():
        if body:
            answer = service.put(address(kind, name), body, version=VERSION)
            assert answer.status_code == 202, answer.text
            service.settle()
        views.append(service.get(address(kind, name), version=VERSION).json())
    return views
