import os

import pytest

from azext_batchai.service.storage.listing import Entry, OutsideFolder, confined, list_folder


@pytest.fixture
def folder(tmp_path):
    """out/ with files and folders; secret.txt beside it must stay out of reach."""
    (tmp_path / 'secret.txt').write_text('secret')
    out = tmp_path / 'out'
    (out / 'sub' / 'deep').mkdir(parents=True)
    (out / 'b.txt').write_text('four')
    (out / 'a.txt').write_text('')
    (out / 'sub' / 'c.txt').write_text('x')
    os.utime(out / 'b.txt', (1000, 1528286400.5))
    return out


def names(folder, path='.'):
    return [entry.name for entry in list_folder(folder, path)]


def test_entries_come_by_name_and_not_from_below(folder):
    found = list_folder(folder, '.')
    assert [(entry.name, entry.is_folder, entry.size) for entry in found] == [
        ('a.txt', False, 0), ('b.txt', False, 4), ('sub', True, 0)]
    assert found[1].modified == 1528286400.5
    assert found[2] == Entry('sub', True)


@pytest.mark.parametrize('path, expected', [
    ('sub', ['c.txt', 'deep']), ('sub/', ['c.txt', 'deep']), ('./sub', ['c.txt', 'deep']), ('sub/deep', []),
    ('', ['a.txt', 'b.txt', 'sub']),
])
def test_a_folder_below_is_listed_by_its_path(folder, path, expected):
    assert names(folder, path) == expected


@pytest.mark.parametrize('path', ['..', '../out', 'sub/..', 'sub/../..', '/', '/etc', 'a\x00b', '\x00'])
def test_a_path_that_leads_out_is_refused(folder, path):
    for look in (confined, list_folder):
        with pytest.raises(OutsideFolder):
            look(folder, path)


def test_a_link_out_is_neither_listed_nor_followed(folder):
    (folder / 'leak').symlink_to(folder.parent / 'secret.txt')
    (folder / 'up').symlink_to(folder.parent)
    assert names(folder) == ['a.txt', 'b.txt', 'sub']
    for path in ('leak', 'up', 'up/secret.txt'):
        with pytest.raises(OutsideFolder):
            confined(folder, path)


def test_a_neighbour_whose_name_begins_alike_is_outside(folder):
    neighbour = folder.parent / 'out-of-reach'
    neighbour.mkdir()
    (folder / 'link').symlink_to(neighbour)
    with pytest.raises(OutsideFolder):
        confined(folder, 'link')


def test_a_link_within_the_folder_is_an_ordinary_entry(folder):
    (folder / 'same.txt').symlink_to('b.txt')
    (folder / 'sub' / 'other').symlink_to('deep')
    assert names(folder) == ['a.txt', 'b.txt', 'same.txt', 'sub']
    assert names(folder, 'sub') == ['c.txt', 'deep', 'other']


def test_a_folder_that_was_swapped_for_a_link_is_refused(folder):
    """The folders of a job are kept with their links resolved; a link there was put by the job."""
    swapped = folder.parent / 'swapped'
    swapped.symlink_to(folder)
    with pytest.raises(OutsideFolder):
        list_folder(swapped, '.')


def test_a_link_that_stays_inside_is_listed(folder):
    (folder / 'sub' / 'same').symlink_to('c.txt')
    assert names(folder, 'sub') == ['c.txt', 'deep', 'same']


def test_what_is_neither_file_nor_folder_is_left_out(folder):
    os.mkfifo(folder / 'pipe')
    (folder / 'dangling').symlink_to('nowhere')
    assert names(folder) == ['a.txt', 'b.txt', 'sub']


def test_a_link_in_a_circle_does_not_hide_the_rest(folder):
    (folder / 'loop').symlink_to('loop')
    assert names(folder) == ['a.txt', 'b.txt', 'sub']


@pytest.mark.parametrize('path, error', [('nowhere', FileNotFoundError), ('a.txt', NotADirectoryError),
                                         ('a.txt/x', (NotADirectoryError, FileNotFoundError))])
def test_what_is_no_folder_cannot_be_listed(folder, path, error):
    with pytest.raises(error):
        list_folder(folder, path)


def test_a_folder_that_was_never_made_has_no_entries(tmp_path):
    with pytest.raises(FileNotFoundError):
        list_folder(tmp_path / 'never', '.')


def test_links_in_a_circle_end_where_they_close(tmp_path):
    for name, target in (('a', '../b'), ('b', '../a')):
        (tmp_path / 'out' / name).mkdir(parents=True)
        (tmp_path / 'out' / name / 'to').symlink_to(target)
    (tmp_path / 'out' / 'here').symlink_to('.')
    out = tmp_path / 'out'
    assert [entry.name for entry in list_folder(out, '.')] == ['a', 'b']
    assert [entry.name for entry in list_folder(out, 'a')] == ['to']
    assert list_folder(out, 'a/to') == []
