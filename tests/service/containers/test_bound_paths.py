import os
import re

import pytest

from azext_batchai.service.containers.mounts import BindError, bound_paths, mount_links


@pytest.fixture
def tree(tmp_path):
    """Makes folders, and links of ``name -> target``, below a folder that it returns."""
    def make(*names):
        for name in names:
            place, arrow, target = name.partition(' -> ')
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            if arrow:
                path.symlink_to(target.replace('//', f'{tmp_path}/'))
            else:
                path.mkdir(parents=True, exist_ok=True)
        return tmp_path
    return make


CASES = {
    'one folder': (['node'], ['node'], ['node']),
    'nested ones': (['node/a'], ['node/a', 'node', 'node/a/'], ['node']),
    'a link to elsewhere': (['share', 'node/m/afs -> //share'], ['node', 'node/m/afs'], ['node', 'share']),
    'a path beyond a link': (['share/out', 'node/afs -> //share'], ['node', 'node/afs/out'], ['node', 'share']),
    'a link to a link': (['share', 'mid -> //share', 'node/a -> //mid'], ['node', 'node/a'], ['mid', 'node']),
    'two links one way': (['s/one', 'node/a -> //s', 'node/b -> //s/one'], ['node', 'node/a', 'node/b'],
                          ['node', 's']),
    'a link inside what a link leads to': (['deep', 's/in -> //deep', 'node/a -> //s'], ['node', 'node/a/in'],
                                           ['deep', 'node', 's']),
    'a relative link': (['share', 'node/a -> ../share'], ['node', 'node/a'], ['node', 'share']),
    'a link within': (['node/x', 'node/a -> x'], ['node', 'node/a'], ['node']),
    'a link as the root': (['real', 'node -> //real'], ['node'], ['node']),
    'a broken link': (['node/a -> //gone'], ['node', 'node/a'], ['node']),
    'a circle': (['node/a -> //node/b', 'node/b -> //node/a'], ['node', 'node/a'], ['node']),
    'nothing there': ([], ['gone'], []),
    'names that begin alike': (['node', 'node-2'], ['node', 'node-2'], ['node', 'node-2']),
}


@pytest.mark.parametrize('case', CASES)
def test_every_path_resolves_with_the_fewest_places_bound(tree, case):
    made, asked, bound = CASES[case]
    root = tree(*made)
    assert bound_paths([root / path for path in asked]) == [root / path for path in bound]


@pytest.mark.parametrize('system', ['/', '/usr', '/etc', '/dev'])
def test_a_share_must_not_hide_the_image(tree, system):
    root = tree(f'node/m -> {system}')
    with pytest.raises(BindError, match=f'^{re.escape(system)} of the node cannot be shared'):
        bound_paths([root / 'node', root / 'node/m'])


def test_a_name_that_no_runtime_takes_is_said(tmp_path):
    (tmp_path / 'a"b').mkdir()
    with pytest.raises(BindError, match='has a quote'):
        bound_paths([tmp_path / 'a"b'])


def test_links_of_mounts_are_found_at_any_depth_but_not_beyond_links(tree):
    root = tree('share/inner', 'share/x -> //share/inner', 'node/m/afs -> //share', 'node/m/deep/er/bfs -> //share',
                'node/m/plain')
    assert mount_links(root / 'node/m') == [root / 'node/m/afs', root / 'node/m/deep/er/bfs']
    assert mount_links(root / 'gone') == []


def test_a_file_system_mounted_there_is_not_searched(tree, monkeypatch):
    root = tree('node/m/nfs/user/link -> //node', 'node/m/a -> //node')
    monkeypatch.setattr(os.path, 'ismount', lambda path: str(path).endswith('/nfs'))
    assert mount_links(root / 'node/m') == [root / 'node/m/a']
