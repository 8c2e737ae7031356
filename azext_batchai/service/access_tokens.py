"""Access tokens as clients of a managed identity expect them: JSON Web Tokens (RFC 7519), for an hour.

Signed with a key that is derived from the token of the service (HS256), so that nothing about them is stored. `az
login --identity` reads the tenant out of one.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from azext_batchai.arm.identity import TENANT

LIFETIME_SECONDS = 3600
_HEADER = {'alg': 'HS256', 'typ': 'JWT'}
_LONGEST = 8192  # an audience of 256 characters, each of which JSON may spell with twelve, is in it


def issue(token: str, audience: str, now: float) -> str:
    """An access token of the service with that token, good for `LIFETIME_SECONDS` from `now`."""
    claims = {'iss': 'batchai', 'aud': audience, 'tid': TENANT, 'iat': int(now), 'nbf': int(now),
              'exp': int(now) + LIFETIME_SECONDS}
    signed = f'{_encoded(_HEADER)}.{_encoded(claims)}'
    return f'{signed}.{_signature(token, signed)}'


def is_valid(given: str, token: str, now: float) -> bool:
    """Whether `given` was issued by the service with that token, and not more than its lifetime ago."""
    if len(given) > _LONGEST or given.count('.') != 2:
        return False
    signed, _, signature = given.rpartition('.')
    if not hmac.compare_digest(signature.encode('utf-8', 'replace'), _signature(token, signed).encode()):
        return False
    claims = json.loads(base64.urlsafe_b64decode(signed.partition('.')[2] + '=='))  # ours, as the signature says
    return bool(claims['nbf'] <= now + 1 and now < claims['exp'])


def _encoded(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(',', ':')).encode())


def _signature(token: str, signed: str) -> str:
    key = hmac.new(token.encode(), b'access tokens', hashlib.sha256).digest()
    return _base64(hmac.new(key, signed.encode('utf-8', 'replace'), hashlib.sha256).digest())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b'=').decode()
