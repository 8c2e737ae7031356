"""What clients say of the files they store, beside the files."""
import sqlite3
from dataclasses import replace

import pytest

from azext_batchai.service.store import Store
from azext_batchai.service.store.stored_files import NOTHING, FileKey, FileNotes


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / 'batchai.db')
    yield made
    made.close()


def key(path='', container='data', kind='blob', account='acc'):
    return FileKey(account, kind, container, path)


NOTES = FileNotes({'content-type': 'text/plain'}, {'a': 'ü'}, {'kind': 'append'}, 'bWQ1', 2**62, 2**40, 7)


def said(store, *paths, **more):
    for path in paths:
        store.stored_files.put(key(path, **more), replace(NOTES, extras={'path': path}))


def paths(store, path='', **more):
    return sorted(store.stored_files.below(key(path, **more)))


def test_what_is_said_is_kept(store, tmp_path):
    store.stored_files.put(key('a/b'), NOTES)
    store.close()
    store.__init__(tmp_path / 'batchai.db')
    assert store.stored_files.find(key('a/b')) == NOTES
    store.stored_files.put(key('a/b'), replace(NOTES, md5='', metadata={}))
    assert store.stored_files.find(key('a/b')).metadata == {}


def test_nothing_is_kept_of_what_nobody_said_anything_of(store):
    assert store.stored_files.find(key('a')) is NOTHING
    store.stored_files.put(key('a'), NOTES)
    store.stored_files.put(key('a'), FileNotes(mtime_ns=1, size=2, changed=3))
    assert store.database.one('SELECT count(*) FROM stored_files')[0] == 0


@pytest.mark.parametrize('other', [{'container': 'data2'}, {'kind': 'file'}, {'account': 'other'}])
def test_containers_do_not_mix(store, other):
    said(store, '', 'a', 'a/b')
    said(store, '', 'a', 'a/b', **other)
    assert paths(store) == ['a', 'a/b']
    store.stored_files.remove_tree(key())
    assert (paths(store), paths(store, **other)) == ([], ['a', 'a/b'])
    assert store.stored_files.find(key(**other)) != NOTHING == store.stored_files.find(key())


ODD = ['a', 'a/b', 'a/b/c', 'a-b', 'a.b', 'a0', 'a0/b', 'A', 'A/b', 'a%', 'a%/b', 'a_/b', 'aä/b', 'ab/c', 'a /b']


@pytest.mark.parametrize('folder, inside', [
    ('a', ['a/b', 'a/b/c']), ('a0', ['a0/b']), ('A', ['A/b']), ('a%', ['a%/b']), ('aä', ['aä/b']), ('a/b/c', [])])
def test_below_a_folder_is_what_is_in_it_and_nothing_beside_it(store, folder, inside):
    said(store, *ODD)
    assert paths(store, folder) == sorted(inside)
    store.stored_files.remove_tree(key(folder))
    assert paths(store) == sorted(path for path in ODD if path not in inside and path != folder)


def test_notes_of_a_folder_move_along_with_it(store):
    said(store, *ODD)
    said(store, 'new/b', 'new/gone')
    store.stored_files.rename(key('a'), key('new'))
    assert paths(store, 'a') == [] and paths(store, 'new') == ['new/b', 'new/b/c']
    assert store.stored_files.find(key('new/b/c')).extras == {'path': 'a/b/c'}
    assert store.stored_files.find(key('new')).extras == {'path': 'a'}
    assert 'a0/b' in paths(store) and 'A/b' in paths(store)


def test_a_file_without_notes_takes_away_those_of_the_one_it_replaces(store):
    said(store, 'target')
    store.stored_files.rename(key('source'), key('target'))
    assert paths(store) == []


def test_a_failed_rename_changes_nothing(store):
    said(store, 'a', 'b')
    with pytest.raises(sqlite3.Error), store.transaction():
        store.stored_files.rename(key('a'), key('b'))
        store.database.one('SELECT no_such_column FROM stored_files')
    assert store.stored_files.find(key('b')).extras == {'path': 'b'}


def test_an_account_goes_as_a_whole(store):
    said(store, 'a', kind='file')
    said(store, 'a')
    said(store, 'a', account='other')
    store.stored_files.remove_account('acc')
    assert (paths(store), paths(store, kind='file'), paths(store, account='other')) == ([], [], ['a'])


def test_ten_thousand_notes_do_not_make_one_slow(store):
    """The index is used: for one file, and for what is below one folder."""
    for sql, values in (("SELECT * FROM stored_files WHERE account = ? AND kind = ? AND container = ? AND path = ?", 4),
                        ("SELECT * FROM stored_files WHERE account = ? AND kind = ? AND container = ? AND path > ? "
                         "AND path < ?", 5)):
        plan = store.database.all(f'EXPLAIN QUERY PLAN {sql}', ('x',) * values)
        assert all('USING PRIMARY KEY' in row['detail'] and 'path' in row['detail'] for row in plan)
