"""Entries of listOutputFiles (wire facts sheet, section 12)."""
from __future__ import annotations

from azext_batchai.service.versions import Json


def older_entries(entries: list[Json], version: str) -> list[Json]:
    """2018-03-01 has `isDirectory` for `fileType`. 2017 had neither, so folders are left out: it could not tell them
    from files, and had no way to look into them."""
    if version == '2018-03-01':
        return [{'name': entry['name'], 'isDirectory': entry['fileType'] == 'directory', **_without_kind(entry)}
                for entry in entries]
    return [_without_kind(entry) for entry in entries if entry['fileType'] == 'file']


def _without_kind(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if key != 'fileType'}
