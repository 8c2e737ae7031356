"""Job preparation with real processes: on every node, before the job, with logs of its own."""
from processes import is_alive
from recorded_jobs import RECORD, WORK

from azext_batchai.service.store.launches import MAIN, PREPARATION

# It takes a while, so that a job which does not wait for it is found out.
PER_NODE = ('echo prepared "$OF_OUTPUT" $AZ_BATCHAI_NO_SUCH_NAME; echo "login with $KEY" >&2; '
            'sleep 0.1; echo done > $AZ_BATCHAI_JOB_TEMP/prepared')
# Fails on the second node once both have begun, and would go on for ever on the first.
FAILING = ('cd $AZ_BATCHAI_MOUNT_ROOT/work; touch $$.pid; case $AZ_BATCHAI_JOB_TEMP in *_2-*) ;; *) exec sleep 1000 ;; '
           'esac; until [ "$(ls *.pid | wc -l)" = 2 ]; do sleep 0.01; done; '
           'echo begun; echo "E: no such package, $KEY" >&2; exit 100')


def test_every_node_is_prepared_before_the_first_process_of_the_job_begins(real):
    real.ready_cluster(3)
    real.submit_recorded(
        awaited=3, nodeCount=3, jobPreparation={'commandLine': PER_NODE},
        caffe2Settings={'pythonScriptFilePath': RECORD},
        outputDirectories=[{'id': 'MODEL', 'pathPrefix': WORK, 'pathSuffix': 'model'}],
        environmentVariables=[{'name': 'OF_OUTPUT', 'value': '$AZ_BATCHAI_OUTPUT_MODEL'}],
        secrets=[{'name': 'KEY', 'value': 'pa55-word'}])
    assert real.wait_for('j')['executionState'] == 'succeeded', real.logs()
    logs, records = real.logs(), real.records()
    preparation, job = real.launches('j')
    assert (preparation.purpose, job.purpose) == (PREPARATION, MAIN) and preparation.nodes == job.nodes
    assert len(records) == 3
    for record in records:
        assert 'prepared' in record.job_temp
        output = record.environment['AZ_BATCHAI_OUTPUT_MODEL']
        assert logs[f'stdout-job_prep-{record.node_id}.txt'] == f'prepared {output}\n'
        assert logs[f'stderr-job_prep-{record.node_id}.txt'] == 'login with pa55-word\n'
        told = real.journal(record.node)
        ended = told.index('job preparation ended, exit code 0')
        assert told.index('job preparation begins: echo prepared') < ended < told.index(f'rank {record.rank} begins: ')


def test_a_single_node_has_its_preparation_logs_without_a_suffix(real):
    real.ready_cluster(1)
    real.run_job(jobPreparation={'commandLine': 'echo prepared'}, customToolkitSettings={'commandLine': 'echo ran'})
    logs = real.logs()
    assert set(logs) == {'execution.log', 'stdout-job_prep.txt', 'stderr-job_prep.txt', 'stdout.txt', 'stderr.txt'}
    assert (logs['stdout-job_prep.txt'], logs['stdout.txt']) == ('prepared\n', 'ran\n')


def test_a_preparation_that_fails_on_one_node_fails_the_job_and_ends_the_others(real):
    real.ready_cluster(2)
    real.submit('j', nodeCount=2, jobPreparation={'commandLine': FAILING},
                customToolkitSettings={'commandLine': 'echo never'}, secrets=[{'name': 'KEY', 'value': 'pa55-word'}])
    job = real.wait_for('j')
    logs, (first, second) = real.logs(), real.launches('j')[0].nodes
    assert (job['executionState'], job['executionInfo']['exitCode']) == ('failed', 100)
    assert real.problem()['code'] == 'JobPreparationFailed'
    assert real.detail('nodeId') == second and real.detail('stderr') == 'E: no such package, ***'
    assert logs[f'stdout-job_prep-{second}.txt'] == 'begun\n' and 'stdout.txt' not in logs
    assert 'job preparation ended, exit code 100' in real.journal(1)
    pids = [int(file.stem) for file in real.work.glob('*.pid')]
    assert len(pids) == 2 and not any(is_alive(pid) for pid in pids)
    assert [launch.purpose for launch in real.launches('j')] == [PREPARATION]
    assert real.counts() == {'idle': 2} and first != second
