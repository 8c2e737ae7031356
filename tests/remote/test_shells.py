"""Lines for shells; those of sh are read by a real one."""
from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from azext_batchai.remote.shells import SHELLS, set_up_lines

ODD = {'A': '/a b/c', 'B': "it's $HOME `x` \\ \"q\"", 'C': 'ä;#'}


@pytest.mark.skipif(not shutil.which('sh'), reason='there is no sh here')
@pytest.mark.parametrize('joint', ['\n', ' '], ids=['as lines', 'as one line, as an eval without quotes has them'])
def test_sh_reads_what_was_written(joint: str) -> None:
    script = joint.join(set_up_lines('sh', ODD, {}, frozenset())) + '\n' + 'printf "%s\\n" "$A" "$B" "$C"'
    shown = subprocess.run(['sh', '-c', script], capture_output=True, text=True, timeout=10)
    assert shown.stdout.splitlines() == list(ODD.values()) and shown.stderr == ''


@pytest.mark.skipif(not shutil.which('sh'), reason='there is no sh here')
def test_the_way_back_leads_back() -> None:
    before = {'A': 'old one', 'B': 'old secret', 'D': 'kept'}
    lines = set_up_lines('sh', {**ODD, 'D': 'kept'}, before, frozenset({'B'}))
    assert 'old secret' not in '\n'.join(lines)
    back = lines[-1].removeprefix('# Back: ')
    script = '\n'.join([*lines, back, 'printf "%s\\n" "$A" "${B-none}" "${C-none}" "$D"'])
    shown = subprocess.run(['sh', '-c', script], env=before, capture_output=True, text=True, timeout=10)
    assert shown.stdout.splitlines() == ['old one', 'none', 'none', 'kept']


@pytest.mark.parametrize('shell, value, line', [
    ('powershell', "it's $x", "$env:A = 'it''s $x';"), ('fish', "it's \\ $x", "set -gx A 'it\\'s \\\\ $x';"),
    ('powershell', 'J\u00f6\U0001f600', "$env:A = 'J' + [char]0x00f6 + [char]0xd83d + [char]0xde00 + '';"),
    ('powershell', '\u2019; calc', "$env:A = '' + [char]0x2019 + '; calc';"),  # it ends a text there
    ('sh', 'plain', 'export A=plain;')])
def test_every_shell_has_its_own_quotes(shell: str, value: str, line: str) -> None:
    assert set_up_lines(shell, {'A': value}, {}, frozenset())[0] == line


@pytest.mark.parametrize('shell', SHELLS)
@pytest.mark.parametrize('old', ['a\nb', 'a\rb'])
def test_no_old_value_ends_the_comment_that_it_is_in(shell: str, old: str) -> None:
    last = set_up_lines(shell, {'A': 'new'}, {'A': old}, frozenset())[-1]
    assert last.startswith('# Back: ') and len(last.splitlines()) == 1 and 'b' not in last.removeprefix('# Back: ')


@pytest.mark.parametrize('shell', SHELLS)
def test_the_last_lines_are_comments_that_say_how_to_use_it_and_how_to_go_back(shell: str) -> None:
    lines = set_up_lines(shell, ODD, {}, frozenset())
    assert [line.partition(':')[0] for line in lines[len(ODD):]] == ['# Use', '# Back']
    assert 'az batchai service env' in lines[-2] and shlex.split(lines[-1])
