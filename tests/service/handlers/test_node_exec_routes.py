"""Commands on nodes, as the REST API serves them; the fake engine runs nothing, so the test plays the command."""
import asyncio
import json
import os
from dataclasses import replace

import pytest
from exec_call import ExecCall
from harness import NOON, Harness, cluster_path, job_path, manual

from azext_batchai.arm.states import NodeState
from azext_batchai.service.engines.fake import FakeEngine
from azext_batchai.service.execution import Execution

CODE = 7


def node_ids(harness, name='c'):
    return [node['nodeId'] for node in harness.post(f'{cluster_path(name)}/listRemoteLoginInformation').json()['value']]


def exec_path(harness, index=0, owner=None):
    return f"{owner or cluster_path('c')}/nodes/{node_ids(harness)[index]}"


def run(harness, path, play, command_line='nvidia-smi'):
    """Make the request, let `play(launch, call)` be the command, and return the call when it is over."""
    async def story():
        known = set(harness.engine.launches)
        call = ExecCall(harness, path, command_line)
        while not (new := set(harness.engine.launches) - known):
            assert not call.task.done(), call.task
            await asyncio.sleep(0)
        await play(harness.engine.launches[new.pop()], call)
        return await call.finished()
    return harness.run(story())


def ends(harness, code=CODE):
    async def play(launch, call):
        harness.engine.end(launch.id, code)
    return play


def seen_launch(harness, path, **more):
    """The launch that a command became."""
    seen = []

    async def play(launch, call):
        seen.append(launch)
        harness.engine.end(launch.id, 0)
    run(harness, path, play, **more)
    return seen[0]


def nothing_is_left(harness):
    return harness.store.executions.all() == [] and list((harness.data_dir / 'launches').glob('*-exec')) == []


# the reply

def test_the_exit_code_is_the_last_line(pair):
    call = run(pair, exec_path(pair), ends(pair))
    assert call.status == 200 and call.events == [{'exitCode': CODE}]
    assert nothing_is_left(pair)


def test_output_comes_while_the_command_runs_and_to_the_last_byte(pair):
    async def play(launch, call):
        (launch.folder / 'stdout').write_bytes(b'one \xff\n')
        await call.until(lambda: call.output(), 'the first output')
        assert call.output() == b'one \xff\n' and 'exitCode' not in call.end
        (launch.folder / 'stderr').write_bytes(b'broken')
        await call.until(lambda: call.output('stderr'), 'the error output')
        (launch.folder / 'stdout').write_bytes(b'two')
        pair.engine.end(launch.id, 0)
    call = run(pair, exec_path(pair), play)
    assert (call.output(), call.output('stderr'), call.end) == (b'one \xff\ntwo', b'broken', {'exitCode': 0})


def test_a_shell_that_could_not_run_the_command_is_heard(pair):
    async def play(launch, call):
        launch.tasks[0].stderr.write_bytes(b'sh: no such shell\n')
        pair.engine.end(launch.id, 127)
    call = run(pair, exec_path(pair), play)
    assert (call.output('stderr'), call.end) == (b'sh: no such shell\n', {'exitCode': 127})


def test_a_command_that_is_lost_is_an_error_and_not_an_exit_code(pair):
    async def play(launch, call):
        pair.engine.lose(launch.id)
    assert run(pair, exec_path(pair), play).end['error']['code'] == 'CommandLost'
    assert nothing_is_left(pair)


class StubbornEngine(FakeEngine):
    """Its tasks end when they are killed, and not before."""

    def stop(self, handle, grace_seconds):
        if grace_seconds:
            self.stops.append((handle.partition(':')[2], grace_seconds))
        else:
            super().stop(handle, 0)


def test_hanging_up_stops_the_command_with_grace_and_then_kills_it(tmp_path):
    harness = Harness(tmp_path / 'data', StubbornEngine())
    harness.service.settings = replace(harness.settings, terminate_grace_seconds=0.05)
    harness.make_cluster(scaleSettings=manual(1))

    async def play(launch, call):
        await call.hang_up()
    run(harness, exec_path(harness), play)
    assert [grace for _, grace in harness.engine.stops] == [0.05, 0]
    assert nothing_is_left(harness)
    harness.close()


def test_output_without_end_does_not_save_a_command_whose_client_hung_up(tmp_path, monkeypatch):
    harness = Harness(tmp_path / 'data', StubbornEngine())
    harness.service.settings = replace(harness.settings, terminate_grace_seconds=0.05)
    harness.make_cluster(scaleSettings=manual(1))

    async def play(launch, call):
        monkeypatch.setattr(Execution, 'read', lambda execution: [('stdout', b'y')])
        await call.hang_up()
    run(harness, exec_path(harness), play)
    assert harness.engine.stops[-1][1] == 0 and nothing_is_left(harness)
    harness.close()


@pytest.mark.parametrize('leave', ['resize', 'delete'])
def test_a_command_ends_with_its_node(pair, leave):
    async def play(launch, call):
        if leave == 'resize':
            answer = await pair.send('PATCH', cluster_path('c'), {'properties': {'scaleSettings': manual(0)}})
        else:
            answer = await pair.send('DELETE', cluster_path('c'))
        assert answer.status_code in (200, 202)
        while not call.task.done():
            pair.turn()
            await asyncio.sleep(0)
    call = run(pair, exec_path(pair), play)
    assert call.end['error']['code'] == 'NodeLeaving' and call.end['error']['message'].endswith('was ended.')
    assert pair.engine.stops[-1][1] == 0 and nothing_is_left(pair)


@pytest.mark.parametrize('stop', [lambda pair, call: pair.service.turned.close(),
                                  lambda pair, call: call.task.cancel()], ids=['in order', 'out of patience'])
def test_when_the_service_stops_the_command_is_killed_and_the_client_told(pair, stop):
    async def play(launch, call):
        (launch.folder / 'stdout').write_bytes(b'x')
        await call.until(call.output, 'output')
        stop(pair, call)
    call = run(pair, exec_path(pair), play)
    assert call.end['error']['code'] == 'ServiceStopped' and pair.engine.stops[-1][1] == 0


# what the command sees

def test_a_command_on_a_cluster_sees_the_node_and_nothing_of_the_service(pair, monkeypatch):
    monkeypatch.setenv('AZURE_BATCHAI_STORAGE_KEY', 'hush')
    task = seen_launch(pair, exec_path(pair, 1), command_line='echo hi').tasks[0]
    assert task.node == node_ids(pair)[1] and task.command.endswith('\necho hi')
    assert task.environment['AZ_BATCHAI_MOUNT_ROOT'].endswith(f'/{task.node}/mounts')
    assert {'AZ_BATCHAI_NUM_GPUS', 'OMP_NUM_THREADS', 'PATH'} <= set(task.environment)
    assert 'AZ_BATCHAI_JOB_TEMP' not in task.environment and 'AZURE_BATCHAI_STORAGE_KEY' not in task.environment


def test_a_command_on_a_job_sees_its_variables_but_not_its_secrets(pair):
    pair.submit('j', nodeCount=2, environmentVariables=[{'name': 'COLOR', 'value': 'in $AZ_BATCHAI_JOB_TEMP'}],
                secrets=[{'name': 'PASSPHRASE', 'value': 'hush'}],
                inputDirectories=[{'id': 'DATA', 'path': '$AZ_BATCHAI_MOUNT_ROOT/data'}])
    pair.settle()
    path = exec_path(pair, 1, job_path('j'))
    task = seen_launch(pair, path).tasks[0]
    running = pair.engine.launches[pair.running_launch('j').id].tasks[0]
    own = {name: value for name, value in task.environment.items() if name.startswith('AZ_BATCH')}
    assert set(own) == {name for name in running.environment if name.startswith('AZ_BATCH')}
    assert own['AZ_BATCH_HOST_LIST'] == '127.0.0.1,127.0.0.1'
    assert f'/{task.node}/' in own['AZ_BATCHAI_JOB_TEMP'] and f"cd {own['AZ_BATCHAI_JOB_TEMP']}" in task.command
    assert task.environment['COLOR'] == f"in {own['AZ_BATCHAI_JOB_TEMP']}"
    assert 'PASSPHRASE' not in task.environment and 'PASSPHRASE' in running.environment


def test_a_job_whose_paths_lead_nowhere_still_lets_one_look_at_its_nodes(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j', stdOutErrPathPrefix='$NO_SUCH_VARIABLE')
    harness.settle()
    assert harness.state('j') == 'failed'
    task = seen_launch(harness, exec_path(harness, 0, job_path('j'))).tasks[0]
    assert task.environment['AZ_BATCHAI_JOB_TEMP'].endswith('/jobs/w/e/j')


def test_nodes_of_a_job_that_has_ended_can_still_be_looked_at(pair):
    pair.submit('j')
    pair.settle()
    pair.end('j', 0)
    assert run(pair, exec_path(pair, 0, job_path('j')), ends(pair)).end == {'exitCode': CODE}


def test_the_working_directory_of_the_task_is_shared_with_nobody(pair):
    """Whoever stops the launch stops what is at work there as well."""
    launch = seen_launch(pair, exec_path(pair))
    assert launch.folder in launch.tasks[0].working_directory.parents


# it is no job

def test_the_node_stays_idle_and_takes_a_job_meanwhile(harness):
    harness.make_cluster(scaleSettings=manual(1))

    async def play(launch, call):
        assert (await harness.send('PUT', job_path('j'), {'properties': {
            'cluster': {'id': cluster_path('c')}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP/out',
            'customToolkitSettings': {'commandLine': 'sleep'}}})).status_code == 202
        harness.turn()
        assert (await harness.send('GET', job_path('j'))).json()['properties']['executionState'] == 'running'
        harness.engine.end(launch.id, 0)
    run(harness, exec_path(harness), play)
    assert harness.state('j') == 'running' and len(harness.launches('j')) == 1


@pytest.mark.parametrize('state', ['preparing', 'unusable'])
def test_nodes_that_take_no_jobs_can_be_looked_at(harness, state):
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'sleep' if state == 'preparing' else 'exit 4', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    assert harness.counts() == {state: 1}
    assert run(harness, exec_path(harness), ends(harness)).end == {'exitCode': CODE}


# refusals

@pytest.mark.parametrize('body, problem', [
    ({}, 'commandLine: is required'), ({'commandLine': None}, 'commandLine: is required'),
    ({'commandLine': ''}, 'commandLine: must not be empty'), ({'commandLine': ' \n'}, 'commandLine: must not be empty'),
    ({'commandLine': 5}, 'commandLine: should be a string'), ({'commandLine': 'x', 'user': 'root'}, 'user: is not a'),
    ([], 'it should be an object'), ('x', 'it should be an object'), ({'commandLine': 'a\x00b'}, 'NUL'),
], ids=str)
def test_a_body_that_is_no_command_is_refused(pair, body, problem):
    answer = pair.post(f'{exec_path(pair)}/exec', json=body)
    assert answer.status_code == 400 and problem in answer.json()['error']['message']
    assert pair.engine.starts == [] and nothing_is_left(pair)


def refused(harness, path, status, code):
    answer = harness.post(f'{path}/exec', json={'commandLine': 'x'})
    assert (answer.status_code, answer.json()['error']['code']) == (status, code), answer.text
    return answer.json()['error']['message']


def test_a_node_that_is_not_there_is_named_with_those_that_are(pair):
    text = refused(pair, f"{cluster_path('c')}/nodes/tvm-1", 404, 'NodeNotFound')
    assert "no node 'tvm-1'" in text and ', '.join(node_ids(pair)) in text


def test_a_node_of_another_cluster_is_not_there(pair):
    pair.make_cluster('other', scaleSettings=manual(1))
    refused(pair, f"{cluster_path('other')}/nodes/{node_ids(pair)[0]}", 404, 'NodeNotFound')


def test_a_node_that_the_job_has_not_is_not_there(pair):
    pair.submit('j')
    pair.settle()
    refused(pair, f"{job_path('j')}/nodes/{node_ids(pair)[1]}", 404, 'NodeNotFound')


def test_node_ids_compare_without_case(pair):
    path = exec_path(pair)
    assert run(pair, path.replace('/tvm-', '/TVM-'), ends(pair)).end == {'exitCode': CODE}


def test_what_owns_the_node_must_be_there(pair):
    refused(pair, f"{cluster_path('nope')}/nodes/n", 404, 'ClusterNotFound')
    refused(pair, f"{job_path('nope')}/nodes/n", 404, 'JobNotFound')


def test_a_cluster_without_nodes_says_how_to_get_some(harness):
    harness.make_cluster(scaleSettings=manual(0))
    assert 'az batchai cluster resize' in refused(harness, f"{cluster_path('c')}/nodes/n", 409, 'ClusterHasNoNodes')


def test_a_job_without_nodes_says_why(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('busy')
    harness.settle()
    harness.submit('waiting')
    harness.settle()
    assert 'it is queued' in refused(harness, f"{job_path('waiting')}/nodes/n", 409, 'JobHasNoNodes')
    node = node_ids(harness)[0]
    harness.end('busy')
    harness.delete(cluster_path('c'))
    harness.settle()
    assert 'are gone' in refused(harness, f"{job_path('busy')}/nodes/{node}", 409, 'JobHasNoNodes')


def test_a_node_that_is_leaving_is_refused(pair):
    node = node_ids(pair)[0]
    pair.store.clusters.set_node_state(node, NodeState.LEAVING, NOON)
    refused(pair, f"{cluster_path('c')}/nodes/{node}", 409, 'NodeLeaving')


def test_an_engine_that_is_away_is_a_503_and_one_that_refuses_a_400(pair):
    path = exec_path(pair)
    pair.engine.unavailable = True
    refused(pair, path, 503, 'NodeUnavailable')
    pair.engine.unavailable, pair.engine.rejected = False, 'the command is too long'
    assert 'the command is too long' in refused(pair, path, 400, 'CommandRejected')
    assert nothing_is_left(pair)


def test_without_pipes_there_is_a_503_and_nothing_is_left(pair, monkeypatch):
    path, real = exec_path(pair), os.mkfifo
    monkeypatch.setattr(os, 'mkfifo', lambda name, mode: real(name, mode) if name.name == 'stdout' else (
        _ for _ in ()).throw(OSError(28, 'No space left on device')))
    assert 'No space left on device' in refused(pair, path, 503, 'NodeUnavailable')
    assert nothing_is_left(pair)


def test_only_who_has_the_token_may_run_commands(pair):
    for token in (None, 'wrong'):
        assert pair.post(f'{exec_path(pair)}/exec', json={'commandLine': 'x'}, token=token).status_code == 401
    assert pair.get(f'{exec_path(pair)}/exec').status_code == 405
    assert pair.engine.starts == []


def test_the_command_is_in_no_log_and_no_database(pair, caplog):
    caplog.set_level('DEBUG')
    run(pair, exec_path(pair), ends(pair), command_line='mysql --password=hush-hush')
    assert 'hush-hush' not in caplog.text
    assert 'hush-hush' not in json.dumps(list(pair.store.database.connection.iterdump()))
