"""About 300 of the requests that tests/generated/generated_requests.py sends by the thousand when it is run by hand."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

# It needs Python 3.11; requirements-dev.txt installs it there.
pytest.importorskip('schemathesis', reason='schemathesis is not installed')

import generated_requests  # noqa: E402
from generated_requests import Findings, send_requests  # noqa: E402

OPERATIONS = 29


@pytest.fixture(scope='module')
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return send_requests(300, 20180501, tmp_path_factory.mktemp('generated'))


def test_every_operation_is_asked_with_valid_and_invalid_requests(findings: Findings) -> None:
    assert findings.requests >= 300
    assert len(findings.operations) == OPERATIONS
    assert min(findings.modes['positive'], findings.modes['negative']) > 90
    assert {200, 202, 204, 400, 404} <= set(findings.statuses)


def test_no_request_makes_the_service_fail(findings: Findings) -> None:
    assert findings.server_errors == []


def test_no_answer_is_other_than_the_document_says(findings: Findings) -> None:
    assert {key: findings.examples[key] for key in findings.violations} == {}


def test_an_answer_that_is_not_as_published_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = generated_requests.openapi_document

    def other(subscription: str) -> dict[str, Any]:
        document = real(subscription)
        types = document['components']['schemas']
        types['ClusterProperties']['properties']['currentNodeCount'] = {'type': 'string'}
        types['CloudErrorBody']['properties']['message'] = {'type': 'integer'}
        return document

    monkeypatch.setattr(generated_requests, 'openapi_document', other)
    found = send_requests(100, 1, tmp_path)
    noticed = {name for name, _, _ in found.violations}
    assert {'Clusters_Get', 'Jobs_Create'} <= noticed, noticed
