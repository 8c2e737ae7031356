"""The service as a managed identity: where its tokens are had, and the secret that lets in there."""
from __future__ import annotations

import hashlib
import hmac

TOKEN_PATH = '/msi/token'
METADATA_PATH = '/metadata/endpoints'

# The one tenant of the service: some clients want to know one.
TENANT = '00000000-0000-0000-0000-000000000001'


def identity_header(token: str) -> str:
    """The value of IDENTITY_HEADER for the service with that token. Who has it gets tokens, but only short-lived ones.

    Derived, so that a new token of the service ends this one too.
    """
    return hmac.new(token.encode(), b'identity header', hashlib.sha256).hexdigest()
