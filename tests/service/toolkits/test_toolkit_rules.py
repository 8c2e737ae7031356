import pytest

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.service.toolkits import TOOLKITS
from azext_batchai.service.toolkits.base import ToolkitError
from azext_batchai.service.toolkits.process_counts import MOST_PER_NODE

SCRIPT, CONFIG, COMMAND = {'pythonScriptFilePath': 'a.py'}, {'configFilePath': 'a.cntk'}, {'commandLine': 'x'}
COUNTED = [(block, 'processCount', COMMAND if block == 'customMpiSettings' else SCRIPT) for block in (
    'customMpiSettings', 'horovodSettings', 'cntkSettings', 'pyTorchSettings', 'caffeSettings', 'chainerSettings')]
COUNTED.append(('tensorFlowSettings', 'workerCount', SCRIPT))


@pytest.mark.parametrize('block, settings, nodes', [
    ('cntkSettings', SCRIPT, 1), ('cntkSettings', CONFIG, 2),
    ('cntkSettings', {**SCRIPT, 'languageType': 'python', 'pythonInterpreterPath': 'python3'}, 1),
    ('cntkSettings', {**CONFIG, 'languageType': 'brainscript'}, 1),
    ('cntkSettings', {**SCRIPT, 'configFilePath': ''}, 1),
    ('caffeSettings', SCRIPT, 1), ('caffeSettings', CONFIG, 1),
    ('caffeSettings', {**SCRIPT, 'pythonInterpreterPath': 'python3'}, 1),
    ('tensorFlowSettings', SCRIPT, 1), ('tensorFlowSettings', {**SCRIPT, 'workerCount': 1}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'parameterServerCommandLineArgs': '--ps'}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'parameterServerCount': 0}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 2, 'parameterServerCount': 1}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 1, 'parameterServerCount': 2}, 2),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 8, 'parameterServerCount': 2}, 2),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'Gloo'}, 2), ('pyTorchSettings', SCRIPT, 2),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'TCP'}, 1),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'MPI', 'processCount': 4}, 2),
    ('chainerSettings', {**SCRIPT, 'processCount': 8}, 2), ('horovodSettings', {**SCRIPT, 'processCount': 1}, 2),
    ('caffe2Settings', SCRIPT, 2), ('customMpiSettings', COMMAND, 2), ('customToolkitSettings', COMMAND, 1)])
def test_settings_that_go_together(block, settings, nodes):
    TOOLKITS[block].check(settings, nodes)


@pytest.mark.parametrize('block, settings, nodes, target, said', [
    ('cntkSettings', {**SCRIPT, **CONFIG}, 1, 'cntkSettings.configFilePath', 'combined with pythonScriptFilePath'),
    ('cntkSettings', {}, 1, 'cntkSettings', 'pythonScriptFilePath or configFilePath'),
    ('cntkSettings', {'configFilePath': ' '}, 1, 'cntkSettings', 'pythonScriptFilePath or configFilePath'),
    ('cntkSettings', {**SCRIPT, 'languageType': 'Java'}, 1, 'cntkSettings.languageType', "Python, but is 'J"),
    ('cntkSettings', {**SCRIPT, 'languageType': 'BrainScript'}, 1, 'cntkSettings.pythonScriptFilePath', 'BrainScript'),
    ('cntkSettings', {**CONFIG, 'languageType': 'Python'}, 1, 'cntkSettings.configFilePath', 'for Python give'),
    ('cntkSettings', {**CONFIG, 'pythonInterpreterPath': 'p'}, 1, 'cntkSettings.pythonInterpreterPath', 'needs'),
    ('caffeSettings', {**SCRIPT, **CONFIG}, 1, 'caffeSettings.configFilePath', 'combined'),
    ('caffeSettings', {'processCount': 1}, 1, 'caffeSettings', 'required'),
    ('caffeSettings', {**CONFIG, 'pythonInterpreterPath': 'p'}, 1, 'caffeSettings.pythonInterpreterPath', 'needs'),
    ('tensorFlowSettings', {**SCRIPT, 'parameterServerCount': 1}, 1, 'tensorFlowSettings.parameterServerCount',
     'distributed'),
    ('tensorFlowSettings', {**SCRIPT, 'parameterServerCount': 3}, 2, 'tensorFlowSettings.parameterServerCount',
     'above nodeCount, which is 2'),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'nccl'}, 2, 'pyTorchSettings.communicationBackend',
     "tcp, gloo, mpi, but is 'nccl'")])
def test_settings_that_contradict_each_other(block, settings, nodes, target, said):
    refused(block, settings, nodes, target, said)


@pytest.mark.parametrize('block', sorted(set(TOOL_TYPES) - {'cntkSettings', 'caffeSettings'}))
@pytest.mark.parametrize('blank', [None, '', ' \n'])
def test_a_toolkit_needs_something_to_run(block, blank):
    key = 'commandLine' if block.startswith('custom') else 'pythonScriptFilePath'
    refused(block, {} if blank is None else {key: blank}, 1, f'{block}.{key}', 'is required')


@pytest.mark.parametrize('block, key, settings', COUNTED)
def test_a_slip_of_digits_starts_no_million_processes(block, key, settings):
    TOOLKITS[block].check({**settings, key: 2 * MOST_PER_NODE}, 2)
    refused(block, {**settings, key: 2 * MOST_PER_NODE + 1}, 2, f'{block}.{key}', '513 is above 256 for each node')


@pytest.mark.parametrize('block, key, settings', COUNTED)
def test_no_processes_are_too_few(block, key, settings):
    refused(block, {**settings, key: 0}, 2, f'{block}.{key}', 'at least 1')


def refused(block, settings, nodes, target, said):
    with pytest.raises(ToolkitError) as refusal:
        TOOLKITS[block].check(settings, nodes)
    assert refusal.value.target == target and said in refusal.value.problem
