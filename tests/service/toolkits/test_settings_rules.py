import pytest

from azext_batchai.service.toolkits.base import ToolkitError
from azext_batchai.service.toolkits.settings_rules import check_settings

SCRIPT, CONFIG = {'pythonScriptFilePath': 'a.py'}, {'configFilePath': 'a.cntk'}


@pytest.mark.parametrize('block, settings, nodes', [
    ('cntkSettings', SCRIPT, 1), ('cntkSettings', CONFIG, 2),
    ('cntkSettings', {**SCRIPT, 'languageType': 'python', 'pythonInterpreterPath': 'python3'}, 1),
    ('cntkSettings', {**CONFIG, 'languageType': 'brainscript'}, 1),
    ('caffeSettings', SCRIPT, 1), ('caffeSettings', CONFIG, 1),
    ('caffeSettings', {**SCRIPT, 'pythonInterpreterPath': 'python3'}, 1),
    ('tensorFlowSettings', SCRIPT, 1), ('tensorFlowSettings', {**SCRIPT, 'workerCount': 1}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 2, 'parameterServerCount': 1}, 1),
    ('tensorFlowSettings', {**SCRIPT, 'workerCount': 2, 'parameterServerCount': 2}, 2),
    ('pyTorchSettings', {**SCRIPT, 'communicationBackend': 'Gloo'}, 2), ('pyTorchSettings', SCRIPT, 2),
    ('chainerSettings', {**SCRIPT, 'processCount': 8}, 2), ('customToolkitSettings', {'commandLine': 'x'}, 1)])
def test_settings_that_go_together(block, settings, nodes):
    check_settings(block, settings, nodes)


@pytest.mark.parametrize('block, settings, nodes, target, said', [
    ('cntkSettings', {**SCRIPT, **CONFIG}, 1, 'cntkSettings.configFilePath', 'combined with pythonScriptFilePath'),
    ('cntkSettings', {}, 1, 'cntkSettings', 'pythonScriptFilePath or configFilePath'),
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
    with pytest.raises(ToolkitError) as refusal:
        check_settings(block, settings, nodes)
    assert refusal.value.target == target and said in refusal.value.problem
