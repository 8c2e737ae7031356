"""The commands are run by real shells: what counts is what a program is given in the end."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from azext_batchai.service.toolkits.python_command import config_command, python_command

SHELLS = [shell for shell in (shutil.which('bash'), shutil.which('dash'), shutil.which('busybox')) if shell]
each_shell = pytest.mark.parametrize('shell', SHELLS, ids=os.path.basename)
# In the place of every Python: tells its own path and its arguments, one a line.
TELL = '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'


@pytest.fixture
def machine(tmp_path):
    """``run(shell, command, 'python3')``: on a machine with that program alone, where $ROOT has a blank in its name.
    Returns the words it was given, the program first."""
    root, programs = tmp_path / 'mount root', tmp_path / 'bin'
    for folder in (root / 'venv', programs):
        folder.mkdir(parents=True)
    for script in ('train.py', 'a  b.py'):
        (root / script).touch()

    def run(shell, command, *pythons):
        for place in (*(programs / name for name in pythons), root / 'venv' / 'python'):
            place.write_text(TELL)
            place.chmod(0o755)
        words = [shell, 'sh'] if shell.endswith('busybox') else [shell]
        ran = subprocess.run([*words, '-c', command.text], capture_output=True, text=True, cwd=tmp_path, env={
            'PATH': str(programs), 'ROOT': str(root), 'HOME': str(root), 'SIZE': '7'})
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()
    return run


@each_shell
@pytest.mark.parametrize('settings, script, given', [
    ({}, 'train.py', []),
    ({'commandLineArgs': '--size $SIZE "a b" \'$SIZE\' --lost=$LOST'}, 'train.py',
     ['--size', '7', 'a b', '$SIZE', '--lost=']),
    ({'commandLineArgs': '$(echo one two) \\\n three; exit'}, 'train.py', ['one', 'two', 'three']),
    ({'pythonScriptFilePath': '$ROOT/a  b.py', 'commandLineArgs': 'x'}, 'a  b.py', ['x']),
    ({'pythonScriptFilePath': '${ROOT}/train.py'}, 'train.py', []),
    ({'pythonScriptFilePath': '"$ROOT"/train.py'}, 'train.py', []),
    ({'pythonScriptFilePath': "'mount root'/train.py"}, 'train.py', []),
    ({'pythonScriptFilePath': r'mount\ root/train.py'}, 'train.py', []),
    ({'pythonScriptFilePath': '~/train.py'}, 'train.py', []),
    ({'pythonScriptFilePath': '"$(echo "$ROOT")"/train.py'}, 'train.py', [])])
def test_a_script_is_found_and_its_arguments_are_those_of_the_shell(machine, tmp_path, shell, settings, script, given):
    words = machine(shell, python_command({'pythonScriptFilePath': '$ROOT/train.py', **settings}), 'python')
    assert (tmp_path / words[1]).samefile(tmp_path / 'mount root' / script) and words[2:] == given


@each_shell
@pytest.mark.parametrize('interpreter, pythons, started, options', [
    ('', ['python'], 'bin/python', 0), ('', ['python3'], 'bin/python3', 0),
    ('', ['python', 'python3'], 'bin/python', 0), (' ', ['python3'], 'bin/python3', 0),
    ('python3', ['python', 'python3'], 'bin/python3', 0), ('python3 -u', ['python3'], 'bin/python3', 1),
    ('$ROOT/venv/python', ['python'], 'venv/python', 0), ('~/venv/python', ['python'], 'venv/python', 0),
    ('"$ROOT/venv/python" -u', ['python'], 'venv/python', 1)])
def test_the_interpreter_is_the_one_that_was_named_or_the_python_there_is(machine, shell, interpreter, pythons, started,
                                                                          options):
    settings = {'pythonScriptFilePath': '$ROOT/train.py', 'pythonInterpreterPath': interpreter}
    words = machine(shell, python_command(settings), *pythons)
    assert words[0].endswith(f'/{started}') and words[1:1 + options] == ['-u'] * options
    assert Path(words[1 + options]).name == 'train.py'


@each_shell
def test_without_any_python_the_shell_says_so(machine, shell):
    with pytest.raises(AssertionError, match='python: .*not found'):
        machine(shell, python_command({'pythonScriptFilePath': '$ROOT/train.py'}))


@pytest.mark.parametrize('settings, shown', [
    ({}, 'python $D/a.py'), ({'commandLineArgs': '--x "1  2"'}, 'python $D/a.py --x "1  2"'),
    ({'pythonInterpreterPath': 'python3 -u', 'commandLineArgs': ''}, 'python3 -u $D/a.py')])
def test_what_is_shown_is_interpreter_script_and_arguments(settings, shown):
    assert python_command({'pythonScriptFilePath': '$D/a.py', **settings}).shown == shown


def test_arguments_may_have_another_name():
    settings = {'pythonScriptFilePath': 'a.py', 'commandLineArgs': '--no', 'workerCommandLineArgs': '--yes'}
    assert python_command(settings, 'workerCommandLineArgs').shown == 'python a.py --yes'


@each_shell
def test_the_path_of_a_configuration_stays_one_word(machine, tmp_path, shell):
    command = config_command('cntk configFile=', '$ROOT/a.cntk', 'x=1 y=$SIZE')
    assert machine(shell, command, 'cntk')[1:] == [f'configFile={tmp_path}/mount root/a.cntk', 'x=1', 'y=7']
    assert command.shown == 'cntk configFile=$ROOT/a.cntk x=1 y=$SIZE'
