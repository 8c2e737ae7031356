"""Requests that schemathesis makes up from the OpenAPI document, valid and invalid, for the service in this process.

Each is aimed at resources that are there, or at names that were made up too. The engine is the fake one and the
scheduler does not turn: made-up commands must not run on this machine. By hand, with figures:

    python tests/generated/generated_requests.py --requests 5000
"""
from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count as count_up
from pathlib import Path
from typing import Any, Iterator

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / 'service'), str(Path(__file__).resolve().parents[2])]

import requests  # noqa: E402
import schemathesis  # noqa: E402
from harness import (  # noqa: E402
    ENDPOINT, GROUP, SUBSCRIPTION, Harness, cluster_path, file_server_body, file_server_path, manual)
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402
from openapi_document import openapi_document  # noqa: E402
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance, negative_data_rejection, response_schema_conformance, status_code_conformance)

# One request more often than not goes to these, so that it gets further than a 404.
LIVE = {'subscriptionId': SUBSCRIPTION, 'resourceGroupName': GROUP, 'workspaceName': 'w', 'experimentName': 'e',
        'clusterName': 'c', 'jobName': 'j', 'fileServerName': 'f', 'location': 'eastus'}
CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance, negative_data_rejection)


@dataclass
class Findings:
    """What came back. `violations` counts by operation, kind and text."""
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    server_errors: list[str] = field(default_factory=list)
    violations: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], str] = field(default_factory=dict)
    explained: Counter[str] = field(default_factory=Counter)


def send_requests(count: int, number: int, folder: Path) -> Findings:
    """Send at least `count` requests, spread over operations, valid and invalid, there and made up. `number` seeds what
    is made up; `folder` is for the data of the services."""
    document = schemathesis.openapi.from_dict(openapi_document(SUBSCRIPTION))
    operations = [found.ok() for found in document.get_all_operations()]
    batches = [(operation, mode, live) for operation in operations for mode in GenerationMode for live in (True, False)
               if mode is GenerationMode.NEGATIVE or live or 'resourceGroupName' in operation.path]
    findings = Findings()
    folders = count_up()
    while findings.requests < count:  # of some operations there are only so many different requests
        each = -(-(count - findings.requests) // len(batches))
        for operation, mode, live in batches:
            index = next(folders)
            harness = _service(folder / str(index))
            try:
                _send_batch(harness, operation, mode, live, each, number + index, findings)
            finally:
                harness.close()
    return findings


def _service(folder: Path) -> Harness:
    """A service with one resource of each kind; its job has ended, and its cluster is idle."""
    harness = Harness(folder)
    harness.make_cluster(scaleSettings=manual(1))
    harness.put(file_server_path('f'), file_server_body())
    harness.submit('j', customToolkitSettings={'commandLine': 'exit 0'})
    harness.settle()
    return harness


def _send_batch(harness: Harness, operation: Any, mode: GenerationMode, live: bool, count: int, number: int,
                findings: Findings) -> None:
    aimed = LIVE if live else {'subscriptionId': SUBSCRIPTION}
    creates = operation.method == 'put' and mode is GenerationMode.POSITIVE
    strategy = operation.as_strategy(generation_mode=mode, path_parameters={
        name: value for name, value in aimed.items()
        if f'{{{name}}}' in operation.path and not (creates and operation.path.endswith(f'{{{name}}}'))})
    choose = random.Random(number)

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], verbosity=Verbosity.quiet,
              suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def send(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and live:
            _aim_body(case, choose)
        _send(harness, case, mode, findings)

    try:
        send()
    except Unsatisfiable:  # nothing about this operation can be made wrong, or not below these names
        pass


def _aim_body(case: Any, choose: random.Random) -> None:
    """Make a made-up body obey, more often than not, what no schema says: ids of what is there, one toolkit, names of
    VM sizes. What is left of it is still made up."""
    properties = case.body.get('properties') if isinstance(case.body, dict) else None
    if not isinstance(properties, dict) or choose.random() < 0.2:
        return
    if 'vmSize' in properties:
        properties['vmSize'] = 'STANDARD_D1'
    for account in (properties, properties.get('sshConfiguration')):
        if isinstance(account, dict) and isinstance(account.get('userAccountSettings'), dict):
            account['userAccountSettings'].update(adminUserName='alex', adminUserPassword='Passw0rd')
    for mounts in (properties, properties.get('nodeSetup')):
        if isinstance(mounts, dict):
            mounts.pop('mountVolumes', None)
    if 'nodeCount' in properties:
        properties = {key: value for key, value in properties.items() if not key.endswith('Settings')}
        properties.update(cluster={'id': cluster_path('c')}, nodeCount=1,
                          customToolkitSettings={'commandLine': 'true'})
        properties.pop('constraints', None)
        case.body = {**case.body, 'properties': properties}


def _send(harness: Harness, case: Any, mode: GenerationMode, findings: Findings) -> None:
    sent = requests.Request(**{key: value for key, value in case.as_transport_kwargs(base_url=ENDPOINT).items()
                               if key in ('method', 'url', 'headers', 'params', 'json', 'data', 'cookies')}).prepare()
    headers = {name: value for name, value in sent.headers.items() if name.lower() not in ('host', 'authorization')}
    answer = harness.request(str(sent.method), str(sent.url), version='', headers=headers, content=sent.body)
    findings.requests += 1
    findings.statuses[answer.status_code] += 1
    findings.modes[mode.value] += 1
    name = case.operation.definition.raw['operationId']
    findings.operations[name] += 1
    shown = f'{sent.method} {sent.url} {sent.body!r}'[:600]
    if answer.status_code >= 500:
        findings.server_errors.append(f'{answer.status_code} {shown}')
    for problem in _violations(case, answer):
        if problem[0] == 'AcceptedNegativeData' and _has_null(case.body):
            findings.explained['a key that is null is the same as none (arm/checking.py)'] += 1
            continue
        key = (name, *problem)
        findings.violations[key] += 1
        findings.examples.setdefault(key, f'{shown} -> {answer.status_code} {answer.text[:300]}')
    if answer.status_code == 202 and case.method == 'PUT':
        read = case.operation.schema[case.operation.path]['GET']
        _send(harness, read.Case(path_parameters=case.path_parameters, query=case.query), mode, findings)


def _violations(case: Any, answer: Any) -> Iterator[tuple[str, str]]:
    """Kind and text of everything that the document does not allow."""
    response = schemathesis.Response.from_httpx(answer, verify=True)
    try:
        case.validate_response(response, checks=list(CHECKS))
    except BaseExceptionGroup as group:
        for failure in group.exceptions:
            yield type(failure).__name__, str(failure).splitlines()[0][:200]
    except AssertionError as failure:
        yield type(failure).__name__, str(failure).splitlines()[0][:200]


def _has_null(body: Any) -> bool:
    if isinstance(body, (dict, list)):
        return any(item is None or _has_null(item) for item in (body.values() if isinstance(body, dict) else body))
    return False


def main() -> int:
    options = argparse.ArgumentParser(description='Send made-up requests to the service and say what came back.')
    options.add_argument('--requests', type=int, default=5000)
    options.add_argument('--seed', type=int, default=random.randrange(10 ** 6))
    given_options = options.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        findings = send_requests(given_options.requests, given_options.seed, Path(folder))
    print(f'seed {given_options.seed}: {findings.requests} requests in {time.monotonic() - started:.0f} s, to '
          f'{len(findings.operations)} operations, {dict(findings.modes)}')
    print(f'answers by status: {dict(sorted(findings.statuses.items()))}')
    print(f'server errors: {len(findings.server_errors)}')
    for error in findings.server_errors[:20]:
        print(f'  {error}')
    print(f'violations of the document: {sum(findings.violations.values())}')
    for key, number in findings.violations.most_common():
        print(f"  {number} x {' | '.join(key)}\n      {findings.examples[key]}")
    for reason, number in findings.explained.items():
        print(f'  {number} more: {reason}')
    return 1 if findings.server_errors else 0


if __name__ == '__main__':
    sys.exit(main())
