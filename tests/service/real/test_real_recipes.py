"""The public recipes (tests/data/recipes.json), run for real: each program is a stand-in that records."""
import json
import os
import shutil
from pathlib import Path

import pytest
from flat_kit import NEW, accept, flat_cluster, flat_job, flat_path
from harness import ROOT, job_path, manual
from needs import needs_open_mpi
from recorded_jobs import bound, recorded_jobs, search_path

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.remote.first_log import first_log
from azext_batchai.service.scheduler.environment import expand
from azext_batchai.service.toolkits import settings_block

RECIPES = json.loads((Path(__file__).resolve().parents[2] / 'data' / 'recipes.json').read_text('utf-8'))['recipes']
RECIPE_FOLDER = '$AZ_BATCHAI_MOUNT_ROOT/recipes'
# Fills the node's own folder, with the names in a solver's file expanded as the Caffe recipe does.
PREPARE = '''
echo prepared by $AZ_BATCHAI_JOB_TEMP
echo data > $AZ_BATCHAI_JOB_TEMP/data.txt
sed "s|\\$AZ_BATCHAI_OUTPUT_MODEL|$AZ_BATCHAI_OUTPUT_MODEL|" $AZ_BATCHAI_INPUT_SCRIPT/solver.prototxt \\
    > $AZ_BATCHAI_JOB_TEMP/solver.prototxt
'''
each_recipe = pytest.mark.parametrize('recipe', RECIPES, ids=lambda recipe: recipe['recipe'])


@pytest.fixture
def real(tmp_path, monkeypatch):
    """Programs of the recipes lie in the folder that nodes mount."""
    with recorded_jobs(tmp_path) as made:
        shutil.copy(made.work / 'record.py', made.work / 'train.py')
        (made.work / 'train.cntk').write_text('command = Train\n')
        (made.work / 'prepare.sh').write_text(PREPARE)
        (made.work / 'solver.prototxt').write_text('snapshot_prefix: "$AZ_BATCHAI_OUTPUT_MODEL/digits"\n')
        monkeypatch.setenv('PATH', search_path(made.make_programs('cntk', 'caffe')))
        yield made


def run_recipe(real, recipe, awaited):
    """The job as a client of the recipe's own API version sees it in the end."""
    properties = {**recipe['properties'], 'stdOutErrPathPrefix': RECIPE_FOLDER, 'nodeCount': recipe['nodeCount'],
                  'environmentVariables': [{'name': 'RECORDS', 'value': f'{RECIPE_FOLDER}/records'},
                                           {'name': 'RECORDS_AWAITED', 'value': str(awaited)}]}
    setup = {'mountVolumes': bound(real.work, 'recipes')}
    if recipe['api'] != NEW:
        real.ready_cluster(recipe['nodeCount'], nodeSetup=setup)
        real.submit('j', **properties)
        return real.wait_for('j')
    accept(real.put(flat_path('clusters', 'c'), flat_cluster(scaleSettings=manual(recipe['nodeCount']),
                                                             nodeSetup=setup), version=NEW))
    job = flat_job('c', **{**properties, 'customToolkitSettings': None})
    accept(real.put(flat_path('jobs', 'j'), job, version=NEW))
    return real.wait_until(lambda: (seen := real.get(flat_path('jobs', 'j'), version=NEW).json()['properties'])[
        'executionState'] in ('succeeded', 'failed') and seen, 'the flat job to end')


def expected_processes(recipe):
    """Node, rank in its role, and entry of the table for each process."""
    if recipe['ranks'] is None:
        return [(process['node'], int(process['variables']['AZ_BATCHAI_TASK_INDEX']), process)
                for process in recipe['processes']]
    nodes = [node for node, count in enumerate(recipe['ranks']) for _ in range(count)]
    return [(node, rank, recipe['processes'][0]) for rank, node in enumerate(nodes)]


@each_recipe
def test_a_recipe_runs_as_its_table_says(recipe, real):
    expected = expected_processes(recipe)
    if sum(recipe['ranks'] or []) > 1:
        needs_open_mpi()
    job = run_recipe(real, recipe, len(expected))
    assert job['executionState'] == 'succeeded', job['executionInfo']
    logs = Path(real.store.jobs.find(job_key(recipe)).directories['stdouterr'])
    assert logs == real.work / job['jobOutputDirectoryPathSegment'] / 'stdouterr'
    nodes = real.store.launches.of_owner(real.store.jobs.find(job_key(recipe)).guid)[-1].nodes
    records = real.records_on(nodes)
    assert [(record.node, record.rank) for record in records] == [(node, rank) for node, rank, _ in expected]
    for record, (_, _, process) in zip(records, expected):
        check_process(recipe, record, process, nodes)
        assert f'out of {record.pid}\n' in (logs / process['stdout']).read_text()
    check_logs(recipe, logs, nodes)
    block = settings_block(recipe['properties'])
    assert job[block].items() >= recipe['resolved'].items()


def job_key(recipe):
    if recipe['api'] == NEW:
        return f'{ROOT}/workspaces/migrated-eastus/experiments/migrated/jobs/j'.lower()
    return job_path('j').lower()


def check_process(recipe, record, process, nodes):
    known = record.environment
    temp = known['AZ_BATCHAI_JOB_TEMP']
    assert record.arguments == [expand(argument, known) for argument in process['arguments']]
    assert {name: known.get(name) for name in process['variables']} == {
        name: expand(value, known) for name, value in process['variables'].items()}
    for name, hosts in process.get('hosts', {}).items():
        assert len(known[name].split(',')) == max(1, len(hosts)) and bool(known[name]) == bool(hosts)
    assert json.loads(known.get('TF_CONFIG', '{}')).get('task') == process.get('tfTask')
    for name in (name for name in known if name.startswith('AZ_BATCHAI_OUTPUT_')):
        assert name in record.folders
    prepared = 'jobPreparation' in recipe['properties']
    filled = {'benchmarks'} if 'benchmarks' in str(recipe['properties']) else {'data.txt', 'solver.prototxt'}
    assert bool(filled & set(record.job_temp)) == prepared and nodes[record.node] in temp


def check_logs(recipe, logs, nodes):
    several = len(nodes) > 1
    suffixes = [f'-{node}' for node in nodes] if several else ['']
    names = {f'execution{suffix}.log' for suffix in suffixes}
    if 'jobPreparation' in recipe['properties']:
        names |= {f'{stream}-job_prep{end}.txt' if several else f'{stream}-job_prep.txt'
                  for stream in ('stdout', 'stderr') for end in suffixes}
    for process in recipe['processes']:
        names |= {process['stdout'], process['stdout'].replace('stdout', 'stderr')}
    found = sorted(os.listdir(logs))
    assert found == sorted(names) and recipe['streamed'] in names
    assert first_log(found, TOOL_TYPES[settings_block(recipe['properties'])]) == recipe['processes'][0]['stdout']


def test_the_solver_of_the_caffe_recipe_is_expanded_by_its_preparation(real):
    recipe = next(recipe for recipe in RECIPES if recipe['recipe'] == 'Caffe-GPU')
    run_recipe(real, recipe, 1)
    record, = real.records()
    solver = Path(record.arguments[1].removeprefix('--solver=')).read_text()
    assert solver == f'snapshot_prefix: "{record.environment["AZ_BATCHAI_OUTPUT_MODEL"]}/digits"\n'


def test_the_dataset_that_the_tensorflow_recipe_forgets_to_declare_expands_to_nothing(real):
    recipe = next(recipe for recipe in RECIPES if recipe['recipe'] == 'TensorFlow-GPU-Distributed')
    run_recipe(real, recipe, 3)
    assert [record.arguments[-1] for record in real.records()] == ['--data_dir='] * 3
