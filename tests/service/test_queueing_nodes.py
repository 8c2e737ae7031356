"""Clusters and nodes with an engine that has a queue of its own."""
from harness import auto, cluster_body, cluster_path, manual
from queueing_kit import cluster, give, launch, service  # noqa: F401

# The fixtures of the kit are arguments here.
# flake8: noqa: F811


def test_the_engine_is_told_which_nodes_jobs_may_have(cluster):
    guid = cluster.store.clusters.find(cluster_path('c').lower()).resource.guid
    assert len(cluster.engine.open[guid]) == 4
    cluster.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(2)}})
    cluster.settle()
    assert cluster.engine.open[guid] == {node.id for node in cluster.store.clusters.nodes(guid)}
    assert len(cluster.engine.open[guid]) == 2


def test_a_node_that_is_set_up_is_not_given_to_jobs_yet(service):
    service.make_cluster(settle=False, scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    service.turn()
    service.submit('a')
    service.turn()
    [setup] = service.engine.launches.values()
    assert setup.allocation.nodes == (setup.tasks[0].node,) and setup.allocation.node_count == 1
    assert service.counts() == {'preparing': 1} and service.state('a') == 'queued'
    service.engine.give(setup.id, 1)
    service.engine.end(setup.id, 0)
    service.settle()
    assert service.counts() == {'idle': 1} and launch(service, 'a')


def test_a_node_with_a_problem_is_unusable_and_comes_back(cluster):
    guid = cluster.store.clusters.find(cluster_path('c').lower()).resource.guid
    node = cluster.store.clusters.nodes(guid)[0].id
    cluster.engine.problems[node] = 'Slurm has the node n1 as drained: disk'
    cluster.settle()
    assert cluster.counts() == {'idle': 3, 'unusable': 1} and node not in cluster.engine.open[guid]
    [problem] = cluster.cluster()['errors']
    assert problem['message'] == 'Slurm has the node n1 as drained: disk'
    cluster.engine.problems.clear()
    cluster.settle()
    assert cluster.counts() == {'idle': 4} and 'errors' not in cluster.cluster()


def test_an_auto_scale_cluster_is_switched_on_and_off_by_the_engine(service):
    service.make_cluster(scaleSettings=auto(0, 3))
    assert service.counts() == {'idle': 3}
    guid = service.store.clusters.find(cluster_path('c').lower()).resource.guid
    service.engine.sleepers = {node.id for node in service.store.clusters.nodes(guid)[1:]}
    seen = service.cluster()
    assert seen['currentNodeCount'] == 1 and service.counts() == {'idle': 1}
    service.later(3600)
    assert service.engine.open[guid] >= service.engine.sleepers


def test_an_engine_without_enough_nodes_says_so_until_it_has_them(service, monkeypatch):
    scale, asked = service.engine.scale, []
    monkeypatch.setattr(service.engine, 'scale', lambda cluster, count, leaving=(): (
        asked.append(count), scale(cluster, min(count, 1))))
    service.make_cluster(settle=False, scaleSettings=manual(3))
    dues = [service.turn() for _ in range(3)]
    assert len(asked) <= 5 and dues[-1] == 5.0
    [problem] = service.cluster()['errors']
    assert problem['code'] == 'NodesUnavailable' and 'to have 3 nodes, and queueing fake has 1' in problem['message']
    monkeypatch.undo()
    service.settle()
    assert 'errors' not in service.cluster() and service.counts() == {'idle': 3}


def test_an_auto_scale_cluster_is_steady_with_the_nodes_there_are(service, monkeypatch):
    scale = service.engine.scale
    monkeypatch.setattr(service.engine, 'scale', lambda cluster, count, leaving=(): scale(cluster, min(count, 2)))
    service.make_cluster(settle=False, scaleSettings=auto(0, 10))
    for _ in range(3):
        service.turn()
    seen = service.cluster()
    assert seen['allocationState'] == 'steady' and service.counts() == {'idle': 2} and 'errors' not in seen
    monkeypatch.undo()
    service.settle()
    assert service.counts() == {'idle': 10} and service.cluster()['allocationState'] == 'steady'


def test_an_engine_that_cannot_work_now_says_so_on_its_clusters(cluster):
    cluster.engine.said = 'Slurm does not answer'
    assert cluster.cluster()['errors'] == [{'code': 'SchedulerUnavailable', 'message': 'Slurm does not answer'}]


def test_a_cluster_that_there_cannot_be_is_refused(service):
    service.make_workspace()
    service.engine.refusal = 'there is no partition "gpu"; there are batch, short'
    response = service.put(cluster_path('c'), cluster_body())
    assert response.status_code == 400
    assert response.json()['error']['message'].endswith('there is no partition "gpu"; there are batch, short.')
    assert service.get(cluster_path('c')).status_code == 404


def test_nodes_are_told_with_addresses_of_their_own(cluster):
    told = cluster.post(cluster_path('c') + '/listRemoteLoginInformation').json()['value']
    assert {node['port'] for node in told} == {22} and len(told) == 4
