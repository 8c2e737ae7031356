import pytest

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.service.toolkits import TOOLKITS, custom, settings_block, toolkit_of
from azext_batchai.service.toolkits.base import Gang, TaskPlan, ToolkitError


@pytest.mark.parametrize('node_count', [1, 3])
def test_a_custom_command_runs_on_the_master_node_only(node_count):
    gang = Gang(tuple(f'10.0.0.{number}' for number in range(node_count)))
    assert custom.tasks({'commandLine': 'echo $A "b"'}, gang) == [
        TaskPlan(node=0, command='echo $A "b"', stdout='stdout.txt', stderr='stderr.txt')]


@pytest.mark.parametrize('settings', [{}, {'commandLine': ''}, {'commandLine': ' \n'}])
def test_a_custom_toolkit_needs_a_command(settings):
    with pytest.raises(ToolkitError) as caught:
        custom.check(settings, 1)
    assert caught.value.target == 'customToolkitSettings.commandLine'


def test_a_job_without_a_toolkit_is_told_which_there_are():
    with pytest.raises(ToolkitError, match='one of cntkSettings, .* is required'):
        settings_block({'nodeCount': 1})


def test_a_job_has_one_toolkit():
    with pytest.raises(ToolkitError, match='cannot be combined with caffeSettings') as caught:
        settings_block({'customToolkitSettings': {}, 'caffeSettings': {}})
    assert caught.value.target == 'customToolkitSettings'


@pytest.mark.parametrize('name', TOOL_TYPES)
def test_a_toolkit_is_either_here_or_refused_by_name(name):
    if name in TOOLKITS:
        assert toolkit_of({name: {'x': 1}}) == (TOOLKITS[name], {'x': 1})
    else:
        with pytest.raises(ToolkitError, match='is not supported by this version') as caught:
            toolkit_of({name: {}})
        assert caught.value.target == name
