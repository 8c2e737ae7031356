"""Resource ids of the flat API in `--ids`: they name no workspace, but az's parser wants all parts of an id there."""
from __future__ import annotations

import re

# Stands for the workspace or experiment that has to be searched for. No name can contain it.
ANY = '~'

_FLAT = re.compile(r'(?P<head>/providers/Microsoft\.BatchAI)/(?P<collection>clusters|fileServers|jobs)'
                   r'/(?P<name>[^/\s"\']+)', re.IGNORECASE)


def spell_out(words: list[str]) -> list[str]:
    """`words` of a command line with the flat ids after `--ids` in the form that has places for the parents."""
    if '--ids' not in words:
        return words
    after = words.index('--ids') + 1
    end = next((index for index in range(after, len(words)) if words[index].startswith('-')), len(words))
    return [*words[:after], *(_FLAT.sub(_with_parents, word) for word in words[after:end]), *words[end:]]


def _with_parents(match: re.Match[str]) -> str:
    experiment = f'/experiments/{ANY}' if match['collection'].lower() == 'jobs' else ''
    return f"{match['head']}/workspaces/{ANY}{experiment}/{match['collection']}/{match['name']}"
