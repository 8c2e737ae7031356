"""Stored access policies of a container or share, as clients send and read them, and as they are noted."""
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from azext_batchai.service.storage.rest import errors, xml
from azext_batchai.service.storage.rest.signatures import POLICIES
from azext_batchai.service.store.stored_files import FileNotes

_MOST = 5
_LONGEST_ID = 64
_FIELDS = ('Start', 'Expiry', 'Permission')


def document(notes: FileNotes) -> bytes:
    """The reply of Get ACL."""
    noted: dict[str, list[str]] = json.loads(notes.extras.get(POLICIES, '{}'))
    return xml.document('SignedIdentifiers', [
        xml.element('SignedIdentifier', {'Id': name, 'AccessPolicy': {
            field: value for field, value in zip(_FIELDS, values) if value}})
        for name, values in noted.items()])


def with_policies(notes: FileNotes, body: bytes) -> FileNotes:
    """The notes with the policies of the body of Set ACL, an empty one for none. Raises the 400 error."""
    noted = {}
    for identifier in _identifiers(body):
        name = identifier.findtext('Id') or ''
        if not 0 < len(name) <= _LONGEST_ID or name in noted:
            raise _malformed()
        noted[name] = [(identifier.findtext(f'AccessPolicy/{field}') or '').strip() for field in _FIELDS]
    if len(noted) > _MOST:
        raise _malformed()
    extras = {key: value for key, value in notes.extras.items() if key != POLICIES}
    return replace(notes, extras={**extras, **({POLICIES: json.dumps(noted)} if noted else {})})


def _identifiers(body: bytes) -> list[Any]:
    if not body.strip():
        return []
    try:
        root = xml.parse(body)
    except xml.Malformed:
        raise _malformed() from None
    if root.tag != 'SignedIdentifiers':
        raise _malformed()
    return root.findall('SignedIdentifier')


def _malformed() -> errors.StorageError:
    return errors.StorageError(400, 'InvalidXmlDocument', 'The body should be a list of SignedIdentifiers: at most '
                               f'{_MOST}, each with an Id of its own of at most {_LONGEST_ID} letters.')
