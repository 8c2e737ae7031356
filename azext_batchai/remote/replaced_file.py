"""Write all of a file or nothing of it."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Whoever reads at the same time sees the old file or the new one; only its owner may. Raises OSError.

    `text` may have paths in it, also those that are not UTF-8.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}-')
    try:
        with os.fdopen(descriptor, 'w', encoding='utf-8', errors='surrogateescape') as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
