import json
import shlex
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies

from azext_batchai.service.secrets.masking import LEAST_LENGTH, mask

ODD = 'p@ss w/o\'rd"$1\u00e4\\&+%'


@pytest.mark.parametrize('text, secrets, expected', [
    ('run --password hunter2 now', ['hunter2'], 'run --password *** now'),
    ('hunter2hunter2', ['hunter2'], '******'), ('nothing here', ['hunter2'], 'nothing here'),
    ('nothing here', [], 'nothing here'), ('', ['hunter2'], ''),
    ('hunter22 hunter2', ['hunter2', 'hunter22'], '*** ***'), ('abcdefgh', ['abcdef', 'defgh'], '***'),
    ('a.c+d a-c+d', ['a.c+d'], '*** a-c+d'), ('HUNTER2', ['hunter2'], 'HUNTER2'), ('****', ['****'], '***')])
def test_values_are_replaced_wherever_they_stand(text, secrets, expected):
    assert mask(text, secrets) == expected


@pytest.mark.parametrize('secret', ['', 'a', '123', 'x' * (LEAST_LENGTH - 1)])
def test_a_value_too_short_to_hide_leaves_the_text_readable(secret):
    text = f'a job of 123 {secret} nodes'
    assert mask(text, [secret]) == text


@pytest.mark.parametrize('written', [
    ODD, shlex.quote(ODD), quote(ODD), quote(ODD, safe=''), quote_plus(ODD), quote(ODD, safe='').lower(),
    json.dumps(ODD), json.dumps(ODD, ensure_ascii=False), shlex.join(['curl', f'-u me:{ODD}']),
    f'https://h/?p={quote(ODD, safe="")}&q=1', r'p@ss\ w/o\'rd\"\$1\ä\\\&+%'])
def test_quoted_and_encoded_forms_are_found(written):
    shown = mask(f'before {written} after', [ODD])
    assert '***' in shown and shown.startswith('before ') and shown.endswith(' after')
    assert 'rd' not in shown and 'p@ss' not in shown and 'p%40ss' not in shown


def test_each_line_of_a_key_is_hidden_but_braces_stay():
    key = '{\n"private": "MIIEvQIBADAN",\n"kind": "rsa"\n}'
    assert mask('{ cat: "private": "MIIEvQIBADAN", }', [key]) == '{ cat: *** }'
    assert mask(key, [key]) == '***'


@given(strategies.lists(strategies.text(min_size=LEAST_LENGTH).filter(lambda text: '*' not in text), max_size=4),
       strategies.text(), strategies.text())
def test_no_value_is_left_of_any_text(secrets, before, after):
    shown = mask(before + ''.join(secrets) + after, secrets)
    assert not any(secret in shown for secret in secrets)


def test_a_long_text_with_many_values_takes_no_time():
    secrets = [f'secret-{number:04}-with some length' for number in range(100)]
    text = ' '.join(secrets) * 20
    began = time.monotonic()
    assert 'secret' not in mask(text, secrets)
    assert time.monotonic() - began < 5
