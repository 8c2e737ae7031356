"""The public recipes (semantics sheet, section 11): what each makes the service start. Their tables are data."""
import json
from pathlib import Path

import pytest

from azext_batchai.arm.checking import check
from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.remote.first_log import first_log
from azext_batchai.service.toolkits import host_slots, settings_block, toolkit_of, with_toolkit_defaults
from azext_batchai.service.toolkits.base import Gang
from azext_batchai.service.toolkits.mpi import mpi_tasks

DATA = Path(__file__).resolve().parents[2] / 'data' / 'recipes.json'
RECIPES = json.loads(DATA.read_text('utf-8'))['recipes']
each_recipe = pytest.mark.parametrize('recipe', RECIPES, ids=lambda recipe: recipe['recipe'])


def planned(recipe):
    """The job with its defaults, its gang, and the tasks of its toolkit."""
    shape = 'JOB' if recipe['api'] == '2018-05-01' else 'JOB_2018_03'
    needed = {} if recipe['api'] == '2018-05-01' else {'location': 'eastus'}
    job = check(shape, {**needed, 'properties': {
        'cluster': {'id': 'c'}, 'nodeCount': recipe['nodeCount'], 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/x',
        **recipe['properties']}})['properties']
    toolkit, settings = toolkit_of(job)
    toolkit.check(settings, job['nodeCount'])
    filled = with_toolkit_defaults(job)
    gang = Gang(tuple(f'10.0.0.{4 + index}' for index in range(job['nodeCount'])))
    return filled, gang, toolkit.tasks(filled[settings_block(job)], gang)


def test_all_recipes_are_here():
    assert len({recipe['recipe'].partition(' (')[0] for recipe in RECIPES}) == 17


@each_recipe
def test_a_reply_shows_the_settings_of_a_recipe_with_what_they_left_out(recipe):
    job, _, _ = planned(recipe)
    block = settings_block(job)
    assert job[block] == {**recipe['properties'][block], **recipe['resolved']}


@each_recipe
def test_a_recipe_starts_what_its_table_says(recipe):
    job, gang, tasks = planned(recipe)
    wanted = recipe['processes']
    by_mpi = sum(recipe['ranks'] or []) > 1
    if by_mpi:
        assert len(tasks) == len(mpi_tasks('x', sum(recipe['ranks']), gang)) and len(wanted) == 1
        assert host_slots(job) == recipe['ranks']
    else:
        assert len(tasks) == len(wanted)
    for task, process in zip(tasks, wanted):
        shown = f"mpirun -n {sum(recipe['ranks'])} {process['shown']}" if by_mpi else process['shown']
        assert (task.node, task.stdout, task.shown) == (process['node'], process['stdout'], shown)
        assert task.stderr == process['stdout'].replace('stdout', 'stderr')
        assert process['variables'].items() <= task.environment.items()
        for name, nodes in process.get('hosts', {}).items():
            hosts = [host.partition(':')[0] for host in task.environment[name].split(',') if host]
            assert hosts == [gang.addresses[node] for node in nodes]
        assert json.loads(task.environment.get('TF_CONFIG', '{}')).get('task') == process.get('tfTask')


@each_recipe
def test_the_log_that_a_recipe_streams_is_one_of_its_own(recipe):
    job, _, tasks = planned(recipe)
    logs = [name for task in tasks for name in (task.stdout, task.stderr)]
    assert recipe['streamed'] in logs
    assert first_log(logs, TOOL_TYPES[settings_block(job)]) == recipe['processes'][0]['stdout']
