"""Counts what the store asks of SQLite."""
from collections import Counter
from contextlib import contextmanager

_KINDS = {'SELECT': 'reads', 'INSERT': 'writes', 'UPDATE': 'writes', 'DELETE': 'writes', 'COMMIT': 'commits'}


class Statements:
    """The statements that ran, in order; those of triggers and foreign keys, which begin with dashes, left out."""

    def __init__(self):
        self.texts = []

    def note(self, text):
        if not text.startswith('--'):
            self.texts.append(' '.join(text.split()))

    def count(self):
        """How many read and wrote, and how many times something was committed, which is once for the disk."""
        found = Counter(_KINDS.get(text.split(' ')[0]) for text in self.texts)
        return {kind: found[kind] for kind in ('reads', 'writes', 'commits')}

    def __str__(self):
        return '\n'.join(text[:150] for text in self.texts)


@contextmanager
def statements_of(store):
    """What the store of a service in this process asks within the block."""
    seen = Statements()
    store.database.connection.set_trace_callback(seen.note)
    try:
        yield seen
    finally:
        store.database.connection.set_trace_callback(None)
