from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.remote.streaming import nothing_written, placed
from azext_batchai.remote.trouble import JobGone, Trouble


@pytest.mark.parametrize('path, name, expected', [
    (None, None, ('.', None)),
    (None, 'stdout.txt', ('.', 'stdout.txt')),
    ('logs', 'a.txt', ('logs', 'a.txt')),
    ('logs/', 'deep/a.txt', ('logs/deep', 'a.txt')),
    ('/', 'a..b', ('.', 'a..b')),
    ('', './x', ('.', 'x')),
])
def test_a_file_is_placed_in_its_folder(path, name, expected):
    assert placed(path, name) == expected


@pytest.mark.parametrize('path, name, option', [
    ('..', 'f', '--path/-p'), ('logs/../..', 'f', '--path/-p'), ('/etc', 'passwd', '--path/-p'),
    (None, '../f', '--file-name/-f'), (None, '/etc/passwd', '--file-name/-f'), (None, 'a\x00', '--file-name/-f')])
def test_a_path_out_of_the_output_directory_is_refused(path, name, option):
    with pytest.raises(InvalidArgumentValueError, match=f'^{option} .* leads out of the output directory'):
        placed(path, name)


def test_a_name_of_a_folder_alone_is_no_file():
    with pytest.raises(InvalidArgumentValueError, match='is no file'):
        placed(None, 'logs/')


@pytest.mark.parametrize('names, name, said', [
    (['stderr.txt', 'f'], 'stdout.txt', "without writing 'stdout.txt'; the directory holds: stderr.txt, f."),
    ([], None, 'without writing a log; the directory holds: no files.')])
def test_a_file_that_was_never_written_is_an_error_that_names_those_there(names, name, said):
    files = SimpleNamespace(entries=lambda: [SimpleNamespace(name=there) for there in names])
    assert str(nothing_written(files, 'j', name)).endswith(said)


@pytest.mark.parametrize('error', [Trouble('lost'), JobGone()])
def test_a_listing_that_fails_at_the_end_hides_no_error(error):
    def entries():
        raise error
    said = str(nothing_written(SimpleNamespace(entries=entries), 'j', 'f'))
    assert said == "Job 'j' has ended without writing 'f'."
