from __future__ import annotations

import pytest

from azext_batchai._flat_ids import spell_out

GROUP = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI'


@pytest.mark.parametrize('flat, whole', [
    ('clusters/c', 'workspaces/~/clusters/c'), ('fileservers/f', 'workspaces/~/fileservers/f'),
    ('jobs/j', 'workspaces/~/experiments/~/jobs/j')])
def test_flat_id_gets_places_for_its_parents(flat: str, whole: str) -> None:
    words = ['batchai', 'cluster', 'show', '--ids', f'{GROUP}/{flat}', f'{GROUP}/{flat}', '-o', 'table']
    assert spell_out(words) == [*words[:4], f'{GROUP}/{whole}', f'{GROUP}/{whole}', '-o', 'table']


@pytest.mark.parametrize('words', [
    ['job', 'show', '--ids', f'{GROUP}/workspaces/w/experiments/e/jobs/j'],
    ['job', 'create', '-r', f'{GROUP}/clusters/c'],
    ['job', 'create', '--ids', '-r', f'{GROUP}/clusters/c'], []])
def test_other_words_stay(words: list[str]) -> None:
    assert spell_out(words) == words


def test_several_ids_in_one_word_are_spelled_out_as_az_takes_them_from_a_pipe() -> None:
    lines = f'{GROUP}/clusters/a\n{GROUP}/clusters/b'
    assert spell_out(['--ids', lines])[1] == lines.replace('/clusters/', '/workspaces/~/clusters/')
