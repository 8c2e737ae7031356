from pathlib import Path

import pytest

from azext_batchai.remote.local_names import PART_SUFFIX, UnusableName, checked_name, part_of


@pytest.mark.parametrize('name', ['stdout.txt', 'a b', 'über.txt', '.hidden', '...', 'con', 'a:b', 'a\\b', 'x. '])
def test_what_a_unix_system_can_hold_is_kept(name):
    assert checked_name(name, windows=False) == name


@pytest.mark.parametrize('name', ['', '.', '..', '/etc/passwd', 'a/b', '../a', 'a\x00b', '\ud800', '.batchai-download',
                                  f'model.bin{PART_SUFFIX}'])
@pytest.mark.parametrize('windows', [True, False])
def test_what_leads_elsewhere_or_is_ours_is_refused_everywhere(name, windows):
    with pytest.raises(UnusableName):
        checked_name(name, windows)


@pytest.mark.parametrize('name', [
    'C:', 'C:\\x', '..\\x', 'a\\b', 'a:b', 'what?', 'a*', '"a"', 'a|b', '<a>', 'tab\t', 'end.', 'end ', 'con',
    'NUL.txt', 'com1', 'LPT9.log', 'COM¹', 'aux .txt', 'CONOUT$'])
def test_what_windows_cannot_hold_is_refused_there(name):
    with pytest.raises(UnusableName, match='Windows'):
        checked_name(name, windows=True)


@pytest.mark.parametrize('name', ['stdout.txt', 'console.log', 'com10', 'nullable', 'a.con', 'über.txt'])
def test_names_that_only_resemble_those_are_kept_on_windows(name):
    assert checked_name(name, windows=True) == name


def test_the_part_lies_beside_its_file():
    assert part_of(Path('out/model.bin')) == Path('out/model.bin.batchai-part')


def test_the_part_of_a_long_name_has_a_name_that_fits(tmp_path):
    targets = [tmp_path / (letter + 'ü' * 125) for letter in 'ab']
    for target in targets:
        part_of(target).touch()
    assert part_of(targets[0]) != part_of(targets[1])
