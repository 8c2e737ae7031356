import json

import pytest
from hypothesis import given, strategies as st

from azext_batchai.service import access_tokens

TOKEN, NOW = 'the token', 1528286400.5
ISSUED = access_tokens.issue(TOKEN, 'https://r/', NOW)


@pytest.mark.parametrize('later, valid', [(0, True), (-0.9, True), (-60, False), (3599, True), (3600, False)])
def test_a_token_is_good_from_now_on_for_its_lifetime(later, valid):
    assert access_tokens.is_valid(ISSUED, TOKEN, NOW + later) is valid


@given(st.integers(0, len(ISSUED) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_character_can_be_changed(place, letter):
    changed = ISSUED[:place] + letter + ISSUED[place + 1:]
    assert access_tokens.is_valid(changed, TOKEN, NOW) is (changed == ISSUED)


@given(st.text(max_size=60))
def test_what_is_no_token_is_none(text):
    assert not access_tokens.is_valid(text, TOKEN, NOW)


def test_a_token_without_a_signature_is_none():
    """As the algorithm none of the standard would have it."""
    head = access_tokens._encoded({'alg': 'none', 'typ': 'JWT'})
    body = access_tokens._encoded({'nbf': 0, 'exp': NOW * 2})
    for signature in ('', 'x'):
        assert not access_tokens.is_valid(f'{head}.{body}.{signature}', TOKEN, NOW)


def test_a_token_is_of_one_service():
    assert not access_tokens.is_valid(ISSUED, 'another token', NOW)
    assert TOKEN not in json.dumps(ISSUED)


def test_a_token_is_good_whatever_its_audience_is():
    issued = access_tokens.issue(TOKEN, '\U0001f600' * 256, NOW)
    assert access_tokens.is_valid(issued, TOKEN, NOW)
