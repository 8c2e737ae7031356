import json
import logging

import pytest

from azext_batchai.remote import redaction
from azext_batchai.remote.redaction import SignatureFilter, masked_body, masked_headers, masked_text


@pytest.mark.parametrize('body', [
    {'credentials': {'accountKey': 'hush'}},
    {'userAccountSettings': {'adminUserPassword': 'hush'}},
    {'credentials': {'username': 'u', 'password': 'hush'}},
    {'appInsightsReference': {'instrumentationKey': 'hush'}},
    {'secrets': [{'name': 'A', 'value': 'hush'}]},
    {'secrets': ['hush']},
    {'Secrets': 'hush'},
    [{'a': [{'AccountKey': 'hush'}]}],
    {'keys': [{'keyName': 'key1', 'value': 'hush', 'permissions': 'FULL'}]},
    {'downloadUrl': 'https://h/f?sv=1&sig=hush%3D&se=2'},
])
def test_secrets_are_masked(body):
    assert 'hush' not in masked_body(json.dumps(body))


def test_the_rest_stays():
    body = {'environmentVariables': [{'name': 'A', 'value': 'b'}], 'secrets': [{'name': 'A', 'value': 'x'}]}
    assert json.loads(masked_body(json.dumps(body))) == {
        'environmentVariables': [{'name': 'A', 'value': 'b'}], 'secrets': [{'name': 'A', 'value': '*****'}]}


@pytest.mark.parametrize('body', ['{"accountKey": "hush"', b'\xff\xfe'])
def test_what_is_not_json_is_not_shown(body):
    assert 'bytes that are not JSON' in masked_body(body)


def test_token_is_masked_in_headers():
    assert masked_headers({'Authorization': 'Bearer t', 'Accept': '*/*'}) == {'Authorization': '*****', 'Accept': '*/*'}


def test_signatures_are_masked_in_links():
    assert masked_text('GET /f?sp=r&sig=abc%2F&se=1 HTTP/1.1') == 'GET /f?sp=r&sig=*****&se=1 HTTP/1.1'


def test_log_records_of_libraries_are_masked():
    record = logging.LogRecord('urllib3', logging.DEBUG, '', 0, '%s "GET %s"', ('h', '/f?sig=abc'), None)
    assert SignatureFilter().filter(record)
    assert record.getMessage() == 'h "GET /f?sig=*****"'


def test_known_secrets_are_masked_wherever_they_stand(monkeypatch):
    monkeypatch.setattr(redaction, '_KNOWN', set())
    redaction.hide('hush-hush')
    redaction.hide(None)
    redaction.hide('a')
    assert masked_text('run --key hush-hush a') == 'run --key ***** a'
    assert 'hush' not in masked_body('{"commandLine": "run hush-hush"}')
