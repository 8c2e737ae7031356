"""Requests that are held until there is news. Time is real here, since it is the event loop that waits."""
import asyncio
import time
from pathlib import Path

import pytest
from harness import auto, job_path, manual

from azext_batchai.arm.held_requests import FILES, NAMES, STATE, folder_digest, prefer
from azext_batchai.service.handlers.holding import pause_between_looks

JOB = job_path('j')
# Longer than a hold may be, and shorter than a test.
LONG = 60.0
# Less than this is at once.
AT_ONCE = 2.0


@pytest.fixture
def running(harness):
    """A job j that runs; `running.logs` is its folder of logs, which holds stdout.txt of three bytes."""
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    environment = harness.engine.launches[harness.running_launch('j').id].tasks[0].environment
    harness.logs = Path(environment['AZ_BATCHAI_STDOUTERR_DIR'])
    (harness.logs / 'stdout.txt').write_bytes(b'one')
    return harness


def listing(harness, **more):
    return harness.send('POST', f'{JOB}/listOutputFiles', params={'outputdirectoryid': 'stdouterr'}, **more)


def digest(response, sizes):
    return folder_digest((entry['name'], entry['properties']['contentLength'] if sizes else 0)
                         for entry in response.json()['value'])


def link(harness):
    return next(entry['downloadUrl'] for entry in harness.run(listing(harness)).json()['value']
                if entry['name'] == 'stdout.txt')


def held(harness, request, act):
    """The reply to a request during which, once it is held, `act` is done; fails when it was not held, or for long."""
    async def scene():
        task = asyncio.ensure_future(request)
        await asyncio.wait({task}, timeout=0.1)
        assert not task.done(), 'the request was not held'
        act()
        return await asyncio.wait_for(task, AT_ONCE)
    return harness.run(scene())


def at_once(harness, request):
    return harness.run(asyncio.wait_for(request, AT_ONCE))


def turn_to(harness, act):
    """`act` and what the scheduler's loop does after each turn."""
    def turn():
        act()
        harness.service.turned.beat()
    return turn


# the state of a job

def test_the_news_that_a_job_has_ended_comes_at_once(running):
    reply = held(running, running.send('GET', JOB, headers=prefer(LONG, STATE, 'running')),
                 turn_to(running, lambda: running.end('j', 7)))
    assert reply.json()['properties']['executionInfo']['exitCode'] == 7


def test_a_turn_that_does_not_change_the_job_ends_no_wait(running):
    async def scene():
        task = asyncio.ensure_future(running.send('GET', JOB, headers=prefer(LONG, STATE, 'running')))
        for _ in range(5):
            await asyncio.wait({task}, timeout=0.05)
            running.service.turned.beat()
        assert not task.done()
        running.end('j')
        running.service.turned.beat()
        return await asyncio.wait_for(task, AT_ONCE)
    assert running.run(scene()).json()['properties']['executionState'] == 'succeeded'


@pytest.mark.parametrize('headers', [
    {}, prefer(LONG, STATE, 'queued'), prefer(LONG), {'Prefer': 'wait=x; state=running'}, {'Prefer': '\x7f;;'}],
    ids=['no wish', 'another state', 'no state', 'no number', 'nonsense'])
def test_other_questions_are_answered_at_once(running, headers):
    assert at_once(running, running.send('GET', JOB, headers=headers)).status_code == 200


def test_a_job_that_has_ended_is_not_waited_for(running):
    running.end('j')
    assert at_once(running, running.send('GET', JOB, headers=prefer(LONG, STATE, 'succeeded'))).status_code == 200


def test_a_wait_ends_after_the_time_that_was_asked_for(running):
    began = time.monotonic()
    reply = at_once(running, running.send('GET', JOB, headers=prefer(0.2, STATE, 'running')))
    assert reply.json()['properties']['executionState'] == 'running' and time.monotonic() - began >= 0.2


def test_a_job_that_is_deleted_during_the_wait_is_not_found(running):
    def delete():
        running.store.resources.remove(running.job_record('j').guid)
    reply = held(running, running.send('GET', JOB, headers=prefer(LONG, STATE, 'running')), turn_to(running, delete))
    assert (reply.status_code, reply.json()['error']['code']) == (404, 'JobNotFound')


def test_a_service_that_ends_answers_those_who_wait(running):
    reply = held(running, running.send('GET', JOB, headers=prefer(LONG, STATE, 'running')),
                 running.service.turned.close)
    assert reply.status_code == 200
    assert at_once(running, listing(running, headers=prefer(LONG, FILES, digest(
        running.run(listing(running)), sizes=True)))).status_code == 200


# what a file has more

def beyond(harness, offset, seconds=LONG):
    return harness.send('GET', link(harness), headers={'range': f'bytes={offset}-', **prefer(seconds)}, token=None)


def test_what_is_written_to_a_file_comes_at_once(running):
    def write():
        with open(running.logs / 'stdout.txt', 'ab') as file:
            file.write(b'two')
    reply = held(running, beyond(running, 3), write)
    assert (reply.status_code, reply.content) == (206, b'two')


def test_what_is_there_already_is_not_waited_for(running):
    assert at_once(running, beyond(running, 1)).content == b'ne'


@pytest.mark.parametrize('content, status', [(b'o', 416), (None, 404)], ids=['shorter', 'gone'])
def test_a_file_that_shrinks_or_vanishes_is_news(running, content, status):
    file = running.logs / 'stdout.txt'
    reply = held(running, beyond(running, 3), lambda: file.unlink() if content is None else file.write_bytes(content))
    assert reply.status_code == status


def test_nothing_more_is_waited_for_when_the_job_ends(running):
    reply = held(running, beyond(running, 3), turn_to(running, lambda: running.end('j')))
    assert reply.status_code == 416 and reply.headers['content-range'].endswith('*/3')
    assert at_once(running, beyond(running, 3)).status_code == 416


@pytest.mark.parametrize('wanted', ['bytes=3-5', 'bytes=-3', 'bytes=x-', 'bytes=99999999999999999999-'])
def test_other_ranges_are_not_waited_for(running, wanted):
    reply = at_once(running, running.send('GET', link(running), headers={'range': wanted, **prefer(LONG)}, token=None))
    assert reply.status_code in (206, 400, 416)


def test_a_link_that_is_not_ours_is_not_waited_for(running):
    forged = link(running).replace('sig=', 'sig=0')
    assert at_once(running, running.send('GET', forged, headers={'range': 'bytes=3-', **prefer(LONG)}, token=None)
                   ).status_code == 403


# what a folder has more

def test_a_new_name_comes_at_once(running):
    known = digest(running.run(listing(running)), sizes=False)
    reply = held(running, listing(running, headers=prefer(LONG, NAMES, known)),
                 lambda: (running.logs / 'new.txt').write_bytes(b''))
    assert 'new.txt' in [entry['name'] for entry in reply.json()['value']]


def test_growth_is_news_to_those_who_ask_for_it(running):
    first = running.run(listing(running))
    reply = held(running, listing(running, headers=prefer(LONG, FILES, digest(first, sizes=True))),
                 lambda: (running.logs / 'stdout.txt').write_bytes(b'grown'))
    assert {entry['name']: entry['properties']['contentLength'] for entry in reply.json()['value']}['stdout.txt'] == 5
    names = digest(reply, sizes=False)
    held(running, listing(running, headers=prefer(0.5, NAMES, names)),
         lambda: (running.logs / 'stdout.txt').write_bytes(b'grown again'))


def test_the_end_of_the_job_ends_the_wait_for_files(running):
    known = digest(running.run(listing(running)), sizes=True)
    reply = held(running, listing(running, headers=prefer(LONG, FILES, known)),
                 turn_to(running, lambda: running.end('j')))
    assert reply.status_code == 200


def test_the_first_file_of_a_job_that_is_queued_is_waited_for(harness):
    harness.make_cluster(scaleSettings=auto(0, 1))
    harness.submit('j')

    def start():
        harness.settle()
        logs = harness.store.jobs.find(JOB.lower()).directories['stdouterr']
        (Path(logs) / 'stdout.txt').write_bytes(b'')
    reply = held(harness, listing(harness, headers=prefer(LONG, NAMES, folder_digest([]))), start)
    assert 'stdout.txt' in [entry['name'] for entry in reply.json()['value']]


def test_a_folder_that_the_job_has_yet_to_make_is_waited_for(running):
    def request():
        return running.send('POST', f'{JOB}/listOutputFiles', headers=prefer(LONG, NAMES, folder_digest([])),
                            params={'outputdirectoryid': 'stdouterr', 'directory': 'late'})
    reply = held(running, request(), lambda: (running.logs / 'late').mkdir() or (running.logs / 'late' / 'f').touch())
    assert [entry['name'] for entry in reply.json()['value']] == ['f']


@pytest.mark.parametrize('directory', ['..', '/../..', 'stdout.txt'])
def test_a_folder_that_cannot_be_is_refused_at_once(running, directory):
    reply = at_once(running, running.send(
        'POST', f'{JOB}/listOutputFiles', headers=prefer(LONG, NAMES, folder_digest([])),
        params={'outputdirectoryid': 'stdouterr', 'directory': directory}))
    assert reply.status_code == 400


@pytest.mark.parametrize('look, lookers, pause', [(0.0, 1, 0.025), (0.001, 1, 0.025), (0.01, 1, 0.2), (0.01, 100, 20.0),
                                                  (0.0001, 100, 0.2)])
def test_those_who_wait_for_files_share_the_time_that_looking_may_take(look, lookers, pause):
    assert pause_between_looks(look, lookers) == pytest.approx(pause)


def test_who_waits_for_files_is_counted_until_the_answer(running):
    seen = []
    held(running, beyond(running, 3), lambda: (seen.append(running.service.lookers),
                                               (running.logs / 'stdout.txt').write_bytes(b'one two')))
    assert seen == [1] and running.service.lookers == 0
