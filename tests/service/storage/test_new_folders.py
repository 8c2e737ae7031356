import os

import pytest

from azext_batchai.service.storage.new_folders import make_folders


def test_all_that_is_missing_is_made_and_again_is_harmless(tmp_path):
    for _ in range(2):
        make_folders(tmp_path / 'a' / 'b' / 'c')
        assert (tmp_path / 'a' / 'b' / 'c').is_dir()


def test_a_path_without_a_folder_to_begin_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_folders('x/y')
    assert (tmp_path / 'x' / 'y').is_dir()


def test_links_to_folders_are_followed(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    make_folders(tmp_path / 'link' / 'below')
    assert (tmp_path / 'real' / 'below').is_dir()


@pytest.mark.parametrize('path, error', [('file', FileExistsError), ('file/below', NotADirectoryError),
                                         ('dead', FileExistsError)])
def test_what_is_in_the_way_is_told(tmp_path, path, error):
    (tmp_path / 'file').touch()
    (tmp_path / 'dead').symlink_to(tmp_path / 'nowhere')
    with pytest.raises(error):
        make_folders(tmp_path / path)


def test_each_missing_folder_is_made_by_one_call(tmp_path, monkeypatch):
    calls = []
    real = os.mkdir
    monkeypatch.setattr(os, 'mkdir', lambda path, *mode: (calls.append(path), real(path, *mode)))
    make_folders(tmp_path / 'a' / 'b')
    assert calls == [str(tmp_path / 'a'), str(tmp_path / 'a' / 'b')]
