"""The service in one process, for tests: real routes, handlers, store and scheduler, a fake engine, and a clock that
stands still. Nothing runs by itself: a test makes requests, calls `turn`, and moves the clock.
"""
import asyncio
import dataclasses
import logging
import os
import uuid

import httpx

from azext_batchai.service.app import create_app
from azext_batchai.service.context import Service
from azext_batchai.service.engines.fake import FakeEngine
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.scheduler.loop import Scheduler
from azext_batchai.service.scheduler.plan import Timing
from azext_batchai.service.scheduler.provisions import provisions_of
from azext_batchai.service.settings import Settings
from azext_batchai.service.store import Store

SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
GROUP = 'rg'
HOST = '127.0.0.1:8443'
ENDPOINT = f'https://{HOST}'
BLOB_HOST = '127.0.0.1:8444'
FILE_HOST = '127.0.0.1:8445'
TOKEN = 'the-token-of-this-test'
VERSION = '2018-05-01'
ROOT = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.BatchAI'
WORKSPACE = f'{ROOT}/workspaces/w'
EXPERIMENT = f'{WORKSPACE}/experiments/e'
NOON = 1528286400.0  # 2018-06-06T12:00:00Z
GRACE = 2.0
IDLE_DELAY = 10.0
# More turns than any story needs; one that does not settle goes round in circles.
MOST_TURNS = 30


class Crash(BaseException):
    """The process died here. No handler of the service catches it."""


class _Defects(logging.Handler):
    """Keeps the exceptions that the scheduler logs and lives on with."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.met = []

    def emit(self, record):
        if record.exc_info:
            self.met.append(record.exc_info[1])


class Harness:
    """`engine` is the fake one; `now` the time, to be moved at will. A defect that the scheduler survives still fails
    the test, unless it is `tolerant`."""

    tolerant = False

    def __init__(self, data_dir, engine=None):
        data_dir.mkdir(parents=True)
        self.data_dir = data_dir
        self.settings = Settings(data_dir=data_dir, terminate_grace_seconds=GRACE, autoscale_idle_seconds=IDLE_DELAY,
                                 request_timeout_seconds=5.0)
        self.timing = Timing(GRACE, IDLE_DELAY)
        self.search_path = os.environ['PATH']
        self.now = NOON
        self.engine = engine or FakeEngine()
        self.folders = Folders(data_dir)
        self.wakes = 0
        self._guids = 0
        self._loop = asyncio.new_event_loop()
        self._defects = _Defects()
        logging.getLogger('azext_batchai.service.scheduler').addHandler(self._defects)
        self._open()

    def _open(self):
        self.store = Store(self.settings.database_file)
        # Nothing here is lost with the power.
        self.store.database.connection.execute('PRAGMA synchronous=OFF')
        self.service = Service(
            settings=self.settings, store=self.store, engine=self.engine, folders=self.folders, token=TOKEN,
            clock=self.clock, new_guid=self.new_guid, wake=self._wake, started=NOON,
            hosts=frozenset({HOST, BLOB_HOST, FILE_HOST}), blob_port=8444, file_port=8445)
        self.app = create_app(self.service)
        provisions = dataclasses.replace(provisions_of(self.settings, self._wake), search_path=self.search_path)
        self.scheduler = Scheduler(self.store, self.engine, self.folders, provisions, self.timing, self.clock,
                                   self.service.turned.beat)

    def restart(self):
        """As if the process had been killed and started again: what is not in the store is forgotten."""
        self.store.close()
        self._open()

    def close(self):
        logging.getLogger('azext_batchai.service.scheduler').removeHandler(self._defects)
        self.store.close()
        self._loop.close()

    def clock(self):
        return self.now

    def new_guid(self):
        self._guids += 1
        return str(uuid.UUID(int=self._guids << 96))

    def _wake(self):
        self.wakes += 1

    # requests

    async def send(self, method, path, json=None, *, token=TOKEN, host=HOST, version=VERSION, headers=None, params=None,
                   **more):
        """One request, for tests that run several at once. `path` may be a whole URL."""
        sent = {'authorization': f'Bearer {token}'} if token is not None else {}
        sent.update({'host': host, **(headers or {})})
        address = httpx.URL(path)
        if params:
            address = address.copy_merge_params(params)
        if version and 'api-version' not in address.params and not address.path.startswith(('/files/', '/batchai/')):
            address = address.copy_merge_params({'api-version': version})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ENDPOINT) as client:
            return await client.request(method, address, json=json, headers=sent, **more)

    def run(self, work):
        return self._loop.run_until_complete(work)

    def request(self, method, path, json=None, **more):
        return self.run(self.send(method, path, json, **more))

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def put(self, path, json=None, **more):
        return self.request('PUT', path, json, **more)

    def patch(self, path, json, **more):
        return self.request('PATCH', path, json, **more)

    def post(self, path, **more):
        return self.request('POST', path, **more)

    def delete(self, path, **more):
        return self.request('DELETE', path, **more)

    # what stories are made of

    def make_workspace(self):
        """Workspace w and experiment e."""
        self._expect(200, self.put(WORKSPACE, {'location': 'eastus'}))
        self._expect(200, self.put(EXPERIMENT))

    def make_cluster(self, name='c', settle=True, **properties):
        """Create a cluster, and the workspace when it is missing; with `settle` turn until it is as wished."""
        if self.get(EXPERIMENT).status_code == 404:
            self.make_workspace()
        self._expect(202, self.put(cluster_path(name), cluster_body(**properties)))
        if settle:
            self.settle()
        return cluster_path(name)

    def submit(self, name, cluster='c', **properties):
        self._expect(202, self.put(job_path(name), job_body(cluster, **properties)))
        return job_path(name)

    @staticmethod
    def _expect(status, response):
        assert response.status_code == status, (response.status_code, response.text)

    def cluster(self, name='c'):
        """The properties of a cluster as a client sees them."""
        response = self.get(cluster_path(name))
        self._expect(200, response)
        return response.json()['properties']

    def job(self, name):
        response = self.get(job_path(name))
        self._expect(200, response)
        return response.json()['properties']

    def state(self, name):
        return self.job(name)['executionState']

    def states(self, *names):
        return [self.state(name) for name in names]

    def counts(self, name='c'):
        """Nodes by state, without the states that have none."""
        counted = self.cluster(name)['nodeStateCounts']
        return {state.removesuffix('NodeCount'): count for state, count in counted.items() if count}

    def job_record(self, name):
        return self.store.jobs.find(job_path(name).lower())

    def launches(self, name):
        """The history of a job's launches, oldest first."""
        return self.store.launches.of_owner(self.job_record(name).guid)

    def running_launch(self, name):
        """The launch of a job that has started and not ended."""
        return next(launch for launch in self.launches(name) if launch.result is None)

    def end(self, name, *exit_codes):
        """The running launch of a job ends, and the scheduler hears of it."""
        self.engine.end(self.running_launch(name).id, *(exit_codes or (0,)))
        return self.turn()

    def lose(self, name):
        self.engine.lose(self.running_launch(name).id)
        return self.turn()

    def turn(self):
        due = self.scheduler.turn()
        if self._defects.met and not self.tolerant:
            raise self._defects.met[0]
        return due

    def settle(self):
        """Turn until a turn changes nothing any more."""
        before = None
        for _ in range(MOST_TURNS):
            self.turn()
            after = '\n'.join(self.store.database.connection.iterdump())
            if after == before:
                return
            before = after
        raise AssertionError(f'after {MOST_TURNS} turns the scheduler still changes things')

    def later(self, seconds):
        """Let time pass, then turn."""
        self.now += seconds
        return self.turn()


def cluster_path(name):
    return f'{WORKSPACE}/clusters/{name}'


def job_path(name):
    return f'{EXPERIMENT}/jobs/{name}'


def file_server_path(name):
    return f'{WORKSPACE}/fileServers/{name}'


def manual(target, **more):
    return {'manual': {'targetNodeCount': target, **more}}


def auto(least, most, **more):
    return {'autoScale': {'minimumNodeCount': least, 'maximumNodeCount': most, **more}}


def cluster_body(**properties):
    """A small valid body; properties that are None are left out."""
    given = {'vmSize': 'STANDARD_D1',
             'userAccountSettings': {'adminUserName': 'alex', 'adminUserPassword': 'Passw0rd-of-the-cluster'},
             **properties}
    return {'properties': {key: value for key, value in given.items() if value is not None}}


def job_body(cluster='c', **properties):
    """A job that runs until the test ends it. `cluster` is a name, an id, or what a body has in its place."""
    identity = {'id': cluster if cluster.startswith('/') else cluster_path(cluster)} if isinstance(cluster, str) \
        else cluster
    given = {'cluster': identity, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP/out',
             'customToolkitSettings': {'commandLine': 'sleep'}, **properties}
    return {'properties': {key: value for key, value in given.items() if value is not None}}


def file_server_body(**properties):
    given = {'vmSize': 'STANDARD_D1',
             'sshConfiguration': {'userAccountSettings': {'adminUserName': 'alex',
                                                          'adminUserPassword': 'Passw0rd-of-the-server'}},
             'dataDisks': {'diskSizeInGB': 10, 'diskCount': 2, 'storageAccountType': 'Standard_LRS'}, **properties}
    return {'properties': given}
