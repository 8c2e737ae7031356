"""TF_CONFIG as TensorFlow itself reads it: a real one, where it is installed."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from azext_batchai.service.toolkits import tensorflow
from azext_batchai.service.toolkits.base import Gang

FRAMEWORKS = Path(os.environ.get('BATCHAI_TEST_FRAMEWORKS')
                  or Path(__file__).resolve().parents[3] / '.venv' / 'frameworks')
# Reads a list of TF_CONFIG on standard input.
RESOLVE = '''
import json, os, sys
import tensorflow
for config in json.load(sys.stdin):
    os.environ['TF_CONFIG'] = config
    found = tensorflow.distribute.cluster_resolver.TFConfigClusterResolver()
    print('found', json.dumps([found.cluster_spec().as_dict(), found.task_type, found.task_id]))
'''


@pytest.fixture(scope='module')
def resolve():
    python = FRAMEWORKS / 'bin' / 'python'
    if not list(FRAMEWORKS.glob('lib/python3*/site-packages/tensorflow')):
        pytest.skip(f'tensorflow is not installed in {FRAMEWORKS}')

    def run(configs):
        ran = subprocess.run([python, '-c', RESOLVE], input=json.dumps(configs), capture_output=True, text=True,
                             timeout=100, env={'PATH': os.environ['PATH'], 'TF_CPP_MIN_LOG_LEVEL': '3'})
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line.removeprefix('found ')) for line in ran.stdout.splitlines()
                if line.startswith('found ')]
    return run


def test_tensorflow_finds_every_process_in_its_place(resolve):
    plans = tensorflow.tasks({'pythonScriptFilePath': 'a.py', 'workerCount': 3, 'parameterServerCount': 2},
                             Gang(('10.0.0.4', '10.0.0.5')))
    cluster = {'chief': ['10.0.0.4:2223'], 'worker': ['10.0.0.5:2223', '10.0.0.4:2224'],
               'ps': ['10.0.0.4:2222', '10.0.0.5:2222']}
    assert resolve([plan.environment['TF_CONFIG'] for plan in plans]) == [
        [cluster, 'chief', 0], [cluster, 'worker', 0], [cluster, 'worker', 1], [cluster, 'ps', 0], [cluster, 'ps', 1]]
