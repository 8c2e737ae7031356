import io

import pytest

from azext_batchai.remote.log_file import last_lines

LINES = [b'short\n', b'x' * 200_000 + b'\n', b'\n', b'carriage\rreturn\n', b'y' * 70_000 + b'\n', b'last\n']


@pytest.mark.parametrize('count', [0, 1, 2, 3, 5, 6, 7, 100])
@pytest.mark.parametrize('ending', [b'', b'unfinished'])
def test_the_last_lines_are_that_many_whatever_their_length(count, ending):
    lines = LINES + ([ending] if ending else [])
    file = io.BytesIO(b''.join(lines))
    assert last_lines(file, count) == b''.join(lines[-count:] if count else [])
    assert file.read() == b''


def test_an_empty_log_has_no_lines():
    assert last_lines(io.BytesIO(), 3) == b''
