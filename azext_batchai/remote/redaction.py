"""Keep secrets out of the --debug output."""
from __future__ import annotations

import json
import logging
import re
from typing import Any

MASK = '*****'

_SECRET_KEYS = frozenset({'accountkey', 'adminuserpassword', 'password', 'instrumentationkey'})
# Lists of {name, value}, of which only the names may be seen: secret variables, and the keys of a storage account.
_SECRET_LISTS = frozenset({'secrets', 'keys'})
_SECRET_HEADERS = frozenset({'authorization', 'x-ms-authorization-auxiliary'})
_SIGNATURE = re.compile(r'([?&]sig=)[^&\s"\']+', re.IGNORECASE)

# Secrets this process knows, which a request may have anywhere: in a command line, in a variable.
_KNOWN: set[str] = set()


def hide(secret: str | None) -> None:
    """Have `secret` masked wherever it turns up from now on."""
    if secret and len(secret) > 5:  # a shorter one would blacken ordinary words
        _KNOWN.add(secret)


def masked_text(text: str) -> str:
    """`text` with the signatures of links and the secrets that are known masked."""
    for secret in _KNOWN:
        text = text.replace(secret, MASK)
    return _SIGNATURE.sub(rf'\g<1>{MASK}', text)


def masked_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: MASK if name.lower() in _SECRET_HEADERS else masked_text(value) for name, value in headers.items()}


def masked_body(body: str | bytes | None) -> str:
    """A JSON body as it may be shown; of anything else only its size."""
    if not body:
        return ''
    try:
        return masked_text(json.dumps(_masked(json.loads(body))))
    except (ValueError, TypeError):
        return f'({len(body)} bytes that are not JSON)'


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked_secrets(item) if key.lower() in _SECRET_LISTS
                else MASK if key.lower() in _SECRET_KEYS and item is not None
                else _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value


def _masked_secrets(items: Any) -> Any:
    if not isinstance(items, list):
        return MASK
    return [{key: MASK if key.lower() == 'value' else _masked(value) for key, value in item.items()}
            if isinstance(item, dict) else MASK for item in items]


class SignatureFilter(logging.Filter):
    """Masks the signatures of links in records of libraries that log request lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked_text(record.getMessage()), ()
        return True


def hide_signatures() -> None:
    """urllib3 logs every request line; have it log no signature. Calling it twice does no harm."""
    logger = logging.getLogger('urllib3.connectionpool')
    if not any(isinstance(present, SignatureFilter) for present in logger.filters):
        logger.addFilter(SignatureFilter())
