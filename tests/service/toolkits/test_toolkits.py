import pytest

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.service.toolkits import TOOLKITS, host_slots, settings_block, toolkit_of, with_toolkit_defaults
from azext_batchai.service.toolkits.base import ToolkitError

SCRIPT, CONFIG, COMMAND = {'pythonScriptFilePath': 'a.py'}, {'configFilePath': 'a.cfg'}, {'commandLine': 'x'}


def test_a_job_without_a_toolkit_is_told_which_there_are():
    with pytest.raises(ToolkitError, match='one of cntkSettings, .* is required'):
        settings_block({'nodeCount': 1})


def test_a_job_has_one_toolkit():
    with pytest.raises(ToolkitError, match='cannot be combined with caffeSettings') as caught:
        settings_block({'customToolkitSettings': {}, 'caffeSettings': {}})
    assert caught.value.target == 'customToolkitSettings'


def test_every_toolkit_of_the_wire_is_here():
    assert set(TOOLKITS) == set(TOOL_TYPES)
    assert {name: toolkit_of({name: {'x': 1}}) for name in TOOL_TYPES} == {
        name: (TOOLKITS[name], {'x': 1}) for name in TOOL_TYPES}


@pytest.mark.parametrize('block, given, nodes, shown', [
    ('customToolkitSettings', COMMAND, 2, COMMAND), ('caffe2Settings', SCRIPT, 2, SCRIPT),
    ('customMpiSettings', COMMAND, 2, {**COMMAND, 'processCount': 2}),
    ('customMpiSettings', {**COMMAND, 'processCount': 8}, 2, {**COMMAND, 'processCount': 8}),
    ('horovodSettings', SCRIPT, 1, {**SCRIPT, 'processCount': 1}),
    ('chainerSettings', SCRIPT, 3, {**SCRIPT, 'processCount': 3}),
    ('caffeSettings', CONFIG, 2, {**CONFIG, 'processCount': 2}),
    ('pyTorchSettings', SCRIPT, 2, {**SCRIPT, 'processCount': 2}),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'Gloo'}, 1,
     {**SCRIPT, 'communicationBackend': 'Gloo', 'processCount': 1}),
    ('cntkSettings', SCRIPT, 1, {'languageType': 'Python', **SCRIPT, 'processCount': 1}),
    ('cntkSettings', CONFIG, 2, {'languageType': 'BrainScript', **CONFIG, 'processCount': 2}),
    ('cntkSettings', {**SCRIPT, 'languageType': 'python'}, 1, {'languageType': 'Python', **SCRIPT, 'processCount': 1}),
    ('tensorFlowSettings', SCRIPT, 1, SCRIPT),
    ('tensorFlowSettings', SCRIPT, 2, {**SCRIPT, 'workerCount': 2, 'parameterServerCount': 1}),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 4}, 1, {**SCRIPT, 'workerCount': 4, 'parameterServerCount': 1}),
    ('tensorFlowSettings', {'parameterServerCount': 0, **SCRIPT}, 2,
     {'parameterServerCount': 0, **SCRIPT, 'workerCount': 2})])
def test_what_was_left_out_is_filled_in_and_can_be_sent_back(block, given, nodes, shown):
    job = {'nodeCount': nodes, block: given, 'stdOutErrPathPrefix': '/x'}
    filled = with_toolkit_defaults(job)
    assert filled == {**job, block: shown} and list(filled[block]) == list(shown)
    TOOLKITS[block].check(filled[block], nodes)
    assert with_toolkit_defaults(filled) == filled


@pytest.mark.parametrize('block, settings, nodes, slots', [
    ('customToolkitSettings', COMMAND, 2, [1, 1]), ('caffe2Settings', SCRIPT, 3, [1, 1, 1]),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 4}, 2, [1, 1]),
    ('horovodSettings', {**SCRIPT, 'processCount': 3}, 2, [2, 1]),
    ('customMpiSettings', {**COMMAND, 'processCount': 8}, 2, [4, 4]), ('chainerSettings', SCRIPT, 2, [1, 1]),
    ('caffeSettings', {**CONFIG, 'processCount': 4}, 1, [4]), ('cntkSettings', {**SCRIPT, 'processCount': 2}, 1, [2]),
    ('pyTorchSettings', {**SCRIPT, 'processCount': 4}, 2, [1, 1]),
    ('pyTorchSettings', {**SCRIPT, 'processCount': 4, 'communicationBackend': 'MPI'}, 2, [2, 2])])
def test_the_host_file_has_the_ranks_of_each_node(block, settings, nodes, slots):
    assert host_slots({'nodeCount': nodes, block: settings}) == slots
