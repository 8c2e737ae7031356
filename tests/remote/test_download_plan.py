import os
from collections import namedtuple

import pytest
from azure.cli.core.azclierror import AzureConnectionError, FileOperationError

from azext_batchai.remote import download_plan
from azext_batchai.remote.download_plan import Survey, plan, readable, survey
from azext_batchai.remote.download_record import Done, Record
from azext_batchai.remote.output_folder import Listing, RemoteFile
from azext_batchai.remote.trouble import Patience, Trouble


def remote(name, size=3, modified=1000):
    return RemoteFile(name, size, modified, f'https://h/{name}')


def patience():
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds
    return Patience('Listing', lambda: now[0], sleep)


def survey_of(tree):
    """`tree` is {folder: (names of files, names of folders)}."""
    return survey(lambda folder: Listing([remote(name) for name in tree[folder][0]], tree[folder][1]), patience())


def test_all_folders_are_looked_into():
    found = survey_of({'': (['x'], ['a', 'b']), 'a': (['y'], ['c']), 'a/c': (['z'], []), 'b': ([], [])})
    assert [file.name for file in found.files] == ['x', 'a/y', 'a/c/z']
    assert [file.link for file in found.files] == ['https://h/x', 'https://h/y', 'https://h/z']
    assert sorted(found.folders) == ['a', 'a/c', 'b']
    assert found.unusable == {}


def test_names_that_lead_elsewhere_are_put_aside_with_all_below_them():
    found = survey_of({'': (['ok', '../evil', '/etc/passwd'], ['..', 'a']), 'a': (['.', 'fine'], [])})
    assert [file.name for file in found.files] == ['ok', 'a/fine']
    assert found.folders == ['a']
    assert set(found.unusable) == {'../evil', '/etc/passwd', '..', 'a/.'}


def test_a_link_in_a_circle_ends_with_an_error():
    with pytest.raises(FileOperationError, match='choose one of them with --path'):
        survey(lambda folder: Listing([], ['loop']), patience())


def test_more_folders_than_anybody_makes_end_with_an_error(monkeypatch):
    monkeypatch.setattr(download_plan, '_MOST_FOLDERS', 100)
    with pytest.raises(FileOperationError, match='too many folders'):
        survey(lambda folder: Listing([], ['loop', 'other']), patience())


def test_listing_goes_on_after_trouble():
    answers = [Trouble('away'), Trouble('away'), Listing([remote('x')])]

    def listed(folder):
        answer = answers.pop(0)
        if isinstance(answer, Trouble):
            raise answer
        return answer
    assert [file.name for file in survey(listed, patience()).files] == ['x']


def test_listing_ends_when_trouble_lasts():
    def listed(folder):
        raise Trouble('the service is away')
    with pytest.raises(AzureConnectionError, match='Listing failed for 60 seconds: the service is away'):
        survey(listed, patience())


def planned(folder, *files, overwrite=False, folders=(), origin='job'):
    return plan(Survey(list(files), list(folders)), folder, Record(folder), origin, overwrite)


def put(path, content=b'abc', modified=1000):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


def done(folder, name, origin='job', size=3, modified=1000):
    record = Record(folder)
    record.add(Done(name, origin, size, modified, (folder / name).stat().st_mtime_ns))
    record.close()


def test_everything_goes_into_an_empty_folder_by_name(tmp_path):
    steps = planned(tmp_path, remote('b'), remote('sub/a'), remote('a'))
    assert [(step.target, step.wanted) for step in steps] == [
        (tmp_path / 'a', True), (tmp_path / 'b', True), (tmp_path / 'sub' / 'a', True)]


def test_a_file_as_we_wrote_it_is_there_already(tmp_path):
    put(tmp_path / 'a')
    done(tmp_path, 'a')
    assert not planned(tmp_path, remote('a'))[0].wanted


@pytest.mark.parametrize('changed', [{}, {'size': 4}, {'modified': 1001}])
def test_a_file_that_somebody_else_made_is_left_alone(tmp_path, changed):
    put(tmp_path / 'a')
    with pytest.raises(FileOperationError, match='--overwrite') as caught:
        planned(tmp_path, remote('a', **changed))
    assert str(tmp_path / 'a') in str(caught.value)
    step, = planned(tmp_path, remote('a', **changed), overwrite=True)
    assert step.wanted and step.replaces


def test_the_number_of_files_in_the_way_is_told(tmp_path):
    put(tmp_path / 'a')
    put(tmp_path / 'b')
    put(tmp_path / 'c')
    with pytest.raises(FileOperationError, match=r'\(and so are 2 more\)'):
        planned(tmp_path, *(remote(name, 5) for name in 'abc'))


def test_a_file_that_we_wrote_is_replaced_when_the_job_has_changed_it(tmp_path):
    put(tmp_path / 'a')
    done(tmp_path, 'a')
    step, = planned(tmp_path, remote('a', 5))
    assert step.wanted and step.replaces


def test_a_file_that_we_wrote_and_somebody_edited_is_left_alone(tmp_path):
    put(tmp_path / 'a')
    done(tmp_path, 'a')
    put(tmp_path / 'a', b'edited', 2000)
    with pytest.raises(FileOperationError, match='--overwrite'):
        planned(tmp_path, remote('a', 5))


def test_a_file_of_another_job_is_left_alone_though_size_and_time_are_equal(tmp_path):
    put(tmp_path / 'a')
    done(tmp_path, 'a', origin='other')
    with pytest.raises(FileOperationError, match='--overwrite'):
        planned(tmp_path, remote('a'))


def test_a_file_whose_time_the_disk_could_not_keep_is_known_by_the_record(tmp_path):
    put(tmp_path / 'a', modified=998)
    done(tmp_path, 'a', modified=1000)
    assert not planned(tmp_path, remote('a', modified=1000))[0].wanted


def test_a_folder_in_the_place_of_a_file_is_an_error_even_with_overwrite(tmp_path):
    (tmp_path / 'a').mkdir()
    with pytest.raises(FileOperationError, match='is a folder'):
        planned(tmp_path, remote('a'), overwrite=True)


def test_a_file_in_the_place_of_a_folder_is_an_error_even_with_overwrite(tmp_path):
    put(tmp_path / 'sub')
    with pytest.raises(FileOperationError, match='in the way'):
        planned(tmp_path, remote('sub/a'), folders=['sub'], overwrite=True)


def test_a_link_to_nowhere_is_in_the_way_too(tmp_path):
    (tmp_path / 'a').symlink_to(tmp_path / 'nowhere')
    with pytest.raises(FileOperationError, match='--overwrite'):
        planned(tmp_path, remote('a'))


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(tmp_path, monkeypatch):
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(download_plan.shutil, 'disk_usage', lambda path: usage(9_000_000, 7_000_000, 2_000_000))
    with pytest.raises(FileOperationError, match='3.0 MB are to be fetched, 2.0 MB are free'):
        planned(tmp_path / 'new', remote('a', 3_000_000))
    put(tmp_path / 'new' / 'a.batchai-part', b'x' * 1_500_000)
    assert planned(tmp_path / 'new', remote('a', 3_000_000))


def test_a_disk_that_does_not_tell_its_size_is_tried(tmp_path, monkeypatch):
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(download_plan.shutil, 'disk_usage', lambda path: usage(0, 0, 0))
    assert planned(tmp_path, remote('a'))


@pytest.mark.parametrize('size, text', [(0, '0 B'), (999, '999 B'), (1000, '1.0 kB'), (12_345_678, '12.3 MB'),
                                        (2.5e9, '2.5 GB'), (3e15, '3000.0 TB')])
def test_sizes_read_well(size, text):
    assert readable(size) == text


def test_a_drive_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(download_plan.os.path, 'exists', lambda path: False)
    with pytest.raises(FileOperationError, match='Cannot use the folder .*--destination'):
        plan(Survey([remote('a')]), tmp_path / 'gone', Record(tmp_path), 'job', overwrite=False)
