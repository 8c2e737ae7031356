"""Jobs whose processes write down what they were given, on nodes that all mount one folder as ``work``."""
import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from harness import cluster_path
from real_jobs import RealJobs

WORK = '$AZ_BATCHAI_MOUNT_ROOT/work'
RECORD = f'{WORK}/record.py'
NODE = re.compile(r'/(tvm-\d+_\d+-\w+)/')


def bound(folder, name='work'):
    """Mounts of a cluster or a job: a folder of this machine."""
    return {'unmanagedFileSystems': [{'mountCommand': f'mount --bind {folder}', 'relativeMountPath': name}]}


def mark_of(process):
    """The launch that a process belongs to; nothing for one that is gone, or somebody else's."""
    try:
        return process.environ().get('AZ_BATCHAI_LAUNCH') if process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def search_path(folder):
    """A PATH that begins with `folder`."""
    return f'{folder}{os.pathsep}{os.environ["PATH"]}'


@contextmanager
def recorded_jobs(folder):
    """Below `folder`: the data of the service, and ``work``."""
    made = RecordedJobs(folder / 'data', folder / 'work')
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True)
class Record:
    """What a process wrote down. `node` counts the nodes of the job from 0."""
    node: int
    node_id: str
    rank: int
    role: str
    program: str
    arguments: list
    folder: str
    environment: dict
    pid: int
    host_file: str
    folders: list
    job_temp: list
    job_mounts: list
    shared: int

    @property
    def order(self):
        return ('chief', 'worker', 'ps', '').index(self.role), self.rank


class RecordedJobs(RealJobs):
    """`work` is the folder of this machine that the nodes mount; the recording script lies in it."""

    def __init__(self, data_dir, work, engine=None):
        super().__init__(data_dir, engine)
        self.work = work
        (work / 'records').mkdir(parents=True)
        shutil.copy(Path(__file__).with_name('record.py'), work)

    def ready_cluster(self, nodes, **properties):
        super().ready_cluster(nodes, **{'nodeSetup': {'mountVolumes': bound(self.work)}, **properties})

    def submit(self, name, cluster='c', **properties):
        """As a harness does, with logs in ``work``. A toolkit given takes the place of the harness's own."""
        others = any(key.endswith('Settings') and key not in ('customToolkitSettings', 'containerSettings')
                     for key in properties)
        return super().submit(name, cluster, **{'stdOutErrPathPrefix': WORK,
                                                **({'customToolkitSettings': None} if others else {}), **properties})

    def submit_recorded(self, name='j', awaited=1, exit_codes=None, variables=None, **properties):
        """Submit a job that runs ``record.py``, where `awaited`, `exit_codes` and other `variables` are explained."""
        told = {'RECORDS': f'{WORK}/records', 'RECORDS_AWAITED': str(awaited),
                'EXIT_CODES': json.dumps(exit_codes or {}), **(variables or {})}
        return self.submit(name, **{**properties, 'environmentVariables': [
            *properties.get('environmentVariables', []),
            *({'name': key, 'value': value} for key, value in told.items())]})

    def make_programs(self, *names):
        """A folder with programs of these names, each of which records."""
        folder = self.work / 'bin'
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f'#!/bin/sh\nexec python3 {self.work}/record.py "$@"\n')
            (folder / name).chmod(0o755)
        return folder

    def node_folder(self, node_id):
        folder, = (self.data_dir / 'nodes').glob(f'*/{node_id}')
        return folder

    def engine_nodes(self, cluster='c'):
        """The nodes as the engine knows them."""
        found = self.store.clusters.find(cluster_path(cluster).lower())
        return self.engine.nodes(self.folders.cluster(found.resource.guid))

    def records(self, name='j'):
        """What the processes of the job wrote, in order of role and rank."""
        return self.records_on(self.launches(name)[-1].nodes)

    def records_on(self, nodes):
        """As `records`, of whatever ran on these nodes."""
        found = []
        for file in (self.work / 'records').glob('*.json'):
            read = json.loads(file.read_text())
            node_id = NODE.search(read['environment']['AZ_BATCHAI_JOB_TEMP'])[1]
            if node_id in nodes:
                found.append(Record(
                    nodes.index(node_id), node_id, read['rank'], read['role'], read['program'], read['arguments'],
                    read['folder'], read['environment'], read['pid'], read['hostFile'], read['folders'],
                    read['jobTemp'], read['jobMounts'], read['shared']))
        return sorted(found, key=lambda record: record.order)

    def wait_for_records(self, count, name='j'):
        """The records of a job, once there are `count`."""
        return self.wait_until(lambda: len(found := self.records(name)) == count and found, f'{count} records')

    def living(self, name='j'):
        """The processes of the job that are there, the service's own shells among them."""
        marks = {str(self.folders.launch(launch.id)) for launch in self.launches(name)}
        return [process for process in psutil.process_iter() if mark_of(process) in marks]

    def problem(self, name='j'):
        """The one error of a job."""
        problem, = self.job(name)['executionInfo']['errors']
        return problem

    def detail(self, detail, name='j'):
        return {each['name']: each['value'] for each in self.problem(name).get('details', [])}.get(detail)

    def journal(self, node=0, name='j'):
        """The execution log of one of the job's nodes."""
        nodes = self.launches(name)[-1].nodes
        return self.logs(name)['execution.log' if len(nodes) == 1 else f'execution-{nodes[node]}.log']
