"""A service that dies at each of its commits and each of its calls to the engine, one after the other: whatever the
point, the job ends once, as it should, and nothing of it is left."""
from contextlib import contextmanager

import pytest
from harness import GRACE, Crash, Harness, job_path, manual

from azext_batchai.service.engines.fake import FakeEngine

SECRET = 'correct horse battery staple'
TENSORFLOW = {'pythonScriptFilePath': '/t.py', 'workerCount': 2, 'parameterServerCount': 1}
CHIEF, WORKER, PS = range(3)
# More than any of the stories takes.
MOST_STEPS = 20


class Fuse:
    """Counts the points at which a service might die, and makes it die at the one that is `at`."""

    def __init__(self, at):
        self.at = at
        self.passed = 0
        self.is_armed = False

    def point(self):
        if self.is_armed:
            self.passed += 1
            if self.passed == self.at:
                raise Crash


class FusedEngine(FakeEngine):
    fuse = Fuse(0)

    def _fused(self, act, *arguments):
        self.fuse.point()
        result = act(*arguments)
        self.fuse.point()
        return result

    def start(self, launch):
        return self._fused(super().start, launch)

    def stop(self, handle, grace_seconds):
        return self._fused(super().stop, handle, grace_seconds)

    def release(self, handle):
        return self._fused(super().release, handle)

    def running(self):
        return [launch for launch, codes in self._codes.items() if None in codes]


class Mortal:
    """A service on two nodes with a fuse. When it dies it is started again."""

    def __init__(self, folder, at):
        (folder / 'bin').mkdir(parents=True)
        (folder / 'bin' / 'podman').touch(0o755)
        self.fuse = Fuse(at)
        self.harness = Harness(folder / 'data', FusedEngine())
        self.harness.make_cluster(scaleSettings=manual(2))
        self.harness.search_path = str(folder / 'bin')
        self.harness.engine.fuse = self.fuse
        self.harness.restart()
        self._fuse_database()

    def _fuse_database(self):
        database = self.harness.store.database
        whole = database.transaction

        @contextmanager
        def fused():
            outermost = database._depth == 0
            with whole() as connection:
                yield connection
                if outermost:
                    self.fuse.point()
            if outermost:
                self.fuse.point()
        database.transaction = fused

    def live(self, act=lambda: None):
        """Do something, then go on until nothing changes; after a death as well."""
        self.fuse.is_armed = True
        for work in (act, self.harness.settle):
            try:
                work()
            except Crash:
                self.harness.restart()
                self._fuse_database()
                self.harness.settle()
        self.fuse.is_armed = False

    def play(self, events):
        """Let the job go through its stages. `events` are pairs of a task of the toolkit's and its exit code, or of
        another stage and the exit code of all its tasks."""
        codes = {'container': 0, 'preparation': 0, 'cleanup': 0,
                 **{stage: code for stage, code in events if isinstance(stage, str)}}
        engine = self.harness.engine
        for _ in range(MOST_STEPS):
            if self.harness.get(job_path('j')).status_code == 404:
                return
            launch = self.harness.store.launches.open_of(self.harness.job_record('j').guid)
            if launch is None:
                return
            left = [(task, code) for task, code in events if not isinstance(task, str)
                    and launch.purpose == 'job' and engine._codes[launch.id][task] is None]
            if launch.purpose in codes:
                self.live(lambda: engine.end(launch.id, codes[launch.purpose]))
            elif left and launch.stop_time is None:
                self.live(lambda: engine.end_task(launch.id, *left[0]))
            else:
                self.live(lambda: self.harness.later(GRACE + 0.1))
        raise AssertionError(f'the job does not end: {self.harness.job("j")}')

    def check_nothing_is_left(self):
        engine, store = self.harness.engine, self.harness.store
        assert store.launches.live() == [] and engine.running() == []
        assert len(engine.starts) == len(set(engine.starts))
        contained = {launch.rpartition('-')[0] for launch in engine.starts if launch.endswith('-container')}
        cleaned = {launch.rpartition('-')[0] for launch in engine.starts if launch.endswith('-cleanup')}
        assert contained == cleaned
        assert self.harness.counts() == {'idle': 2}
        assert not list((self.harness.data_dir / 'nodes').rglob('.batchai'))
        kept = b''.join(file.read_bytes() for file in self.harness.data_dir.glob('batchai.db*'))
        assert SECRET.encode() not in kept


WORK_DONE = [(CHIEF, 0), (WORKER, 0)]
STORIES = {
    'it succeeds while a parameter server runs': (WORK_DONE, None, ('succeeded', 0)),
    'a worker fails before the parameter server': ([(WORKER, 7)], None, ('failed', 7)),
    'a worker fails after the chief ended': ([(CHIEF, 0), (WORKER, 7)], None, ('failed', 7)),
    'the preparation fails': ([('preparation', 3)], None, ('failed', 3)),
    'the container does not start': ([('container', 125)], None, ('failed', -1)),
    'the removal of the container fails': ([*WORK_DONE, ('cleanup', 125)], None, ('succeeded', 0)),
    'it is terminated': (WORK_DONE, 'terminate', None),
    'it is deleted': (WORK_DONE, 'delete', None),
}


def live_through(folder, at, contained, events, wish):
    mortal = Mortal(folder, at)
    harness = mortal.harness
    container = {'imageSourceRegistry': {'image': 'ubuntu'}} if contained else None
    try:
        harness.submit('j', nodeCount=2, customToolkitSettings=None, tensorFlowSettings=TENSORFLOW,
                       jobPreparation={'commandLine': 'sleep'}, containerSettings=container,
                       secrets=[{'name': 'KEY', 'value': SECRET}])
        mortal.live()
        if wish == 'terminate':
            harness.post(f'{job_path("j")}/terminate')
        elif wish == 'delete':
            harness.delete(job_path('j'))
        mortal.live()
        mortal.play(events)
        mortal.check_nothing_is_left()
        if wish == 'delete':
            assert harness.get(job_path('j')).status_code == 404
            return mortal.fuse.passed, None
        job = harness.job('j')
        return mortal.fuse.passed, (job['executionState'], job['executionInfo'].get('exitCode'))
    finally:
        harness.close()


@pytest.mark.parametrize('story, contained', [(story, True) for story in STORIES] + [
    ('a worker fails before the parameter server', False)], ids=lambda value: {
        True: 'in containers', False: 'on the host'}.get(value, value))
def test_wherever_the_service_dies_the_job_ends_once_and_leaves_nothing(tmp_path, story, contained):
    events, wish, expected = STORIES[story]
    points, result = live_through(tmp_path / 'whole', 0, contained, events, wish)
    if expected:
        assert result == expected
    assert points > 10
    for at in range(1, points + 1):
        try:
            _, result = live_through(tmp_path / str(at), at, contained, events, wish)
        except Exception as problem:
            raise AssertionError(f'after its death at point {at} of {points}: {problem}') from problem
        assert result == expected or not expected and (wish == 'delete' or result[0] in ('failed', 'succeeded')), at
