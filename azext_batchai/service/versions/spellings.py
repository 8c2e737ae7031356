"""Keys that older versions spelled in more than one way."""
from __future__ import annotations

from typing import Any

# Replies of the flat versions had another case than their requests (wire facts sheet, section 14).
_KEY, _SHOWN_KEY = 'adminUserSshPublicKey', 'adminUserSSHPublicKey'


def usual_spelling(body: Any, version: str) -> Any:
    """A request with the keys that the shapes know: a reply can be sent back, and 2017 said `credentialsInfo`."""
    renamed = {_SHOWN_KEY: _KEY}
    if version == '2017-09-01-preview':
        renamed['credentialsInfo'] = 'credentials'
    return _renamed(body, renamed)


def shown_spelling(properties: Any) -> Any:
    """A reply as the flat versions wrote it."""
    return _renamed(properties, {_KEY: _SHOWN_KEY})


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        # A key given in both spellings keeps the usual one.
        return {names[key] if key in names and names[key] not in value else key: _renamed(item, names)
                for key, item in value.items()}
    return value
