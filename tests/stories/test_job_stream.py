"""`az batchai job file stream`."""
from __future__ import annotations

from pathlib import Path

import pytest
from installed_az import Az
from rest import job
from watched_jobs import PATIENCE_SECONDS, Terminal, ended, go, read_until, start, submit, until_go

COLOURED = r'printf "\033[31mred\033[0m \033]0;title\007plain\a\n"'


def test_escapes_pass_to_a_terminal_as_the_job_wrote_them(shared: Az, work: Path) -> None:
    submit(shared, 'j', COLOURED)
    terminal = Terminal(shared, 'batchai job file stream -g demoGroup -j j')
    assert terminal.end() == 0
    assert b'\x1b[31mred\x1b[0m \x1b]0;title\x07plain\x07\r\n' in terminal.seen


def test_elsewhere_escapes_are_left_out_of_text_and_binary_files_stay_as_they_are(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'{COLOURED}; cd "$AZ_BATCHAI_OUTPUT_MODEL"; printf "\\211PNG\\r\\n\\032\\n\\033[1m\\000" > '
                        'picture; printf "\\033[1mloss\\033[0m\\n" > text',
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    shared.rest().wait_for_job('j')
    line = 'batchai job file stream -g demoGroup -j j'
    assert ended(start(shared, line)) == (0, b'red plain\n', '')
    assert ended(start(shared, f'{line} -d MODEL -f picture'))[:2] == (0, b'\x89PNG\r\n\x1a\n\x1b[1m\x00')
    assert ended(start(shared, f'{line} -d MODEL -f text'))[:2] == (0, b'loss\n')


def test_a_stream_prints_the_tail_and_characters_that_a_read_cut(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'printf "a\\342\\202"; {until_go(work)}; printf "\\254 and the tail"')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j -f stdout.txt')
    begun = read_until(stream, b'a\xe2\x82')
    go(work)
    status, rest, said = ended(stream)
    assert (status, (begun + rest).decode(), said) == (0, 'a€ and the tail', '')


def test_without_a_name_the_standard_output_is_followed_and_other_logs_by_name(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'echo out; echo err >&2; mkdir "$AZ_BATCHAI_STDOUTERR_DIR/sub"; '
                        'echo deep > "$AZ_BATCHAI_STDOUTERR_DIR/sub/f"')
    shared.rest().wait_for_job('j')
    for options, printed in (('', b'out\n'), ('-f stderr.txt', b'err\n'), ('-p sub -f f', b'deep\n'),
                             ('-f sub/f', b'deep\n')):
        assert ended(start(shared, f'batchai job file stream -g demoGroup -j j {options}')) == (0, printed, '')


def test_all_follows_every_log_of_every_rank_in_whole_lines(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'cd "$AZ_BATCHAI_STDOUTERR_DIR"; printf "one\\ntw" > stdout-1.txt; echo here; '
                        f'{until_go(work)}; echo o >> stdout-1.txt; echo late > stderr-1.txt; printf unfinished')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j --all')
    read_until(stream, b'stdout-1.txt: one\n')
    go(work)
    status, rest, said = ended(stream)
    assert (status, said) == (0, '')
    lines = rest.decode().splitlines()
    assert set(lines) - {'stdout.txt: here'} == {
        'stdout-1.txt: two', 'stderr-1.txt: late', 'stdout.txt: unfinished'}


def test_many_writers_lose_no_line_and_cut_none(shared: Az, work: Path) -> None:
    ranks, lines = 8, 400
    submit(shared, 'j', 'cd "$AZ_BATCHAI_STDOUTERR_DIR"; for rank in 0 1 2 3 4 5 6 7; do (for n in $(seq 400); do '
                        'echo "$rank:$n:äöü€"; [ $((n % 50)) != 0 ] || sleep 0.05; done > stdout-$rank.txt) & done; '
                        'wait')
    status, printed, _ = ended(start(shared, 'batchai job file stream -g demoGroup -j j --all'))
    by_rank: dict[str, list[str]] = {}
    for line in printed.decode().splitlines():
        name, _, text = line.partition(': ')
        by_rank.setdefault(name, []).append(text)
    assert status == 0
    assert by_rank == {f'stdout-{rank}.txt': [f'{rank}:{n}:äöü€' for n in range(1, lines + 1)]
                       for rank in range(ranks)}


def test_a_file_that_shrinks_is_shown_anew_and_one_that_vanishes_is_said(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'cd "$AZ_BATCHAI_OUTPUT_MODEL"; echo a long first line > f; {until_go(work)}; '
                        f'echo short > f; while [ ! -e {work}/vanish ]; do sleep 0.02; done; rm f; '
                        f'while [ ! -e {work}/end ]; do sleep 0.02; done',
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    stream = start(shared, 'batchai job file stream -g demoGroup -j j -d MODEL -f f')
    read_until(stream, b'a long first line\n')
    go(work)
    read_until(stream, b'short\n')
    (work / 'vanish').touch()
    assert stream.stderr is not None
    words = b''
    while b'is gone' not in words:
        words += stream.stderr.readline()
    (work / 'end').touch()
    assert ended(stream) == (0, b'', '')
    assert words.count(b"'f' has become shorter; it is shown from its beginning again.") == 1


def test_a_job_that_is_deleted_while_it_is_streamed_is_named(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'echo one; sleep 600')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j')
    read_until(stream, b'one\n')
    shared.rest().call('DELETE', job('j'))
    status, _, said = ended(stream)
    assert status == 3 and said == "ERROR: Job 'j' was deleted while its log was followed."


@pytest.mark.parametrize('options, problem', [
    ('-p ../.. -f f', '--path/-p'), ('-f ../../f', '--file-name/-f'), ('-d MODEL', 'Say which file'),
    ('-f stdout.txt --all', '--all is for every file'), ('-d NONE -f f', "'NONE' is not the id"),
    ('-f nothing.txt', "ended without writing 'nothing.txt'; the directory holds: execution.log, stderr.txt, ")])
def test_what_cannot_be_streamed_is_refused_in_one_line(shared: Az, work: Path, options: str, problem: str) -> None:
    submit(shared, 'j', 'true', outputDirectories=[
        {'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    shared.rest().wait_for_job('j')
    result = shared(f'batchai job file stream -g demoGroup -j j {options}')
    assert result.code in (1, 2, 3) and problem in result.problem


def test_a_stream_ends_when_its_reader_leaves_though_there_is_nothing_to_print(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'echo one; {until_go(work)}')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j')
    read_until(stream, b'one\n')
    assert stream.stdout is not None and stream.stderr is not None
    stream.stdout.close()
    assert stream.wait(PATIENCE_SECONDS) == 0
    assert b'Traceback' not in stream.stderr.read()
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)
