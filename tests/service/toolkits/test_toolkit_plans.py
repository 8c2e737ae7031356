"""What the toolkits start that leave the launching to MPI, or start the same process everywhere. TensorFlow and
PyTorch have tests of their own."""
import pytest

from azext_batchai.service.toolkits import TOOLKITS, caffe2, custom
from azext_batchai.service.toolkits.base import Gang, TaskPlan
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.python_command import python_command

SCRIPT = {'pythonScriptFilePath': '$D/a.py', 'commandLineArgs': '--x $Y'}
PYTHON = (python_command(SCRIPT).text, 'python $D/a.py --x $Y')
CONFIG = {'configFilePath': '$D/a.cfg', 'commandLineArgs': 'x=$Y'}
COMMAND = {'commandLine': 'echo $A "b" | cat'}
OF_MPI = [
    ('customMpiSettings', COMMAND, ('echo $A "b" | cat', 'echo $A "b" | cat'), {}),
    ('horovodSettings', SCRIPT, PYTHON, {}), ('chainerSettings', SCRIPT, PYTHON, {}),
    ('cntkSettings', SCRIPT, PYTHON, {'KERAS_BACKEND': 'cntk'}),
    ('cntkSettings', {**SCRIPT, 'languageType': 'python'}, PYTHON, {'KERAS_BACKEND': 'cntk'}),
    ('cntkSettings', CONFIG, ('cntk configFile="$D/a.cfg" x=$Y', 'cntk configFile=$D/a.cfg x=$Y'),
     {'KERAS_BACKEND': 'cntk'}),
    ('caffeSettings', SCRIPT, PYTHON, {}),
    ('caffeSettings', CONFIG, ('caffe train --solver="$D/a.cfg" x=$Y', 'caffe train --solver=$D/a.cfg x=$Y'), {})]


def gang(node_count):
    return Gang(tuple(f'10.0.0.{4 + index}' for index in range(node_count)))


@pytest.mark.parametrize('node_count', [1, 3])
def test_a_custom_command_runs_on_the_master_node_only(node_count):
    assert custom.tasks({'commandLine': 'echo $A "b"'}, gang(node_count)) == [
        TaskPlan(node=0, command='echo $A "b"', stdout='stdout.txt', stderr='stderr.txt')]


@pytest.mark.parametrize('node_count', [1, 3])
def test_caffe2_runs_once_on_every_node_and_knows_its_rank(node_count):
    assert caffe2.tasks(SCRIPT, gang(node_count)) == [
        TaskPlan(node=rank, command=PYTHON[0], name=f'rank {rank}', stdout=f'stdout-{rank}.txt',
                 stderr=f'stderr-{rank}.txt', environment={'AZ_BATCHAI_TASK_INDEX': str(rank)}, shown=PYTHON[1])
        for rank in range(node_count)]


@pytest.mark.parametrize('block, settings, command, environment', OF_MPI)
@pytest.mark.parametrize('node_count, given', [(1, {}), (2, {'processCount': 1})])
def test_one_process_is_started_as_it_is(block, settings, command, environment, node_count, given):
    assert TOOLKITS[block].tasks({**settings, **given}, gang(node_count)) == [
        TaskPlan(node=0, command=command[0], stdout='stdout.txt', stderr='stderr.txt', environment=environment,
                 shown=command[1])]


@pytest.mark.parametrize('block, settings, command, environment', OF_MPI)
@pytest.mark.parametrize('node_count, given, count', [(2, {}, 2), (2, {'processCount': 8}, 8),
                                                      (1, {'processCount': 2}, 2)])
def test_several_processes_are_started_by_mpi_on_all_nodes(block, settings, command, environment, node_count, given,
                                                           count):
    found = TOOLKITS[block].tasks({**settings, **given}, gang(node_count))
    expected = mpi_tasks(command[0], count, gang(node_count), command[1])
    assert [plan.environment for plan in found] == [{**plan.environment, **environment} for plan in expected]
    assert [(plan.node, plan.command, plan.shown, plan.essential) for plan in found] == [
        (plan.node, plan.command, plan.shown, plan.essential) for plan in expected]
    assert {(plan.stdout, plan.stderr) for plan in found} == {('stdout.txt', 'stderr.txt')}
