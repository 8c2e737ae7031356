"""The API versions before 2018-05-01, in both directions; everything else here knows 2018-05-01 alone.

Pure functions over plain data. A request of an older version becomes the `properties` that 2018-05-01 would have for
it, and `extras`: what they cannot say and the older version has to show again. Extras have the shape of the older
properties, with only the keys that differ from what a reply has anyway, so that they can be laid over it.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

WORKSPACE_VERSION = '2018-05-01'
FLAT_VERSIONS = ('2017-09-01-preview', '2018-03-01')
API_VERSIONS = (*FLAT_VERSIONS, WORKSPACE_VERSION)

# API version -> how the names of its shapes in `arm.older_shapes` end.
SHAPE_ENDINGS = {'2017-09-01-preview': '2017_09', '2018-03-01': '2018_03'}


@dataclass(frozen=True)
class Translated:
    """A request in the form of 2018-05-01. `priority` is that of a job, from -1000 to 1000."""
    properties: Json
    extras: Json = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True)
class Stored:
    """What a reply of an older version has besides the view of 2018-05-01: see `store.resources.Resource`."""
    location: str
    tags: dict[str, str]
    extras: Json


@dataclass(frozen=True)
class FlatParts:
    """What a resource gets besides its `properties` when it comes from a flat version. `priority` as of Translated."""
    tags: dict[str, str]
    extras: Json
    priority: int = 0
