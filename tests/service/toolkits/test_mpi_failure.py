"""What is made of the record of an MPI failure; the job may write there whatever it likes."""
import os

import pytest

from azext_batchai.service.toolkits.mpi_failure import MpiProblem, mpi_problem


@pytest.fixture
def record(tmp_path):
    (tmp_path / '.mpi').mkdir()
    return tmp_path / '.mpi/failed'


@pytest.mark.parametrize('text, expected', [
    ('rank 2 exit 3\nrank 0 exit 143\n', MpiProblem(2, 3, 'rank 2 ended with exit code 3')),
    ('rank 0 exit 139\n', MpiProblem(0, 139, 'rank 0 ended with exit code 139 (SIGSEGV)')),
    ('rank 0 exit 255\n', MpiProblem(0, 255, 'rank 0 ended with exit code 255')),
    ('lost 0 exit 14\nlost 1 exit 14\nrank 2 exit 3\n', MpiProblem(2, 3, 'rank 2 ended with exit code 3')),
    ('lost 1 exit 14\nlost 0 exit 14\n', MpiProblem(1, 14, 'rank 1 ended with exit code 14')),
    ('nonsense\nrank 1 exit 5\n', MpiProblem(1, 5, 'rank 1 ended with exit code 5')),
])
def test_the_first_rank_that_failed_is_named(tmp_path, record, text, expected):
    record.write_text(text)
    assert mpi_problem(tmp_path) == expected


@pytest.mark.parametrize('text, words', [
    ('missing\n', ('openmpi-bin', 'open-mpi', 'jobPreparation')),
    ('daemon 3 exit 127\n', ('node 3', '127')),
    ('unknown Strange MPI\x1b[31m 1.0\n', ("'Strange MPI[31m 1.0'", 'Open MPI')),
])
def test_what_is_wrong_with_mpi_itself_is_one_sentence_without_a_rank(tmp_path, record, text, words):
    record.write_text(text)
    found = mpi_problem(tmp_path)
    assert (found.rank, found.exit_code) == (None, None)
    assert all(word in found.message for word in words) and '\n' not in found.message and '\x1b' not in found.message


@pytest.mark.parametrize('content', [
    b'', b'rank', b'rank x exit 1', b'\xff\xfe\x00', b'rank 99999999999 exit 1', b'x' * 100_000, b'rank 1 exit 99999'])
def test_odd_content_is_taken_for_nothing(tmp_path, record, content):
    record.write_bytes(content)
    assert mpi_problem(tmp_path) is None


@pytest.mark.parametrize('plant', [
    lambda record: None, lambda record: record.mkdir(), lambda record: os.mkfifo(record),
    lambda record: record.symlink_to('/etc/passwd'), lambda record: record.symlink_to('other')],
    ids=['nothing', 'folder', 'pipe', 'link', 'link to a record'])
def test_only_an_ordinary_file_is_read(tmp_path, record, plant):
    (record.parent / 'other').write_text('rank 1 exit 1\n')
    plant(record)
    assert mpi_problem(tmp_path) is None


def test_the_folder_is_no_link_either(tmp_path, record):
    record.write_text('rank 1 exit 1\n')
    (tmp_path / 'planted').mkdir()
    (tmp_path / 'planted/.mpi').symlink_to(record.parent)
    assert mpi_problem(tmp_path / 'planted') is None


def test_no_folder_is_nothing(tmp_path):
    assert mpi_problem(tmp_path / 'gone') is None
