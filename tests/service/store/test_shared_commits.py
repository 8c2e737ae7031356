"""Requests that arrive together share a commit, and nothing else."""
import asyncio
import sqlite3

import pytest
from harness import job_body, job_path

from azext_batchai.service.store.database import Database
from azext_batchai.service.store.shared_commits import SharedCommits


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / 'batchai.db')
    opened.connection.execute('CREATE TABLE words (word TEXT UNIQUE)')
    yield opened
    opened.close()


def words(database):
    return {row['word'] for row in database.all('SELECT word FROM words')}


def add(database, word):
    def work():
        with database.transaction() as connection:
            connection.execute('INSERT INTO words VALUES (?)', (word,))
        return word
    return work


def run_all(database, *works):
    """What each work returned or raised, all of them begun at once."""
    commits = SharedCommits(database)

    async def story():
        return await asyncio.gather(*map(commits.run, works), return_exceptions=True)
    return asyncio.run(story())


def fail():
    raise LookupError('no')


@pytest.mark.parametrize('count', [1, 2, 5])
def test_each_gets_what_its_own_work_returns(database, count):
    wanted = [f'w{number}' for number in range(count)]
    assert run_all(database, *(add(database, word) for word in wanted)) == wanted
    assert words(database) == set(wanted)


@pytest.mark.parametrize('others', [[], ['a', 'b']])
def test_what_fails_takes_back_its_own_writes_and_no_others(database, others):
    def write_and_fail():
        add(database, 'half')()
        fail()
    *kept, failed = run_all(database, *(add(database, word) for word in others), write_and_fail)
    assert kept == others and isinstance(failed, LookupError)
    assert words(database) == set(others)


def test_an_error_of_sqlite_in_one_does_not_reach_the_others(database):
    first, second, third = run_all(database, add(database, 'a'), add(database, 'a'), add(database, 'b'))
    assert (first, third) == ('a', 'b') and isinstance(second, sqlite3.IntegrityError)
    assert words(database) == {'a', 'b'}


def break_commit(database):
    """A constraint that is checked at the end; a full disk does the same."""
    def work():
        with database.transaction() as connection:
            connection.execute('PRAGMA defer_foreign_keys=ON')
            connection.execute("INSERT INTO clusters (guid, allocation_state, allocation_time) VALUES ('x', 's', 0)")
    return work


def lose_transaction(database):
    """What SQLite may do by itself when the disk is full."""
    def work():
        database.connection.execute('ROLLBACK')
        raise sqlite3.OperationalError('database or disk is full')
    return work


@pytest.mark.parametrize('trouble', [break_commit, lose_transaction])
@pytest.mark.parametrize('others', [[], ['a', 'b']])
def test_nobody_is_told_of_success_when_nothing_could_be_written(database, trouble, others):
    before, after = others[:1], others[1:]
    results = run_all(database, *(add(database, word) for word in before), trouble(database),
                      *(add(database, word) for word in after))
    assert len(results) == len(others) + 1
    assert all(isinstance(result, sqlite3.Error) for result in results)
    assert words(database) == set()
    assert run_all(database, add(database, 'later')) == ['later'] and words(database) == {'later'}


def test_everything_is_on_disk_before_the_first_of_them_hears_of_it(database, tmp_path):
    commits, seen = SharedCommits(database), []

    async def request(word):
        await commits.run(add(database, word))
        other = sqlite3.connect(tmp_path / 'batchai.db')
        seen.append(other.execute('SELECT count(*) FROM words').fetchone()[0])
        other.close()

    async def story():
        await asyncio.gather(request('a'), request('b'), request('c'))
    asyncio.run(story())
    assert seen == [3, 3, 3]


def test_nobody_in_between_sees_what_is_not_on_disk(database):
    commits, seen = SharedCommits(database), []

    async def look():
        for _ in range(5):
            seen.append((len(words(database)), database.connection.in_transaction))
            await asyncio.sleep(0)

    async def story():
        await asyncio.gather(commits.run(add(database, 'a')), look(), commits.run(add(database, 'b')))
    asyncio.run(story())
    assert set(seen) == {(0, False), (2, False)}


def test_a_request_that_is_cancelled_holds_up_none_of_the_others(database):
    commits = SharedCommits(database)

    async def story():
        gone, stays = [asyncio.ensure_future(commits.run(add(database, word))) for word in 'ab']
        await asyncio.sleep(0)
        gone.cancel()
        return await stays
    assert asyncio.run(story()) == 'b'


def test_of_requests_at_once_the_one_that_is_refused_does_not_spoil_the_rest(pair):
    async def story():
        return await asyncio.gather(
            *[pair.send('PUT', job_path(name), job_body()) for name in ('a', 'b')],
            pair.send('PUT', job_path('a'), job_body(nodeCount=2)), pair.send('PUT', job_path('c'), job_body('none')))
    assert [reply.status_code for reply in pair.run(story())] == [202, 202, 409, 404]
    assert pair.states('a', 'b') == ['queued', 'queued'] and pair.get(job_path('c')).status_code == 404
