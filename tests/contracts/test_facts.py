"""The data files against the documents they were taken from, where those are."""
from __future__ import annotations

import re
import sys
from typing import Any, Callable, Iterator

import pytest
from published_types import DATA, read_facts

sys.path.insert(0, str(DATA))
import derive_operations  # noqa: E402
import derive_seeds  # noqa: E402

SIZES = {'arm-2018-03-01.json': 203, 'terraform.json': 123, 'pulumi.json': 40, 'puppet-2018-05-01.json': 112}
KEYS = {'type', 'enum', 'required', 'readOnly', 'writeOnly', 'items', 'definition', 'additionalProperties'}


def properties(facts: Any, depth: int = 2) -> Iterator[dict[str, Any]]:
    """Every property of a data file."""
    for name, value in facts.items():
        if name in ('arguments', 'result', 'attributes'):
            yield from value.values()
        elif isinstance(value, dict):
            for inner in value.values():
                yield from (fact for key, fact in inner.items() if key != 'additionalProperties')


@pytest.mark.parametrize('name', derive_seeds.FILES)
def test_the_facts_are_bare_and_whole(name: str) -> None:
    """The counted properties are there, and no sentences; where the documents are, they say the same."""
    found = list(properties(read_facts(name)))
    assert len(found) == SIZES[name]
    for fact in found:
        assert set(fact) <= KEYS
        assert all(' ' not in value for value in fact.get('enum', []))
    if derive_seeds.SEEDS.is_dir():
        assert read_facts(name) == derive_seeds.derive(name)


def test_every_published_operation_is_a_route(tally: Callable[[str, str], None]) -> None:
    """The verb and path of each of them reach a handler; the names in the path are made up."""
    from azext_batchai.service.routes import ROUTES
    known = {(route.method, re.sub(r'\{\w+\}', '{}', route.path).lower()) for route in ROUTES}
    operations = read_facts('operations-2018-05-01.json')['operations']
    assert len(operations) == 29
    if derive_operations.OPENAPI_FILE.exists():
        assert read_facts('operations-2018-05-01.json') == derive_operations.derive()
    for name, operation in operations.items():
        assert (operation['verb'], re.sub(r'\{\w+\}', '{}', operation['path']).lower()) in known, name
        tally('OpenAPI 2018-05-01, operations', 'is a route')
