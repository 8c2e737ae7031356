"""The short form of many node names."""
import random
import string

import pytest

from azext_batchai.service.engines.slurm.hostlists import compress, expand


@pytest.mark.parametrize('names, text', [
    ([], ''),
    (['head'], 'head'),
    (['node1'], 'node1'),
    (['node1', 'node2', 'node3', 'node7'], 'node[1-3,7]'),
    (['node9', 'node10', 'node11'], 'node[9-11]'),
    (['node08', 'node09', 'node10'], 'node[08-10]'),
    (['n1', 'n01', 'n001'], 'n1,n01,n001'),
    (['n99', 'n098', 'n100'], 'n99,n[098,100]'),
    (['n0', 'n1'], 'n[0-1]'),
    (['gpu05', 'node1', 'node2'], 'gpu05,node[1-2]'),
    (['r1n1', 'r1n2', 'r2n1'], 'r1n[1-2],r2n1'),
    (['node1-ib', 'node2-ib'], 'node1-ib,node2-ib'),
    (['n1', 'n1'], 'n1'),
    (['n1234567890123'], 'n1234567890123'),
], ids=lambda value: value if isinstance(value, str) else None)
def test_names_have_one_short_form(names, text):
    assert compress(names) == text
    assert sorted(expand(text)) == sorted(set(names))


@pytest.mark.parametrize('text, names', [
    ('a[1-2]b[01-02]', ['a1b01', 'a1b02', 'a2b01', 'a2b02']),
    ('n[3,1-2]', ['n3', 'n1', 'n2']),
    ('n[1-2]-ib', ['n1-ib', 'n2-ib']),
    (' n1 , n2 ', ['n1', 'n2']),
    ('n[9-11]', ['n9', 'n10', 'n11']),
])
def test_what_slurm_may_write_is_read(text, names):
    assert expand(text) == names


@pytest.mark.parametrize('text', ['n[1', 'n1]', 'n[[1]]', 'n[]', 'n[a]', 'n[3-1]', 'n[1-]', 'n[1-99999999999]',
                                  'a[1-9999]b[1-9999]'])
def test_what_is_no_host_list_is_an_error(text):
    with pytest.raises(ValueError, match='n|a'):
        expand(text)


def test_any_names_come_back_from_their_short_form():
    for seed in range(300):
        chance = random.Random(seed)
        names = set()
        for _ in range(chance.randrange(1, 60)):
            prefix = ''.join(chance.choices(string.ascii_lowercase + '-', k=chance.randrange(1, 3)))
            number = str(chance.choice((chance.randrange(15), chance.randrange(95, 105), chance.randrange(2000))))
            names.add(prefix + chance.choice((number, number.zfill(2), number.zfill(3), '', number + 'x')))
        text = compress(chance.sample(sorted(names), len(names)))
        assert sorted(expand(text)) == sorted(names), seed


def test_a_thousand_names_in_a_row_are_one_word():
    names = [f'node{number:04}' for number in range(1, 5001)]
    assert compress(names) == 'node[0001-5000]'
    assert expand('node[0001-5000]') == names
