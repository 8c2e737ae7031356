from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from azext_batchai.service.storage.links import file_link, is_valid_link

KEY = b'key'
EXPIRY = 1528290000  # 2018-06-06T13:00:00Z
GOOD = {'owner': 'guid', 'directory_id': 'stdouterr', 'path': 'a/b c.txt', 'expiry_text': '2018-06-06T13:00:00Z',
        'permission': 'r'}


def signature(path='a/b c.txt', expiry=EXPIRY):
    return parse_qs(urlsplit(file_link('https://h', KEY, 'guid', 'stdouterr', path, expiry)).query)['sig'][0]


def test_a_link_says_where_what_and_until_when():
    parts = urlsplit(file_link('https://127.0.0.1:8443', KEY, 'guid', 'stdouterr', 'a/ü#1?.txt', EXPIRY))
    assert (parts.scheme, parts.netloc, parts.fragment) == ('https', '127.0.0.1:8443', '')
    assert unquote(parts.path) == '/files/guid/stdouterr/a/ü#1?.txt'
    query = parse_qs(parts.query)
    assert (query['se'], query['sp']) == (['2018-06-06T13:00:00Z'], ['r'])


def test_a_link_is_good_until_it_expires():
    assert is_valid_link(KEY, **GOOD, signature=signature(), now=EXPIRY - 0.1)
    assert not is_valid_link(KEY, **GOOD, signature=signature(), now=EXPIRY)


@pytest.mark.parametrize('change', [
    {'owner': 'other'}, {'directory_id': 'MODEL'}, {'path': 'a/b c.tx'}, {'path': 'a/../b c.txt'},
    {'expiry_text': '2018-06-06T13:00:01Z'}, {'expiry_text': '2118-06-06T13:00:00Z'}, {'expiry_text': ''},
    {'expiry_text': 'never'}, {'expiry_text': '2018-06-06'}, {'permission': ''}, {'permission': 'rw'},
    {'permission': 'rl'},
], ids=str)
def test_a_link_of_which_anything_was_changed_is_refused(change):
    assert not is_valid_link(KEY, **{**GOOD, **change}, signature=signature(), now=0)


@pytest.mark.parametrize('forge', [
    lambda good: '', lambda good: 'x', lambda good: good[:-1], lambda good: good + '0',
    lambda good: good[:-1] + ('0' if good[-1] != '0' else '1'), lambda good: 'ü' + good,
    lambda good: good.upper() + ' ',
])
def test_a_forged_signature_is_refused(forge):
    assert not is_valid_link(KEY, **GOOD, signature=forge(signature()), now=0)


def test_another_key_signs_other_links():
    assert not is_valid_link(b'other', **GOOD, signature=signature(), now=0)


def test_parts_cannot_be_shifted_into_one_another():
    """The signature of guid + 'a/b' must not fit guid/a + 'b'."""
    shifted = {**GOOD, 'directory_id': 'stdouterr\na', 'path': 'b c.txt'}
    assert not is_valid_link(KEY, **shifted, signature=signature(), now=0)
