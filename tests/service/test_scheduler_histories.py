"""Random histories: whatever happens, no node runs two jobs, gangs start whole, priorities hold, and every job ends."""
import random
import tempfile
from pathlib import Path

import pytest
from harness import GRACE, IDLE_DELAY, Harness, auto, cluster_path, job_path, manual
from hypothesis import given, settings, strategies as st

from azext_batchai.service.scheduler.plan import Timing

EVICTION = 250.0
TENSORFLOW = {'pythonScriptFilePath': 't.py', 'workerCount': 3, 'parameterServerCount': 1}
CONTAINER = {'imageSourceRegistry': {'image': 'ubuntu'}}


# any history at all

class History:
    """Random requests, ends, losses, evictions, outages and restarts; after each turn the promises are checked."""

    def __init__(self, folder, chance):
        self.harness = Harness(folder)
        self.harness.search_path = str(folder)
        (folder / 'podman').touch(mode=0o755)  # found, and never run by the fake engine
        self.harness.timing = Timing(GRACE, IDLE_DELAY, EVICTION)
        self.harness.restart()
        self.chance = chance
        self.harness.make_cluster(scaleSettings=manual(2), vmPriority=chance.choice(['dedicated', 'lowpriority']))
        self.jobs = {}
        self.deleted = set()

    def step(self):
        act = self.chance.choice([self.submit, self.submit, self.end, self.end, self.end_one, self.lose, self.resize,
                                  self.autoscale, self.terminate, self.delete, self.wait, self.restart, self.outage])
        act()
        before = self.launches()
        self.harness.turn()
        self.check()
        self.check_order(self.launches() - before)

    def launches(self):
        return {row['id'] for row in self.harness.store.database.all('SELECT id FROM launches')}

    def living(self):
        return [name for name in self.jobs if name not in self.deleted]

    def submit(self):
        name = f'j{len(self.jobs)}'
        size = self.chance.randint(1, 3)
        priority = self.chance.choice(['low', 'normal', 'high'])
        response = self.harness.put(job_path(name), {'properties': {
            'cluster': {'id': cluster_path('c')}, 'nodeCount': size, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
            'schedulingPriority': priority,
            **self.chance.choice([{'customToolkitSettings': {'commandLine': 'sleep'}}, {
                'tensorFlowSettings': TENSORFLOW if size > 1 else {'pythonScriptFilePath': 't.py'}}]),
            **({'jobPreparation': {'commandLine': 'sleep'}} if self.chance.random() < 0.3 else {}),
            **({'containerSettings': CONTAINER} if self.chance.random() < 0.2 else {})}})
        if response.status_code == 202:
            self.jobs[name] = size

    def _live(self):
        return [launch for launch in self.harness.store.launches.live() if launch.handle]

    def end(self):
        for launch in self.chance.sample(self._live(), min(1, len(self._live()))):
            self.harness.engine.end(launch.id, self.chance.choice([0, 0, 0, 1]))

    def end_one(self):
        """One process of a gang ends, well or not."""
        for launch in self.chance.sample(self._live(), min(1, len(self._live()))):
            count = len(self.harness.engine.launches[launch.id].tasks)
            self.harness.engine.end_task(launch.id, self.chance.randrange(count), self.chance.choice([0, 0, 1]))

    def lose(self):
        for launch in self.chance.sample(self._live(), min(1, len(self._live()))):
            if self.chance.random() < 0.5:
                self.harness.engine.lose(launch.id)
                return
            guid = self.harness.store.clusters.all()[0].resource.guid
            nodes = self.harness.engine.nodes(self.harness.folders.cluster(guid))
            if nodes:
                self.harness.engine.lose_node(guid, self.chance.choice(nodes).number)

    def resize(self):
        option = self.chance.choice(['requeue', 'terminate', 'waitforjobcompletion'])
        self._scale(manual(self.chance.randint(0, 3), nodeDeallocationOption=option))

    def autoscale(self):
        least = self.chance.randint(0, 2)
        self._scale(auto(least, self.chance.randint(max(1, least), 3)))

    def _scale(self, scale):
        response = self.harness.patch(cluster_path('c'), {'properties': {'scaleSettings': scale}})
        assert response.status_code == 200, response.text

    def terminate(self):
        for name in self.chance.sample(self.living(), min(1, len(self.living()))):
            assert self.harness.post(f'{job_path(name)}/terminate').status_code in (200, 202)

    def delete(self):
        for name in self.chance.sample(self.living(), min(1, len(self.living()))):
            assert self.harness.delete(job_path(name)).status_code == 202
            self.deleted.add(name)

    def wait(self):
        self.harness.now += self.chance.choice([0.5, GRACE, IDLE_DELAY, 100])

    def restart(self):
        self.harness.restart()

    def outage(self):
        self.harness.engine.unavailable = not self.harness.engine.unavailable

    def check(self):
        store = self.harness.store
        nodes = store.clusters.nodes(store.clusters.all()[0].resource.guid)
        holders = [node.job for node in nodes if node.job]
        active = {job.guid: job for job in store.jobs.active(cluster_path('c').lower())}
        assert {node.job for node in nodes if node.job} <= set(active), 'a node is held by a job that does not run'
        for guid, job in active.items():
            held = holders.count(guid)
            assert held == job.node_count or job.stop_reason, f'a gang of {job.node_count} runs on {held} nodes'
            live = [launch for launch in store.launches.of_owner(guid) if launch.result is None]
            assert len(live) == 1, f'{len(live)} launches of one job'
        assert all(node.job is not None for node in nodes if node.state == 'running')
        # Nobody in the queue is passed by one behind it that would also fit: whoever can start has started.
        idle = sum(node.state == 'idle' for node in nodes)
        limit = self.limit()
        first = store.jobs.queue_head(cluster_path('c').lower(), limit, 1)
        if first and not self.harness.engine.unavailable and len(nodes) <= limit:
            assert first[0].node_count > idle, 'the head of the queue could run and does not'

    def check_order(self, launches):
        """Nobody was passed: whoever began in this turn comes before all that wait and could ever run."""
        store = self.harness.store
        begun = [store.jobs.get(store.launches.find(launch).owner) for launch in launches
                 if store.launches.find(launch) and launch.endswith(('-container', '-preparation', '-job'))
                 and store.launches.find(launch).purpose == self.first_stage(store.launches.find(launch))]
        waiting = store.jobs.queue_head(cluster_path('c').lower(), self.limit(), 1)
        for job in begun:
            if job and waiting and job.state == 'running':
                first = store.jobs.get(waiting[0].guid)
                assert (job.priority, -job.resource.number) > (first.priority, -first.resource.number), 'one was passed'

    def first_stage(self, record):
        return next(launch.purpose for launch in self.harness.store.launches.of_owner(record.owner)
                    if launch.attempt == record.attempt)

    def limit(self):
        scale = self.harness.cluster()['scaleSettings']
        return scale['manual']['targetNodeCount'] if 'manual' in scale else scale['autoScale']['maximumNodeCount']

    def _waiting(self):
        counted = self.harness.store.jobs.count_by_state()
        return counted.get('queued', 0) or self.harness.store.jobs.wished(1)

    def finish(self):
        """Let everything come to its end: no job may be stuck."""
        self.harness.engine.unavailable = False
        self._scale(manual(3))
        for _ in range(40 * (len(self.jobs) + 1)):
            self.harness.now += GRACE
            self.harness.turn()
            self.check()
            for launch in self._live():
                self.harness.engine.end(launch.id, 0)
            if not self.harness.store.jobs.active(cluster_path('c').lower()) and not self._waiting():
                break
        for name in self.jobs:
            if name in self.deleted:
                assert self.harness.get(job_path(name)).status_code == 404, f'{name} was deleted and is still there'
            else:
                assert self.harness.state(name) in ('succeeded', 'failed'), self.harness.job(name)
        self.harness.settle()
        assert self.harness.counts() == {'idle': 3}
        assert self.harness.store.launches.live() == []
        open_operations = self.harness.store.database.all("SELECT * FROM operations WHERE status = 'InProgress'")
        assert [row['resource'] for row in open_operations] == [], 'an operation never ends'
        main = [launch for launch in self.harness.engine.starts if launch.endswith('-job')]
        assert len(main) == len(set(main)), 'a launch was started twice'


@pytest.mark.timeout(900)
@settings(max_examples=1000, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 25))
def test_in_any_history_gangs_start_whole_nodes_serve_one_job_and_every_job_ends(seed, steps):
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / 'data', random.Random(seed))
        try:
            for _ in range(steps):
                history.step()
            history.finish()
        finally:
            history.harness.close()
