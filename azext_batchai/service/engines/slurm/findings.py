"""What in the settings of Slurm makes short jobs slow, or hides what became of a job: a sentence each.

The figures were measured with Slurm 22.05: four nodes, 60 jobs of `true` one after the other until all were gone,
against 1.8 s with the settings named here. Settings that changed nothing there are not said to be slow: the kind of
scheduler, CompleteWait, proctrack/pgid as such.
"""
from __future__ import annotations

from typing import Mapping

from azext_batchai.service.engines.slurm.slurm_config import scheduler_parameters, seconds

_DEFAULT_DELAY, _DEFAULT_INTERVAL, _SLOW_MICROSECONDS = 3.0, 60.0, 100_000
_DEFAULT_JOBS, _DEFAULT_AGE = 10_000, 300.0
# Fewer than this many jobs a second for long is less than one machine alone runs.
_JOBS_PER_SECOND = 50


def findings(config: Mapping[str, str]) -> list[str]:
    """Sentences for the user about settings as `read_config` returns them; none while they are not known."""
    if not config:
        return []
    found = (_delay(config), _epilog(config), _throttle(config), _defer(config), _order(config), _tracking(config),
             _limits(config), _job_table(config), _memory_of_jobs(config), _power_saving(config))
    return [sentence for sentence in found if sentence]


def _delay(config: Mapping[str, str]) -> str:
    parameters = scheduler_parameters(config)
    delay = _number(parameters.get('batch_sched_delay'), _DEFAULT_DELAY)
    # A turn of the whole queue, each interval, starts jobs as well.
    wait = min(delay, _number(parameters.get('sched_interval'), _DEFAULT_INTERVAL))
    if wait <= 1:
        return ''
    return (f'{_value(parameters, "batch_sched_delay", _DEFAULT_DELAY)}: a job waits {wait:g} s before it begins on a '
            'free node; with SchedulerParameters=batch_sched_delay=0 it is 1 s at most')


def _epilog(config: Mapping[str, str]) -> str:
    if any(config.get(name) for name in ('epilog', 'epilog[0]')):
        return ''
    return ('no Epilog is set: a node is given its next job only up to a second after one has ended there, so that 60 '
            'short jobs on four nodes need 13 s and not 1.8 s; with Epilog=/bin/true it is told at once')


def _throttle(config: Mapping[str, str]) -> str:
    parameters = scheduler_parameters(config)
    pause = _number(parameters.get('sched_min_interval'), 0.0)
    if pause < _SLOW_MICROSECONDS:
        return ''
    return (f'SchedulerParameters has sched_min_interval={pause:.0f}: nodes that become free wait up to '
            f'{pause / 1e6:g} s for the scheduler; 60 short jobs on four nodes needed 30 s with 2000000 and 1.8 s '
            'with sched_min_interval=0')


def _defer(config: Mapping[str, str]) -> str:
    words = [word for word in ('defer', 'defer_batch') if word in scheduler_parameters(config)]
    if not words:
        return ''
    return (f'SchedulerParameters has {words[0]}: jobs begin only in the turns of the scheduler, a second apart, so '
            f'that 60 short jobs on four nodes need 15 s and not 1.8 s; take {words[0]} out')


def _order(config: Mapping[str, str]) -> str:
    kinds = config.get('schedulertype', ''), config.get('prioritytype', '')
    effect = 'so schedulingPriority has no effect on jobs that wait there'
    if kinds == ('sched/builtin', 'priority/basic'):
        return ('SchedulerType is sched/builtin and PriorityType priority/basic: Slurm ignores --nice and starts jobs '
                f'in the order of their submission, {effect}; set SchedulerType=sched/backfill')
    weights = [value for name, value in config.items() if name.startswith('priorityweight')]
    if kinds[1] == 'priority/multifactor' and weights and not any(value.strip('0') for value in weights):
        return ('PriorityType is priority/multifactor and each PriorityWeight is 0: all jobs have the same priority, '
                f'and --nice cannot lower it, {effect}; set for example PriorityWeightJobSize=100000')
    return ''


def _tracking(config: Mapping[str, str]) -> str:
    if config.get('proctracktype') != 'proctrack/pgid':
        return ''
    return ('ProctrackType is proctrack/pgid: processes of a job that have a session of their own live on when it '
            'is ended; set proctrack/cgroup, or proctrack/linuxproc where there are no control groups')


def _limits(config: Mapping[str, str]) -> str:
    if config.get('enforcepartlimits', '').upper() != 'NO':
        return ''
    return ('EnforcePartLimits is NO: a job that is larger or longer than its partition allows is not refused, it '
            'waits for ever; set EnforcePartLimits=ALL')


def _job_table(config: Mapping[str, str]) -> str:
    most = _number(config.get('maxjobcount'), _DEFAULT_JOBS)
    age = seconds(config, 'minjobage')
    age = _DEFAULT_AGE if age is None else age
    if not age or most / age >= _JOBS_PER_SECOND:
        return ''
    return (f'MaxJobCount is {most:.0f} and MinJobAge {age:g} s: a job that has ended counts for that long, so Slurm '
            f'takes no more than {most / age:.0f} jobs a second for long; set for example MinJobAge=60 and '
            'MaxJobCount=20000')


def _memory_of_jobs(config: Mapping[str, str]) -> str:
    kept = [config.get(name, '').rpartition('/')[2] for name in ('accountingstoragetype', 'jobcomptype')]
    age = seconds(config, 'minjobage')
    if any(kept_by not in ('', 'none') for kept_by in kept):
        return ''
    age = _DEFAULT_AGE if age is None else age
    return (f'neither accounting nor JobCompType is on: Slurm forgets after {age:g} s why it ended a job, and one that '
            'it ended while this service was down is then only known as lost; set JobCompType=jobcomp/filetxt or use '
            'slurmdbd')


def _power_saving(config: Mapping[str, str]) -> str:
    idle = seconds(config, 'suspendtime')
    if idle is None or not config.get('suspendprogram'):
        return ''
    return (f'SuspendTime is {idle:g} s: Slurm itself switches nodes off that are idle for that long, and on when '
            'jobs need them; auto-scale of a cluster only decides how many nodes are its own')


def _value(parameters: Mapping[str, str], name: str, default: float) -> str:
    if name in parameters:
        return f'SchedulerParameters has {name}={parameters[name]}'
    return f'SchedulerParameters has no {name}, so it is {default:g}'


def _number(text: str | None, default: float) -> float:
    try:
        return float(text) if text else default
    except ValueError:
        return default
