"""Which settings of Slurm are told to be slow, and which are not."""
import pytest

from azext_batchai.service.engines.slurm.findings import findings
from azext_batchai.service.engines.slurm.slurm_config import is_operator, parse_config, scheduler_parameters, seconds

GOOD = {
    'SchedulerParameters': 'batch_sched_delay=0,sched_min_interval=0,sched_interval=1', 'Epilog': '/bin/true',
    'ProctrackType': 'proctrack/linuxproc', 'EnforcePartLimits': 'ALL', 'MaxJobCount': '20000', 'MinJobAge': '60 sec',
    'AccountingStorageType': 'accounting_storage/slurmdbd', 'JobCompType': 'jobcomp/none', 'SuspendTime': 'INFINITE',
    'SuspendProgram': '(null)', 'SchedulerType': 'sched/backfill', 'PriorityType': 'priority/basic',
    'SlurmUser': 'slurm(64030)'}


def config(**changed):
    lines = [f'{name:24}= {value}' for name, value in {**GOOD, **changed}.items() if value is not None]
    return parse_config('Configuration data as of 2026-01-01T00:00:00\n' + '\n'.join(lines)
                        + '\n\nSlurmctld(primary) at head is UP\n')


def test_nothing_is_said_of_a_slurm_that_is_set_well():
    assert findings(config()) == []


def test_nothing_is_said_while_the_settings_are_not_known():
    assert findings({}) == []


@pytest.mark.parametrize('changed, said', [
    ({'SchedulerParameters': '(null)'}, ['no batch_sched_delay, so it is 3: a job waits 3 s',
                                         'SchedulerParameters=batch_sched_delay=0']),
    ({'SchedulerParameters': 'batch_sched_delay=20'}, ['has batch_sched_delay=20: a job waits 20 s']),
    ({'SchedulerParameters': 'batch_sched_delay=20,sched_interval=5'}, ['a job waits 5 s']),
    ({'SchedulerParameters': 'batch_sched_delay=0,sched_min_interval=2000000'},
     ['sched_min_interval=2000000', 'up to 2 s']),
    ({'SchedulerParameters': 'batch_sched_delay=0,defer'}, ['has defer', 'take defer out']),
    ({'Epilog': '(null)'}, ['no Epilog is set', 'Epilog=/bin/true']),
    ({'Epilog': None}, ['no Epilog is set']),
    ({'SchedulerType': 'sched/builtin'}, ['ignores --nice', 'schedulingPriority', 'SchedulerType=sched/backfill']),
    ({'PriorityType': 'priority/multifactor', 'PriorityWeightAge': '0', 'PriorityWeightTRES': '(null)'},
     ['each PriorityWeight is 0', 'schedulingPriority', 'PriorityWeightJobSize=100000']),
    ({'ProctrackType': 'proctrack/pgid'}, ['proctrack/pgid', 'proctrack/cgroup']),
    ({'EnforcePartLimits': 'NO'}, ['EnforcePartLimits is NO', 'EnforcePartLimits=ALL']),
    ({'MaxJobCount': '10000', 'MinJobAge': '300 sec'}, ['no more than 33 jobs a second', 'MinJobAge=60']),
    ({'AccountingStorageType': 'accounting_storage/none', 'MinJobAge': '45 sec'},
     ['forgets after 45 s', 'JobCompType=jobcomp/filetxt']),
    ({'SuspendTime': '600 sec', 'SuspendProgram': '/usr/local/sbin/off'}, ['SuspendTime is 600 s']),
], ids=lambda value: ' '.join(value) if isinstance(value, dict) else None)
def test_a_setting_is_told_with_its_value_and_what_to_write(changed, said):
    sentences = findings(config(**changed))
    assert len(sentences) == 1 and all(part in sentences[0] for part in said), sentences
    assert '\n' not in sentences[0]


@pytest.mark.parametrize('changed', [
    {'SchedulerParameters': 'batch_sched_delay=1'}, {'SchedulerParameters': 'sched_interval=1'},
    {'SchedulerParameters': 'batch_sched_delay=0,sched_min_interval=1000'}, {'ProctrackType': 'proctrack/cgroup'},
    {'SchedulerType': 'sched/builtin', 'PriorityType': 'priority/multifactor'},
    {'PriorityType': 'priority/multifactor', 'PriorityWeightAge': '0', 'PriorityWeightJobSize': '1000'},
    {'PriorityType': 'priority/multifactor', 'PriorityWeightAge': '0', 'PriorityWeightTRES': 'CPU=1000'},
    {'SuspendTime': '600 sec'}, {'MinJobAge': '0 sec'}, {'Epilog': None, 'Epilog[0]': '/bin/true'},
    {'AccountingStorageType': 'accounting_storage/none', 'JobCompType': 'jobcomp/filetxt'}])
def test_settings_that_cost_nothing_are_not_spoken_of(changed):
    assert findings(config(**changed)) == []


def test_who_runs_slurm_is_an_operator_and_nobody_else():
    assert is_operator(config(), 64030) and is_operator(config(), 0) and not is_operator(config(), 1000)
    assert not is_operator({}, 1000)


def test_values_are_read_as_slurm_prints_them():
    found = config(SchedulerParameters='defer, bf_window=100')
    assert seconds(found, 'MinJobAge') == 60 and seconds(found, 'SuspendTime') is None
    assert scheduler_parameters(found) == {'defer': '', 'bf_window': '100'} and scheduler_parameters({}) == {}
    assert found['suspendprogram'] == ''
