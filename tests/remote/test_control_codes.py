import random

import pytest

from azext_batchai.remote.control_codes import UnlessBinary, WholeCharacters, WithoutControlCodes, filter_for


def passed(filter, *pieces):
    return b''.join([*map(filter.feed, pieces), filter.rest()])


@pytest.mark.parametrize('written, printed', [
    (b'plain\ttext\r\nand more\n', b'plain\ttext\r\nand more\n'),
    (b'\x1b[31mred\x1b[0m \x1b[1;32;40mgreen\x1b[m', b'red green'),
    (b'\x1b[2J\x1b[10;20Hmoved\x1b[K\x1b[?25l', b'moved'),
    (b'\x1b]0;a title\x07text \x1b]8;;https://h/\x1b\\link\x1b]8;;\x1b\\', b'text link'),
    (b'\x1bPdata\x1b\\after\x1b7\x1b(B\x1b=', b'after'),
    (b'bell\x07 back\x08space nul\x00 form\x0cfeed del\x7f', b'bell backspace nul formfeed del'),
    ('eight bits \x9b31m\x85'.encode(), b'eight bits 31m'),
    ('äöü € 𝄞 é\n'.encode(), 'äöü € 𝄞 é\n'.encode()),
    (b'no utf-8: \xff\xfe\x80\xc2', b'no utf-8: \xff\xfe\x80\xc2'),
    (b'\x1b[31', b'[31'),
    (b'\x1b]0;never ended\nnext line', b']0;never ended\nnext line'),
    (b'\x1b\x1b[1mtwice', b'twice'),
], ids=['text', 'colours', 'movement', 'titles and links', 'other sequences', 'one-byte codes', 'two-byte codes',
        'characters', 'no characters', 'cut off', 'title without end', 'two escapes'])
def test_only_control_codes_are_taken_out_wherever_reads_cut_the_text(written, printed):
    assert passed(WithoutControlCodes(), written) == printed
    assert passed(WithoutControlCodes(), *[bytes([byte]) for byte in written]) == printed
    for cut in range(len(written)):
        assert passed(WithoutControlCodes(), written[:cut], written[cut:]) == printed


def test_a_sequence_without_end_does_not_hold_back_the_output_for_ever():
    filter = WithoutControlCodes()
    assert filter.feed(b'\x1b]0;') == b''
    shown = b''.join(filter.feed(b'x' * 1000) for _ in range(10))
    assert shown == b']0;' + b'x' * 10_000


def test_text_comes_out_as_soon_as_it_is_whole():
    filter = WithoutControlCodes()
    assert filter.feed(b'begun\x1b[3') == b'begun' and filter.feed(b'1mred') == b'red'


def test_on_a_terminal_characters_stay_whole_and_nothing_is_left_out():
    rng = random.Random(1)
    written = ('ä€𝄞\x1b[31m\x07\x9b'.encode() + b'\xff\xc3\xe2\x82') * 20
    filter, given, position = WholeCharacters(), [], 0
    while position < len(written):
        size = rng.randint(1, 5)
        given.append(filter.feed(written[position:position + size]))
        position += size
    assert b''.join([*given, filter.rest()]) == written
    assert WholeCharacters().feed('a€'.encode()[:-1]) == b'a'


@pytest.mark.parametrize('content', [
    b'\x93NUMPY\x01\x00v\x00', b'\x1f\x8b\x08\x00\x1b[31m', b'\x89PNG\r\n\x1a\n', b'PK\x03\x04\x14', bytes(range(256))])
def test_a_file_that_begins_like_no_text_is_left_as_it_is(content):
    assert passed(UnlessBinary(), content[:8], b'', content[8:] + b'\x1b[0m') == content + b'\x1b[0m'


def test_other_text_files_lose_their_codes_like_logs():
    assert passed(UnlessBinary(), b'', b'step,\x1b[1mloss\x1b[0m\n', b'\x00') == b'step,loss\n'


@pytest.mark.parametrize('terminal, log, printed', [
    (True, True, b'\x00\x1b[1mx'), (True, False, b'\x00\x1b[1mx'), (False, True, b'x'),
    (False, False, b'\x00\x1b[1mx')])
def test_codes_pass_to_a_terminal_and_in_binary_files_only(terminal, log, printed):
    assert passed(filter_for(terminal, log), b'\x00\x1b[1mx') == printed
