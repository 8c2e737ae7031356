from types import SimpleNamespace

import pytest

from azext_batchai.remote.download_record import Begun, Done, Record, origin_name

BEGUN = Begun('sub/a', 'here', '"v1"')
DONE = Done('sub/a', 'here', 3, 1000, 1000_000_000_000)


def add(folder, *entries):
    record = Record(folder)
    for entry in entries:
        record.add(entry)
    record.close()


def status(size=3, stamp=1000_000_000_000):
    return SimpleNamespace(st_size=size, st_mtime_ns=stamp)


def test_what_was_noted_is_known_the_next_time(tmp_path):
    add(tmp_path, BEGUN, Done('b', 'here', 1, 2, 3))
    record = Record(tmp_path)
    assert record.begun('sub/a', 'here') == BEGUN
    assert record.done('b', status(1, 3)) == Done('b', 'here', 1, 2, 3)
    assert record.begun('b', 'here') is None and record.done('sub/a', status()) is None


def test_a_part_of_another_job_is_not_ours(tmp_path):
    add(tmp_path, BEGUN)
    assert Record(tmp_path).begun('sub/a', 'elsewhere') is None


def test_every_state_that_a_download_left_is_known(tmp_path):
    later = Done('sub/a', 'here', 5, 2000, 2000_000_000_000)
    add(tmp_path, DONE, BEGUN, later)
    record = Record(tmp_path)
    assert record.done('sub/a', status()) == DONE
    assert record.done('sub/a', status(5, 2000_000_000_000)) == later
    assert record.begun('sub/a', 'here') == BEGUN


@pytest.mark.parametrize('changed', [{'size': 4}, {'stamp': 1000_000_000_001}])
def test_a_file_that_somebody_touched_is_no_longer_ours(tmp_path, changed):
    add(tmp_path, DONE)
    assert Record(tmp_path).done('sub/a', status(**changed)) is None


def test_two_downloads_at_once_lose_nothing_of_each_other(tmp_path):
    first, second = Record(tmp_path), Record(tmp_path)
    for number in range(50):
        first.add(Done(f'a{number}', 'here', 1, 2, 3))
        second.add(Done(f'b{number}', 'here', 1, 2, 3))
    first.close()
    second.close()
    record = Record(tmp_path)
    assert all(record.done(f'{letter}{number}', status(1, 3)) for letter in 'ab' for number in range(50))


@pytest.mark.parametrize('torn', ['{"done": {"name": "x", "or', '[]', '3', '{"done": 3}', '{"other": {}}', '\x00\xff',
                                  '{"done": {"unknown": 1}}'])
def test_a_line_that_a_kill_has_torn_spoils_no_other(tmp_path, torn):
    add(tmp_path, DONE)
    with open(tmp_path / '.batchai-download', 'a', encoding='latin-1') as stream:
        stream.write('\n' + torn)
    add(tmp_path, BEGUN)
    assert Record(tmp_path).done('sub/a', status()) == DONE
    assert Record(tmp_path).begun('sub/a', 'here') == BEGUN


def test_nothing_is_written_before_there_is_something_to_note(tmp_path):
    Record(tmp_path / 'new').close()
    assert not (tmp_path / 'new').exists()


def test_every_folder_has_a_name_of_its_own():
    assert origin_name('job', 'model', '.') == origin_name('job', 'model', '.')
    places = [('job', 'model', '.'), ('job', 'model', 'a'), ('job', 'logs', '.'), ('other', 'model', '.')]
    assert len({origin_name(*place) for place in places}) == len(places)
