"""File servers: replies said which kind it is, and mounted it in another place."""
from __future__ import annotations

from azext_batchai.service.versions import Json, Stored, Translated
from azext_batchai.service.versions.overlay import older_reply
from azext_batchai.service.versions.spellings import shown_spelling


def modern_file_server(properties: Json) -> Translated:
    """A request whose shape was checked, in the form of 2018-05-01, which has the same properties."""
    return Translated(dict(properties))


def older_file_server(view: Json, stored: Stored, version: str) -> Json:
    """A file server as that version showed it. `view` is that of 2018-05-01."""
    properties = view['properties']
    mount = {**properties['mountSettings'], 'mountPoint': '/mnt/data', 'fileServerType': 'nfs'}
    reply = older_reply(view, {**properties, 'mountSettings': mount}, stored, version, 'FILE_SERVER')
    return {**reply, 'properties': shown_spelling(reply['properties'])}
