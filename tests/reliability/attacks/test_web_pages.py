"""Requests that a web page makes the browser of the service's user send, and tokens that are not ours."""
import hmac

import pytest
from harness import ENDPOINT, TOKEN, WORKSPACE

from azext_batchai.service import access_tokens, auth
from azext_batchai.service.storage import links

NOW = 1528286400.0


@pytest.mark.parametrize('origin', ['https://evil.example', 'null', '', 'http://127.0.0.1:8443', 'https://127.0.0.1',
                                    'https://127.0.0.1:8443.evil.example', 'https://evil.example@127.0.0.1:8443',
                                    f'{ENDPOINT} https://evil.example', 'file://'])
@pytest.mark.parametrize('method', ['GET', 'PUT', 'OPTIONS'])
def test_a_request_of_another_origin_is_refused_even_with_the_token(harness, origin, method):
    refused = harness.request(method, WORKSPACE, {'location': 'eastus'} if method == 'PUT' else None,
                              headers={'origin': origin})
    assert refused.status_code == 403
    assert not [name for name in refused.headers if name.startswith('access-control-')]


@pytest.mark.parametrize('site', ['cross-site', 'same-site'])
def test_what_a_page_embeds_is_refused_and_a_link_that_is_followed_is_not(harness, site):
    harness.make_workspace()
    sent = {'sec-fetch-site': site}
    assert harness.get(WORKSPACE, headers={**sent, 'sec-fetch-mode': 'no-cors'}).status_code == 403
    assert harness.get(WORKSPACE, headers={**sent, 'sec-fetch-mode': 'navigate'}).status_code == 200


def test_our_own_origin_is_no_other(harness):
    harness.make_workspace()
    assert harness.get(WORKSPACE, headers={'origin': ENDPOINT}).status_code == 200


@pytest.mark.parametrize('headers', [
    {'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization'}, {}])
def test_a_preflight_is_granted_nothing(harness, headers):
    refused = harness.request('OPTIONS', WORKSPACE, token=None, headers={'origin': 'https://evil.example', **headers})
    assert refused.status_code == 403 and not [name for name in refused.headers if name.startswith('access-control-')]


def test_a_token_of_another_service_is_refused(harness):
    for token in ('the-token-of-another', access_tokens.issue('the-token-of-another', 'https://x', harness.now)):
        assert harness.get(WORKSPACE, token=token).status_code == 401


@pytest.mark.parametrize('header', ['none', 'HS256'])
def test_an_access_token_that_signs_itself_is_refused(harness, header):
    import base64
    import json

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b'=').decode()
    good = access_tokens.issue(TOKEN, 'https://x', harness.now)
    claims = good.split('.')[1]
    for forged in (f'{part({"alg": header})}.{claims}.', f'{part({"alg": header})}.{claims}.{good.split(".")[2]}',
                   good[:-1] + ('A' if good[-1] != 'A' else 'B')):
        assert harness.get(WORKSPACE, token=forged).status_code == 401
    assert harness.get(f'{WORKSPACE}', token=good).status_code == 404


@pytest.mark.parametrize('check', [
    lambda: auth.check_token({'authorization': 'Bearer secret'}, 'secret', NOW),
    lambda: access_tokens.is_valid(access_tokens.issue('secret', 'a', NOW), 'secret', NOW),
    lambda: links.is_valid_link(b'k', 'o', 'd', 'p', '2030-01-01T00:00:00Z', 'r',
                                links.sign(b'k', 'o', 'd', 'p', 1893456000), NOW)])
def test_every_secret_is_compared_in_constant_time(monkeypatch, check):
    """Without the constant-time comparison nothing is let in, so nothing else compares."""
    check()
    calls = []
    monkeypatch.setattr(hmac, 'compare_digest', lambda *given: calls.append(given) or False)
    try:
        let_in = check()
    except Exception:
        let_in = False
    assert calls and not let_in
