"""A share or container as a tree of files out of which nothing leads, whatever a job has put into it."""
import errno
import os
import threading

import pytest

from azext_batchai.service.storage.rest.errors import StorageError
from azext_batchai.service.storage.rest.tree import OutsideTree, Tree
from azext_batchai.service.storage.uploads import HIDDEN_PREFIX


@pytest.fixture
def root(tmp_path):
    """`outside` is beside it, with a secret."""
    made = (tmp_path / 'share').resolve()
    made.mkdir()
    outside = made.parent / 'outside'
    outside.mkdir()
    (outside / 'secret').write_text('secret')
    return made


@pytest.fixture
def tree(root):
    return Tree(root)


def read(tree, *parts):
    with open(tree.open(parts), 'rb') as file:
        return file.read().decode()


def write(tree, *parts, text='x'):
    with open(tree.open(parts, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 'wb') as file:
        file.write(text.encode())


BAD_NAMES = ['', '.', '..', 'a/b', '/etc', 'a\\b', 'a\x00b', 'a\nb', '\x7f', 'x' * 256, 'ä' * 128, '\ud800']


@pytest.mark.parametrize('name', BAD_NAMES)
def test_names_that_are_no_names_are_refused_by_every_method(tree, root, name):
    (root / 'x').write_text('')
    for work in (tree.status, tree.open, tree.make_folder, tree.make_folders, tree.remove_file, tree.remove_folder,
                 tree.scan, lambda parts: tree.rename(['x'], parts), lambda parts: tree.rename(parts, ['y']),
                 lambda parts: tree.adopt(root / 'x', parts), lambda parts: tree.open(parts, os.O_RDWR | os.O_CREAT)):
        for parts in ([name], ['a', name], [name, 'a']):
            with pytest.raises(StorageError) as refused:
                work(parts)
            assert (refused.value.status, refused.value.code) == (400, 'InvalidResourceName')
    assert sorted(os.listdir(root)) == ['x']


@pytest.mark.parametrize('name', ['a b', 'ü', '%2e%2e', 'a+b', '...', '.x', 'x' * 255, '~', '$HOME', '-rf', '日本'])
def test_odd_names_are_names(tree, name):
    write(tree, name, text='content')
    assert read(tree, name) == 'content'
    assert [entry.name for entry in tree.scan()] == [name]


def plant(root):
    """Ways out, as a job can make them."""
    outside = root.parent / 'outside'
    links = {'absolute': outside, 'relative': '../outside', 'file': outside / 'secret', 'up': '..', 'root': '/',
             'twice': 'absolute', 'deep': 'absolute/secret', 'prefix': f'{root}/../outside', 'beside': f'{root}x'}
    (root.parent / f'{root.name}x').mkdir()
    for name, target in links.items():
        (root / name).symlink_to(target)
    return links


def test_no_link_leads_out(tree, root):
    for name in plant(root):
        for parts in ((name,), (name, 'secret'), (name, 'new')):
            for work in (tree.status, tree.open, tree.scan,
                         lambda parts: tree.open(parts, os.O_WRONLY | os.O_CREAT)):
                with pytest.raises(OutsideTree):
                    work(parts)
            if len(parts) > 1:
                for work in (tree.make_folder, tree.remove_file, tree.remove_folder, tree.make_folders,
                             lambda parts: tree.rename(parts, ['stolen']), lambda parts: tree.rename(['file'], parts)):
                    with pytest.raises(OutsideTree):
                        work(parts)
    assert tree.scan() == []
    assert os.listdir(root.parent / 'outside') == ['secret']
    assert (root.parent / 'outside' / 'secret').read_text() == 'secret'


def test_what_is_put_in_the_place_of_a_link_replaces_the_link(tree, root, tmp_path):
    plant(root)
    upload = tmp_path / 'upload'
    upload.write_text('new')
    tree.adopt(upload, ['file'])
    assert read(tree, 'file') == 'new' and not (root / 'file').is_symlink() and not upload.exists()
    tree.remove_file(['absolute'])
    assert (root.parent / 'outside' / 'secret').read_text() == 'secret'


def test_links_that_stay_inside_are_gone_along(tree, root):
    (root / 'run-3').mkdir()
    (root / 'run-3' / 'model').write_text('weights')
    (root / 'latest').symlink_to('run-3')
    (root / 'absolute').symlink_to(root / 'run-3' / 'model')
    assert read(tree, 'latest', 'model') == read(tree, 'absolute') == 'weights'
    write(tree, 'latest', 'new')
    assert (root / 'run-3' / 'new').exists()
    assert [(entry.name, entry.is_folder) for entry in tree.scan()] == [
        ('absolute', False), ('latest', True), ('run-3', True)]
    assert [entry.name for entry in tree.scan(['latest'])] == ['model', 'new']


def test_links_in_a_circle_end(tree, root):
    (root / 'a').mkdir()
    (root / 'a' / 'back').symlink_to('..')
    (root / 'self').symlink_to('self')
    assert [entry.name for entry in tree.scan()] == ['a']
    assert tree.scan(['a']) == []
    for name in ('self', 'back'):
        with pytest.raises(FileNotFoundError):
            tree.open([name])


def test_a_folder_that_becomes_a_link_meanwhile_is_no_way_out(tree, root):
    """Between looking and opening, a job exchanges them again and again."""
    (root / 'folder').mkdir()
    (root / 'folder' / 'secret').write_text('harmless')
    (root / 'link').symlink_to(root.parent / 'outside')
    stop = threading.Event()

    def exchange():
        while not stop.is_set():
            os.rename(root / 'folder', root / 'spare')
            os.rename(root / 'link', root / 'folder')
            os.rename(root / 'folder', root / 'link')
            os.rename(root / 'spare', root / 'folder')
    job = threading.Thread(target=exchange)
    job.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(read(tree, 'folder', 'secret'))
            except OSError as error:
                seen.add(type(error).__name__)
    finally:
        stop.set()
        job.join()
    assert 'harmless' in seen and 'secret' not in seen, seen


def test_pipes_sockets_and_devices_are_not_there(tree, root):
    os.mkfifo(root / 'pipe')
    (root / 'tty').symlink_to('/dev/null')
    (root / 'broken').symlink_to('nothing')
    for name in ('pipe', 'broken'):
        for work in (tree.open, tree.status, lambda parts: tree.open(parts, os.O_WRONLY | os.O_CREAT)):
            with pytest.raises(FileNotFoundError):
                work([name])
    with pytest.raises(OutsideTree):
        tree.open(['tty'])
    assert tree.scan() == []


def test_files_and_folders_are_told_apart(tree, root):
    tree.make_folders(['a', 'b'])
    write(tree, 'a', 'file')
    with pytest.raises(IsADirectoryError):
        tree.open(['a', 'b'])
    with pytest.raises(NotADirectoryError):
        tree.open(['a', 'file', 'x'])
    with pytest.raises(NotADirectoryError):
        tree.make_folders(['a', 'file', 'x'])
    with pytest.raises(FileExistsError):
        tree.make_folder(['a'])
    with pytest.raises(FileNotFoundError):
        tree.make_folder(['no', 'x'])
    with pytest.raises(FileNotFoundError):
        tree.open(['no', 'x'], os.O_WRONLY | os.O_CREAT)
    assert tree.status([]).st_ino == root.stat().st_ino


def test_empty_folders_go_up_to_the_first_that_is_not(tree, root):
    tree.make_folders(['a', 'b', 'c'])
    write(tree, 'a', 'kept')
    with pytest.raises(OSError) as refused:
        tree.remove_folder(['a'])
    assert refused.value.errno == errno.ENOTEMPTY
    tree.remove_empty_folders(['a', 'b', 'c'])
    assert [entry.name for entry in tree.scan(['a'])] == ['kept']


def test_a_file_from_another_file_system_is_put_into_its_place_in_one_step(tree, root, tmp_path, monkeypatch):
    write(tree, 'model', text='old')
    upload = tmp_path / 'upload'
    upload.write_text('new')
    real = os.replace

    def replace(source, *more, **options):
        if source == upload:
            raise OSError(errno.EXDEV, 'another file system')
        return real(source, *more, **options)
    monkeypatch.setattr(os, 'replace', replace)
    tree.adopt(upload, ['model'])
    assert (read(tree, 'model'), os.listdir(root), upload.exists()) == ('new', ['model'], False)


def test_a_copy_that_fails_leaves_the_old_file_and_nothing_else(tree, root, tmp_path, monkeypatch):
    write(tree, 'model', text='old')
    upload = tmp_path / 'upload'
    upload.write_text('new')

    def replace(source, *more, **options):
        raise OSError(errno.EXDEV if source == upload else errno.ENOSPC, 'no')
    monkeypatch.setattr(os, 'replace', replace)
    with pytest.raises(OSError):
        tree.adopt(upload, ['model'])
    assert (read(tree, 'model'), os.listdir(root)) == ('old', ['model'])


def test_what_is_on_its_way_is_not_listed(tree, root):
    (root / f'{HIDDEN_PREFIX}1').write_text('half')
    (root / os.fsdecode(b'\xff')).write_text('no Unicode')
    (root / 'a\nb').write_text('no name')
    assert tree.scan() == []
    assert len(os.listdir(root)) == 3


def test_a_thousand_files_are_listed_in_order(tree, root):
    for number in range(1000):
        (root / f'{number}').touch()
    assert [entry.name for entry in tree.scan()] == sorted(str(number) for number in range(1000))
