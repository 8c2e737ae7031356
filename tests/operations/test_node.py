"""`node exec`: what is refused before anything runs, and which node it is about."""
import logging
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import (
    FileOperationError, InvalidArgumentValueError, RequiredArgumentMissingError, ResourceNotFoundError, ValidationError)

from azext_batchai.operations import node as operations
from azext_batchai.operations.node import exec_on_cluster_node, exec_on_job_node

HERE = 'https://127.0.0.1:8443'
ELSEWHERE = 'https://batchai.example.com:8443'
CMD = SimpleNamespace(cli_ctx=None)


class Client:
    """Cluster or job `x` with nodes; `asked` counts requests."""

    def __init__(self, *node_ids, endpoint=HERE):
        self.asked = 0
        self._client = SimpleNamespace(format_url=lambda path: endpoint + path)
        noun = SimpleNamespace(get=self._get, list_remote_login_information=lambda *names: [
            SimpleNamespace(node_id=node_id) for node_id in node_ids])
        self.clusters = self.jobs = noun

    def _get(self, *names):
        self.asked += 1
        return SimpleNamespace(id='/' + '/'.join(names), name=names[-1])


@pytest.fixture
def runs(monkeypatch):
    """What would run, as (owner id, node, command line); each ends with exit code 0."""
    seen = []
    monkeypatch.setattr('azext_batchai.remote.node_exec.run_on_node',
                        lambda client, owner, node, line, out, err: seen.append((owner, node, line)) or 0)
    return seen


@pytest.fixture
def left(monkeypatch):
    """The exit status that az is told."""
    statuses = []
    monkeypatch.setattr(operations, 'exit_with', lambda cli_ctx, status: statuses.append(status))
    return statuses


def on_cluster(client, **options):
    return exec_on_cluster_node(CMD, client, 'g', 'x', workspace='w', **options)


@pytest.mark.parametrize('options, kind, problem', [
    ({}, RequiredArgumentMissingError, '--exec "nvidia-smi" runs a command, --address/-L'),
    ({'address': []}, RequiredArgumentMissingError, '--exec'),
    ({'command_line': ' '}, InvalidArgumentValueError, '--exec must not be empty'),
    ({'address': '9000'}, InvalidArgumentValueError, "-L '9000' should be like"),
    ({'address': ['9000:h:1', '']}, InvalidArgumentValueError, "-L '' should be like"),
    ({'command_line': 'x', 'ssh_private_key': '/no/key'}, FileOperationError, "'/no/key' is not a file"),
])
def test_a_mistake_is_found_before_anything_is_asked(runs, options, kind, problem):
    client = Client('tvm-1')
    with pytest.raises(kind, match=problem):
        on_cluster(client, **options)
    assert client.asked == 0 and runs == []


def test_without_a_node_it_is_the_first_one_and_verbose_says_so(runs, caplog):
    caplog.set_level(logging.INFO, logger='cli')
    on_cluster(Client('tvm-b', 'tvm-a'), command_line='pwd')
    assert runs == [('/g/w/x', 'tvm-b', 'pwd')]
    assert [(record.levelname, record.getMessage()) for record in caplog.records if 'tvm' in record.getMessage()] == [
        ('INFO', 'This is about node tvm-b, the first of 2.')]


def test_a_node_is_found_without_regard_to_case(runs, tmp_path):
    key = tmp_path / 'id_rsa'
    key.touch()
    exec_on_job_node(CMD, Client('tvm-1', 'tvm-2'), 'g', 'x', workspace='w', experiment='e', node_id='TVM-2',
                     command_line='pwd', password='p', ssh_private_key=str(key))
    assert runs == [('/g/w/e/x', 'tvm-2', 'pwd')]


@pytest.mark.parametrize('present, problem', [
    ((), "Cluster 'x' has no nodes now."),
    (('tvm-1', 'tvm-2'), "Cluster 'x' has no node 'tvm-3'; it has tvm-1, tvm-2."),
])
def test_a_node_that_is_not_there_is_named_with_those_that_are(runs, present, problem):
    with pytest.raises(ResourceNotFoundError) as raised:
        on_cluster(Client(*present), node_id='tvm-3', command_line='x')
    assert str(raised.value) == problem and runs == []


def test_ports_of_a_service_elsewhere_are_for_ssh(runs):
    with pytest.raises(ValidationError, match="use 'ssh -N -L 9000:localhost:9001 -L 7:h:8 batchai.example.com'"):
        on_cluster(Client('tvm-1', endpoint=ELSEWHERE), command_line='x', address=['9000:localhost:9001', '7:h:8'])
    assert runs == []


def test_a_command_runs_on_a_service_elsewhere(runs):
    on_cluster(Client('tvm-1', endpoint=ELSEWHERE), command_line='x')
    assert runs == [('/g/w/x', 'tvm-1', 'x')]


@pytest.mark.parametrize('code', [1, 7, 255])
def test_az_exits_with_the_code_of_the_command(monkeypatch, left, code):
    monkeypatch.setattr('azext_batchai.remote.node_exec.run_on_node', lambda *_: code)
    on_cluster(Client('tvm-1'), command_line='x')
    assert left == [code]


@pytest.mark.parametrize('reason, code', [(KeyboardInterrupt, 130), (operations.ReaderLeft, 141)])
def test_a_command_that_is_left_has_the_code_a_shell_gives_it(monkeypatch, left, reason, code):
    def leave(*_):
        raise reason
    monkeypatch.setattr('azext_batchai.remote.node_exec.run_on_node', leave)
    on_cluster(Client('tvm-1'), command_line='x')
    assert left == [code]
