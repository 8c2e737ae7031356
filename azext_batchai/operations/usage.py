"""`az batchai list-usages`: how much of what there is is in use."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.ids import normalize_location


def list_usages(client: Any, location: str) -> list[Any]:
    """Clusters and cores in use in a location, each with its limit; -1 when there is none."""
    return list(client.usages.list(normalize_location(location)))
