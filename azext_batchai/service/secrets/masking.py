"""Take secret values out of a text that people will read. Pure."""
from __future__ import annotations

import json
import re
import shlex
from typing import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = '***'
# Anything shorter is in half the words of a log, and where asterisks stand would tell what it is; nor does so little
# keep a secret.
LEAST_LENGTH = 4
# Lines of a value that has several are often braces or headings.
_LEAST_LINE_LENGTH = 8


def mask(text: str, secrets: Iterable[str]) -> str:
    """`text` with ``***`` for every value of `LEAST_LENGTH` characters or more: as it is, quoted for a shell or JSON,
    URL-encoded, and line by line where it has several lines. Values that overlap go together, the longest first.
    """
    forms = {form for secret in secrets if len(secret) >= LEAST_LENGTH for form in _forms(secret)}
    if not forms:
        return text
    alternatives = '|'.join(_pattern(form) for form in sorted(forms, key=lambda form: (-len(form), form)))
    parts, end = [], 0
    # Looked for at every place, also within a match: two values may share characters.
    for match in re.finditer(f'(?=({alternatives}))', text):
        start = match.start(1)
        if start >= end:
            parts += [text[end:start], MASK]
        end = max(end, match.end(1))
    return ''.join([*parts, text[end:]])


def _forms(secret: str) -> Iterator[str]:
    lines = [line for line in secret.splitlines() if len(line) >= _LEAST_LINE_LENGTH] if '\n' in secret else []
    for value in (secret, *lines):
        yield value
        yield shlex.quote(value)
        yield shlex.quote(value)[1:-1] if value != shlex.quote(value) else value  # in quotes with more around it
        yield re.sub(r'([^\w@%+=:,./-])', r'\\\1', value, flags=re.ASCII)
        yield json.dumps(value)[1:-1]
        yield json.dumps(value, ensure_ascii=False)[1:-1]
        encoded = value.encode('utf-8', 'surrogateescape')
        yield from (quote(encoded), quote(encoded, safe=''), quote_plus(encoded))


def _pattern(form: str) -> str:
    """The digits of an encoded character may be in either case."""
    return re.sub(r'%[0-9A-F]{2}', lambda match: f'(?i:{match.group()})', re.escape(form))
