import io
from types import SimpleNamespace

import pytest
import requests
from azure.cli.core.azclierror import AzureConnectionError, ResourceNotFoundError
from azure.core.exceptions import ServiceRequestError

from azext_batchai.remote.connection import Connection
from azext_batchai.remote.streaming import (
    Follower, JobGone, LinkExpired, RemoteJobFiles, Rewritten, Trouble, follow)
from fakes import not_found


class FakeFiles:
    """A job that acts out `script`: each look at it takes the next step, a callable on this object."""

    def __init__(self, *script):
        self.script = list(script)
        self.content, self.present, self.finished = b'', False, False
        self.links = 0

    def _advance(self):
        if self.script:
            self.script.pop(0)(self)

    def link(self, name):
        self._advance()
        self.links += 1
        return f'https://h/{name}' if self.present else None

    def names(self):
        return ['stderr.txt']

    def is_finished(self):
        return self.finished

    def standing(self):
        return "job 'j' is queued: too few nodes"

    def read(self, link, offset):
        self._advance()
        if len(self.content) < offset:
            raise Rewritten
        if self.content[offset:]:
            yield self.content[offset:]


def write(text):
    def step(files):
        files.present = True
        files.content += text
    return step


def finish(files):
    files.finished = True


def nothing(files):
    pass


def fail(error):
    def step(files):
        raise error
    return step


def run(files, clock=None):
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds
        assert now[0] < 1000, 'streams for ever'
    out = io.BytesIO()
    appeared = Follower(files, 'stdout.txt', out, clock or (lambda: now[0]), sleep).run()
    return appeared, out.getvalue(), now[0]


@pytest.mark.parametrize('script, printed', [
    ([write(b'a'), finish], b'a'),
    ([nothing, nothing, write(b'a'), write(b'b'), nothing, write(b'c\xff'), finish], b'abc\xff'),
    ([write(b'a'), lambda files: (write(b'tail')(files), finish(files))], b'atail'),
    ([write(b''), finish], b''),
], ids=['at once', 'bit by bit', 'tail written at the end', 'empty file'])
def test_everything_is_printed_once(script, printed):
    assert run(FakeFiles(*script))[:2] == (True, printed)


def test_what_is_written_after_the_last_idle_look_is_printed():
    files = FakeFiles(write(b'a'))
    seen = []

    def is_finished():
        if not seen:
            files.content += b'last words'
        seen.append(True)
        return True
    files.is_finished = is_finished
    assert run(files)[:2] == (True, b'alast words')


def test_job_that_never_wrote_the_file_ends_the_stream():
    assert run(FakeFiles(nothing, finish))[:2] == (False, b'')


@pytest.mark.parametrize('error', [Trouble('lost'), LinkExpired('403')])
def test_trouble_on_the_way_loses_nothing(error):
    files = FakeFiles(write(b'one'), nothing, fail(error), fail(error), write(b'two'), finish)
    assert run(files)[:2] == (True, b'onetwo')


def test_expired_link_is_asked_for_again():
    files = FakeFiles(write(b'one'), nothing, fail(LinkExpired('403')), write(b'two'), finish)
    run(files)
    assert files.links == 2


def test_file_that_is_written_anew_is_printed_anew():
    def requeue(files):
        files.content = b''
    files = FakeFiles(write(b'first try'), nothing, requeue, write(b'second'), finish)
    assert run(files)[:2] == (True, b'first trysecond')


def test_lasting_trouble_ends_the_stream():
    with pytest.raises(AzureConnectionError, match='60 seconds: lost. The job goes on'):
        run(FakeFiles(*[fail(Trouble('lost'))] * 1000))


def test_idle_stream_asks_for_the_state_twice_a_second_at_most():
    files = FakeFiles(write(b'a'), *[nothing] * 60, finish)
    asked = []
    files.is_finished = lambda: asked.append(True) or files.finished
    _, _, seconds = run(files)
    assert len(asked) <= seconds / 0.5 + 2


def test_missing_file_is_an_error_that_names_those_there(monkeypatch):
    with pytest.raises(ResourceNotFoundError, match="without writing 'stdout.txt'; the directory holds: stderr.txt"):
        monkeypatch.setattr('azext_batchai.remote.streaming.time.sleep', lambda seconds: None)
        follow(FakeFiles(finish), 'stdout.txt', 'j', io.BytesIO())


def test_deleted_job_is_named():
    with pytest.raises(ResourceNotFoundError, match="Job 'j' was deleted"):
        follow(FakeFiles(fail(JobGone())), 'stdout.txt', 'j', io.BytesIO())


def test_long_wait_for_the_file_is_explained_once(caplog):
    run(FakeFiles(*[nothing] * 60, write(b'a'), finish))
    assert caplog.messages == ["Waiting for 'stdout.txt'; job 'j' is queued: too few nodes"]


@pytest.mark.parametrize('script', [[nothing] * 5 + [write(b'a'), finish], [write(b'a')] + [nothing] * 90 + [finish]],
                         ids=['short wait', 'quiet file'])
def test_other_waits_need_no_words(caplog, script):
    run(FakeFiles(*script))
    assert not caplog.messages


# the job of a service

HERE, ELSEWHERE = Connection('https://127.0.0.1:1', 't'), Connection('https://127.0.0.1:2', 't')


def failing(error):
    def ask(*_args, **_options):
        raise error
    return ask


def client_at(connection, **jobs):
    return SimpleNamespace(connection=connection, jobs=SimpleNamespace(**jobs))


def files_of(client, reconnected=None):
    return RemoteJobFiles(client, 'g', 'w', 'e', 'j', 'stdouterr', 'sub', reconnected)


def test_directory_that_is_not_there_yet_holds_no_file_yet():
    files = files_of(client_at(HERE, list_output_files=failing(not_found('DirectoryNotFound'))))
    assert files.link('stdout.txt') is None and files.names() == []


def test_deleted_job_is_gone():
    with pytest.raises(JobGone):
        files_of(client_at(HERE, list_output_files=failing(not_found('JobNotFound')))).names()


def test_standing_is_the_state_and_what_keeps_the_job_queued():
    info = SimpleNamespace(errors=[SimpleNamespace(code='JobTooLargeForCluster', message='needs 3 nodes')])
    seen = [SimpleNamespace(execution_state='queued', execution_info=info),
            SimpleNamespace(execution_state='running', execution_info=None)]
    files = files_of(client_at(HERE, get=lambda *_: seen.pop(0)))
    said = []
    for _ in range(2):
        files.is_finished()
        said.append(files.standing())
    assert said == ["job 'j' is queued: needs 3 nodes", "job 'j' is running"]


def test_service_that_came_back_elsewhere_is_followed():
    entry = SimpleNamespace(name='f', download_url='https://127.0.0.1:2/f')
    files = files_of(client_at(HERE, list_output_files=failing(ServiceRequestError('refused'))),
                     lambda: client_at(ELSEWHERE, list_output_files=lambda *_: [entry]))
    with pytest.raises(LinkExpired):
        files.link('f')
    assert files.link('f') == entry.download_url


def test_link_to_where_the_service_was_is_asked_for_again(monkeypatch):
    files = files_of(client_at(HERE), lambda: client_at(ELSEWHERE))
    monkeypatch.setattr('requests.Session.get', failing(requests.exceptions.ConnectionError()))
    with pytest.raises(LinkExpired):
        list(files.read('https://127.0.0.1:1/f', 0))
    with pytest.raises(Trouble) as caught:
        list(files.read('https://127.0.0.1:2/f', 0))
    assert not isinstance(caught.value, LinkExpired)


@pytest.mark.parametrize('reconnected', [
    lambda: client_at(HERE), lambda: client_at(None), failing(AzureConnectionError('no service')), None],
    ids=['same place', 'Azure', 'none', 'no way'])
def test_service_that_is_away_is_trouble(reconnected):
    files = files_of(client_at(HERE, list_output_files=failing(ServiceRequestError('refused'))), reconnected)
    with pytest.raises(Trouble) as caught:
        files.link('f')
    assert not isinstance(caught.value, LinkExpired)
