"""Real TensorFlow: its processes find each other by TF_CONFIG, and exchange numbers."""
import json
import shutil
from pathlib import Path

import pytest
from frameworks import framework_python
from processes import is_alive
from recorded_jobs import WORK, search_path


@pytest.fixture
def tensorflow(real, monkeypatch):
    """Two nodes, and a Python with TensorFlow."""
    monkeypatch.setenv('PATH', search_path(framework_python('tensorflow').parent))
    for script in Path(__file__).parent.glob('tensorflow_by_*.py'):
        shutil.copy(script, real.work)
    real.ready_cluster(2)
    return real


def said(logs, log, word):
    """What follows `word` in the line of a log that begins with it."""
    return next(line.removeprefix(f'{word} ') for line in logs[log].splitlines() if line.startswith(f'{word} '))


def test_two_workers_share_a_variable_on_a_parameter_server_that_is_stopped_after_them(tensorflow):
    tensorflow.submit('j', nodeCount=2, tensorFlowSettings={
        'pythonScriptFilePath': f'{WORK}/tensorflow_by_server.py', 'workerCount': 2, 'parameterServerCount': 1})
    job = tensorflow.wait_for('j', patience=100)
    logs = tensorflow.logs()
    assert job['executionState'] == 'succeeded', logs
    served = [json.loads(said(logs, f'stdout-{name}.txt', 'serves')) for name in ('wk-0', 'wk-1', 'ps-0')]
    assert [task[:2] for task in served] == [['chief', 0], ['worker', 0], ['ps', 0]]
    for worker in range(2):
        assert said(logs, f'stdout-wk-{worker}.txt', 'total') == '30.0 is on /job:ps/task:0'
    assert not any(is_alive(pid) for _, _, pid in served)
    ended, = tensorflow.launches('j')
    assert ended.result['exitCodes'][:2] == [0, 0] and ended.result['exitCodes'][2] > 128


def test_workers_without_parameter_servers_add_up_what_each_brings(tensorflow):
    job = tensorflow.run_job(nodeCount=2, tensorFlowSettings={
        'pythonScriptFilePath': f'{WORK}/tensorflow_by_all_reduce.py', 'parameterServerCount': 0})
    logs = tensorflow.logs()
    assert job['executionState'] == 'succeeded', logs
    assert [said(logs, f'stdout-wk-{worker}.txt', 'total') for worker in range(2)] == ['30.0 of 2'] * 2
