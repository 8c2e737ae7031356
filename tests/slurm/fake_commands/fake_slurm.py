"""All of Slurm's commands in one script, by the name it is called with: they print what the real ones do.

The folder is that of the script's link. ``jobs/<id>`` is a job as JSON. ``faults/<command>`` has a line that says what
goes wrong: ``down``, ``hang``, ``garbage``, ``lost`` (done, and no answer), ``full``, ``silent`` or ``refuse <text>``.
``calls`` has a line a call.
"""
import fcntl
import json
import os
import sys
import time

PLACE = os.path.dirname(os.path.abspath(sys.argv[0]))
COMMAND, WORDS = os.path.basename(sys.argv[0]), sys.argv[1:]
DOWN = {'scontrol': 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
        'sbatch': 'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
        'squeue': 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
        'sinfo': 'slurm_load_partitions: Unable to contact slurm controller (connect failure)',
        'scancel': 'scancel: error: Kill job error on job id 1: Unable to contact slurm controller (connect failure)',
        'sacct': 'sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to '
                 'host:localhost:6819: Connection refused\n'
                 'sacct: error: Problem talking to the database: Connection refused'}
NODES = ['n1', 'n2', 'n3', 'n4']
SHOWN = {'%i': 'id', '%A': 'id', '%T': 'state', '%r': 'reason', '%k': 'comment', '%Z': 'folder', '%j': 'name'}


def fail(text, code=1):
    sys.stderr.write(text + '\n' if text else '')
    sys.exit(code)


def read(path, default=''):
    try:
        with open(os.path.join(PLACE, path)) as file:
            return file.read()
    except FileNotFoundError:
        return default


def write(path, text):
    with open(os.path.join(PLACE, path + '.new'), 'w') as file:
        file.write(text)
    os.rename(os.path.join(PLACE, path + '.new'), os.path.join(PLACE, path))


def jobs():
    numbers = sorted(int(name) for name in os.listdir(os.path.join(PLACE, 'jobs')) if name.isdigit())
    return {str(number): json.loads(read(f'jobs/{number}')) for number in numbers}


def option(name, default=''):
    """The last one counts, as everywhere."""
    return next((word.split('=', 1)[1] for word in reversed(WORDS) if word.startswith(f'--{name}=')), default)


def plain():
    return [word for word in WORDS if not word.startswith('-')]


def sbatch():
    if option('partition', 'batch') != 'batch':
        fail(f"sbatch: error: invalid partition specified: {option('partition')}\n"
             'sbatch: error: Batch job submission failed: Invalid partition name specified')
    if option('constraint'):
        fail('sbatch: error: Batch job submission failed: Invalid feature specification')
    script = next(word for word in WORDS if not word.startswith('-'))
    with open(os.path.join(PLACE, 'lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        number = len(os.listdir(os.path.join(PLACE, 'jobs'))) + 1
        write(f'jobs/{number}', json.dumps({
            'id': str(number), 'state': 'PENDING', 'reason': 'Priority', 'comment': option('comment', '(null)'),
            'folder': option('chdir'), 'name': option('job-name'), 'nodes': int(option('nodes', '1')),
            'excluded': option('exclude'), 'script': script, 'arguments': WORDS[WORDS.index(script) + 1:],
            'words': WORDS}))
    return f'{number}\n'


def squeue():
    known = jobs()
    if option('jobs'):
        known = {number: known[number] for number in option('jobs').split(',')
                 if number in known and known[number]['state'] != 'FORGOTTEN'}
        if not known:
            fail('slurm_load_jobs error: Invalid job id specified')
    ended = option('states') == 'all'
    rows = []
    for job in known.values():
        if job['state'] in ('PENDING', 'RUNNING', 'COMPLETING') or ended and job['state'] != 'FORGOTTEN':
            row = option('format')
            for letters, name in SHOWN.items():
                row = row.replace(letters, job[name])
            rows.append(row + '\n')
    return ''.join(rows)


def scancel():
    known = jobs()
    for number in plain():
        job = known.get(number)
        if job is None or job['state'] not in ('PENDING', 'RUNNING', 'COMPLETING'):
            if option('state'):
                fail(f'scancel: error: Kill job error on job id {number}: Invalid job id specified')
            continue
        if option('state', job['state']) != job['state']:
            fail('')
        if not option('signal'):
            write(f'jobs/{number}', json.dumps({**job, 'state': 'CANCELLED', 'reason': 'None'}))
    return ''


def sinfo():
    row = '\x1e' + '\x1f'.join(('{}', '10.0.0.{}', 'idle', '2', '(null)', '(null)', 'batch*', 'infinite', 'up', 'none'))
    return '\n'.join(row.format(name, number) for number, name in enumerate(NODES, 1)) + '\n'


def scontrol():
    if 'config' in WORDS:
        return 'SlurmUser               = root(0)\nSchedulerType           = sched/builtin\n'
    if 'update' in WORDS:
        words = dict(word.split('=', 1) for word in WORDS if '=' in word)
        known = jobs()
        for number in words['JobId'].split(','):
            if number not in known or known[number]['state'] != 'PENDING':
                fail(f'Invalid job id specified for job {number}')
            write(f'jobs/{number}', json.dumps({**known[number], 'excluded': words['ExcNodeList']}))
        return ''
    job = jobs().get(WORDS[-1])
    if job is None or job['state'] == 'FORGOTTEN':
        fail('slurm_load_jobs error: Invalid job id specified')
    preempted = ' PreemptTime=2026-11-20T10:00:01' if job.get('preempted') else ''
    return f"JobId={job['id']} JobName={job['name']} JobState={job['state']}{preempted}\n"


def sacct():
    known = read('accounting')
    if not known:
        fail('Slurm accounting storage is disabled')
    return ''.join(line + '\n' for line in known.splitlines() if line.split('|')[0] in option('jobs').split(','))


def main():
    with open(os.path.join(PLACE, 'calls'), 'a') as calls:
        calls.write(' '.join([COMMAND, *WORDS]).replace('\n', ' ') + '\n')
    fault = read(f'faults/{COMMAND}').strip()
    if fault == 'down':
        fail(DOWN.get(COMMAND, 'Unable to contact slurm controller (connect failure)'))
    if fault == 'hang':
        time.sleep(1000)
    if fault == 'full':
        sys.stderr.write('sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n')
        sys.stderr.flush()
        time.sleep(1000)
    if fault == 'silent':
        sys.exit(1)
    if fault.startswith('refuse '):
        fail(fault.removeprefix('refuse ').replace('\\n', '\n'))
    answer = 'Segmentation fault? {"x": \x00\xff\n' if fault == 'garbage' else globals()[COMMAND]()
    if fault == 'lost':
        os.remove(os.path.join(PLACE, 'faults', COMMAND))  # once
        time.sleep(1000)
    if fault == 'killed':
        os.remove(os.path.join(PLACE, 'faults', COMMAND))
        os.kill(os.getpid(), 9)
    sys.stdout.write(answer)


main()
