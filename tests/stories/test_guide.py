"""Every command line of the 2017 guide's sections on clusters, jobs and file servers, typed as printed.

``data/guide-lines.txt`` holds the lines (those of ``az group`` and ``az storage`` aside). Each has a story in
`guide_stories`.
"""
from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from guide_stories import STORIES
from installed_az import Az, Result

DATA = Path(__file__).resolve().parent.parent / 'data' / 'guide-lines.txt'
GUIDE = Path(__file__).resolve().parent.parent.parent.parent / 'shared' / 'seeds'
LINES = DATA.read_text('utf-8').splitlines()


@pytest.mark.parametrize('line', LINES)
def test_the_line_does_what_the_guide_says(shared: Az, line: str) -> None:
    before, after = STORIES[line]
    rest = shared.rest()
    for prepare in before:
        prepare(shared, rest)
    words = line.replace('az cluster', 'az batchai cluster', 1) if line.startswith('az cluster') else line
    assert words.startswith('az ')
    if ' delete ' in words and '-y' not in words:
        result = _answered(shared, words, 'y')
    else:
        result = shared.ok(words[3:])
    after(shared, rest, result)


def test_every_line_of_the_guide_has_a_story() -> None:
    assert sorted(STORIES) == sorted(LINES)


def test_the_lines_are_those_of_the_guide() -> None:
    """Where the guide itself is at hand, the data file holds exactly its lines."""
    assert len(LINES) == len(set(LINES)) == 34
    for guide in GUIDE.glob('001_*'):
        wanted, section, in_code = [], '', False
        for text in guide.read_text('utf-8').splitlines():
            if text.startswith('```'):
                in_code = not in_code
            elif not in_code and re.match('# ', text):
                section = text[2:].strip()
            elif in_code and section in ('Clusters Management', 'Jobs Management', 'Single node NFS'):
                match = re.match(r'(?:\$ )?(az (?:batchai|cluster|configure) .*)', text)
                if match and match.group(1).strip() not in wanted:
                    wanted.append(match.group(1).strip())
        assert LINES == wanted


def _answered(az: Az, line: str, answer: str) -> Result:
    """Run a line on a terminal of its own and answer its question."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(['sh', '-c', line], cwd=az.folder, env=az.environment, stdin=follower, stdout=follower,
                               stderr=follower)
    os.close(follower)
    seen = b''
    while b'(y/n)' not in seen:
        seen += os.read(leader, 1000)
    os.write(leader, f'{answer}\n'.encode())
    while True:
        try:
            seen += os.read(leader, 1000)
        except OSError:
            break
    os.close(leader)
    assert process.wait(60) == 0, seen
    return Result(0, seen.decode(), '')
