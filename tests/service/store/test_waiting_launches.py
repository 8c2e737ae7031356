"""Launches that wait in the queue of an engine: a look at the others does not read them."""
import pytest

from azext_batchai.service.store import Store
from azext_batchai.service.store.launches import MAIN

NOON = 1528286400.0


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / 'batchai.db')
    yield opened
    opened.close()


def start(store, name, nodes=()):
    store.launches.intend(name, f'job-{name}', MAIN, 1, list(nodes), NOON)
    store.launches.started(name, f'handle-{name}')
    return f'handle-{name}'


def ids(launches):
    return [launch.id for launch in launches]


def test_those_that_wait_are_left_out_and_those_that_do_not_are_seen(store):
    waiting = [start(store, name) for name in ('a', 'b', 'c')]
    start(store, 'placed', ['n1'])
    store.launches.intend('untold', 'job', MAIN, 1, [], NOON)
    assert ids(store.launches.live_but(waiting)) == ['placed', 'untold']
    assert ids(store.launches.live_but(waiting[1:])) == ['placed', 'untold', 'a']


def test_one_that_got_its_nodes_is_seen_once_and_one_that_ended_no_more(store):
    start(store, 'a')
    assert ids(store.launches.live_but([])) == ['a']
    store.launches.set_nodes('a', ['n1'])
    assert ids(store.launches.live_but([])) == ids(store.launches.placed()) == ['a']
    store.launches.ended('a', {}, NOON)
    assert store.launches.live_but([]) == store.launches.placed() == []


def test_one_that_ended_or_was_forgotten_without_ever_getting_nodes_is_seen_no_more(store):
    start(store, 'a')
    start(store, 'b')
    assert ids(store.launches.live_but([])) == ['a', 'b']
    store.launches.ended('a', {}, NOON)
    store.launches.forget('job-b')
    assert store.launches.live_but([]) == []


def test_those_that_start_later_and_those_of_an_earlier_process_are_known(store, tmp_path):
    first = start(store, 'a')
    assert store.launches.live_but([first]) == []
    second = start(store, 'b')
    assert ids(store.launches.live_but([first])) == ['b']
    again = Store(tmp_path / 'batchai.db')
    assert ids(again.launches.live_but([second])) == ['a']
    again.close()


def test_a_start_that_was_taken_back_is_to_be_made_again(store):
    store.launches.live_but(['x'])
    store.launches.intend('a', 'job-a', MAIN, 1, [], NOON)
    with pytest.raises(KeyError):
        with store.transaction():
            store.launches.started('a', 'handle-a')
            raise KeyError
    [launch] = store.launches.live_but(['handle-a'])
    assert launch.id == 'a' and launch.handle is None
