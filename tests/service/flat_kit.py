"""Paths and small valid bodies of the flat API versions."""
from harness import ROOT, cluster_body, file_server_body, job_body, manual

OLD, NEW = '2017-09-01-preview', '2018-03-01'
EAST = f'{ROOT}/workspaces/migrated-eastus'
KEY = 'ssh-rsa AAAA alex'


def flat_path(collection, name):
    return f'{ROOT}/{collection}/{name}'


def flat_cluster(location='eastus', tags=None, **properties):
    return _flat(cluster_body(**properties), location, tags)


def flat_job(cluster='c', location='eastus', tags=None, **properties):
    identity = cluster if cluster.startswith('/') else flat_path('clusters', cluster)
    return _flat(job_body(identity, **properties), location, tags)


def flat_file_server(location='eastus', tags=None, **properties):
    return _flat(file_server_body(**properties), location, tags)


def _flat(body, location, tags):
    return {'location': location, **({'tags': tags} if tags is not None else {}), **body}


def accept(response):
    assert response.status_code == 202, (response.status_code, response.text)
    return response


def make_cluster(harness, name='c', nodes=1, **more):
    """A flat cluster of idle nodes."""
    accept(harness.put(flat_path('clusters', name), flat_cluster(scaleSettings=manual(nodes), **more), version=NEW))
    harness.settle()


def submit(harness, name, cluster='c', **more):
    accept(harness.put(flat_path('jobs', name), flat_job(cluster, **more), version=NEW))
    harness.settle()


def shown(harness, collection, name, version=NEW):
    response = harness.get(flat_path(collection, name), version=version)
    assert response.status_code == 200, response.text
    return response.json()
