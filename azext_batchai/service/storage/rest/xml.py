"""XML bodies of the storage services: written from plain values, read into an element tree without entities."""
from __future__ import annotations

import re
from typing import Any, Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
# An element takes a hundred times the room of its shortest tag. A list of 50,000 blocks, the longest body, has fewer.
_MOST_TAGS = 150_000
# What XML 1.0 has no way to write, not even escaped.
_UNWRITABLE = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


class Malformed(ValueError):
    """Not XML, or XML with a document type."""


def document(name: str, content: Any, attributes: Mapping[str, str] | None = None) -> bytes:
    """A whole document; `content` as of `element`."""
    return (_HEAD + element(name, content, attributes)).encode('utf-8')


def element(name: str, content: Any, attributes: Mapping[str, str] | None = None) -> str:
    """``<name>content</name>`` as text.

    `content`: None for an empty element; a dict of elements by name, of which those that are None are left out; a list
    or iterator of elements that are made already; `Raw` for text that is XML; else a value, of which the text is taken.
    """
    given = ''.join(f' {key}={quoteattr(value)}' for key, value in (attributes or {}).items())
    inner = _inner(content)
    return f'<{name}{given}>{inner}</{name}>' if inner else f'<{name}{given} />'


def is_writable(text: str) -> bool:
    """Whether XML can carry the text; names of files on a disk may have characters that it cannot."""
    return not _UNWRITABLE.search(text)


def _inner(content: Any) -> str:
    if content is None:
        return ''
    if isinstance(content, Raw):
        return content
    if isinstance(content, bool):
        return 'true' if content else 'false'
    if isinstance(content, (str, int, float)):
        return escape(_UNWRITABLE.sub('\ufffd', str(content)), {'\r': '&#13;'})
    if isinstance(content, dict):
        return ''.join(element(name, inner) for name, inner in content.items() if inner is not None)
    return ''.join(content)


class Raw(str):
    """Text that is XML already."""


def parse(content: bytes) -> ElementTree.Element:
    """The root of a document. Raises Malformed, also for any document type: it could make a body grow endlessly."""
    try:
        text = content.decode('utf-8-sig')
        if '<!DOCTYPE' in text or '\0' in text:  # with NULs it may be UTF-16, in which the first is not seen
            raise Malformed('it has a document type, or is not UTF-8')
        if text.count('<') > _MOST_TAGS:
            raise Malformed('it has too many elements')
        return ElementTree.fromstring(text)  # as text, so that no encoding that it names is heeded
    except (ElementTree.ParseError, ValueError) as error:
        raise Malformed(str(error)) from None
