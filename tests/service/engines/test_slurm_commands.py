"""Slurm's commands and what their complaints amount to."""
import os
import re
import time

import pytest

from azext_batchai.service.engines.base import EngineUnavailable
from azext_batchai.service.engines.slurm.commands import (
    SlurmRefused, SlurmUnavailable, clean_environment, failure, run)

TEMPORARY = [
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
    'sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying',
    'sbatch: error: Batch job submission failed: Resource temporarily unavailable',
    'sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates '
    "accounting/QOS policy (job submit limit, user's size and/or time limits)",
    'sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates '
    "accounting/QOS policy (job submit limit, user's size and/or time limits)",
    'squeue: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory\n'
    'slurm_load_jobs error: Protocol authentication error',
    'sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source',
    'sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)',
    'sbatch: error: Batch job submission failed: I/O error writing script/environment to file',
    'slurm_load_partitions: Zero Bytes were transmitted or received',
    'sinfo: error: Slurm backup controller in standby mode',
    'sbatch: error: Batch job submission failed: Invalid node name specified',
    'Job can not be altered now, try again later for job 5',
]
PERMANENT = [
    ('sbatch: error: invalid partition specified: nope\n'
     'sbatch: error: Batch job submission failed: Invalid partition name specified', 'batchai.slurm.partition'),
    ('sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
     'batchai.slurm.account'),
    ('sbatch: error: Batch job submission failed: Invalid qos specification', 'batchai.slurm.qos'),
    ('sbatch: error: Batch job submission failed: Invalid feature specification', 'feature'),
    ('sbatch: error: Batch job submission failed: Requested node configuration is not available', 'configuration'),
    ('sbatch: error: CPU count per node can not be satisfied\n'
     'sbatch: error: Batch job submission failed: Requested node configuration is not available', 'CPU count'),
    ('sbatch: error: QOSMaxNodePerJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS '
     "policy (job submit limit, user's size and/or time limits)", 'QOSMaxNodePerJobLimit'),
    ('sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)',
     'less time'),
    ('sbatch: error: Batch job submission failed: Access denied to requested reservation', 'reservation'),
    ('sbatch: error: You need a project.\nsbatch: error: Batch job submission failed: Unspecified error', 'a project'),
    ('Slurm accounting storage is disabled', 'accounting'),
    ("sbatch: unrecognized option '--foo=1'\nTry \"sbatch --help\" for more information", 'foo'),
]


@pytest.mark.parametrize('complaint', TEMPORARY)
def test_what_may_pass_is_to_be_asked_again(complaint):
    error = failure('sbatch', complaint.encode(), 1)
    assert isinstance(error, EngineUnavailable)
    assert '\n' not in str(error) and 'error:' not in str(error)


@pytest.mark.parametrize('complaint, word', PERMANENT)
def test_what_can_never_be_is_refused_in_a_sentence(complaint, word):
    error = failure('sbatch', complaint.encode(), 1)
    assert isinstance(error, SlurmRefused) and str(error).startswith('Slurm refused it: ') and word in str(error)
    assert not re.search('\n|error:|submission failed|Try ', str(error))


def test_a_lost_answer_may_belong_to_a_request_that_was_taken():
    assert failure('sbatch', b'sbatch: error: Socket timed out on send/recv operation', 1).may_be_done
    assert failure('sbatch', b'', -9).may_be_done
    assert not failure('sbatch', b'sbatch: error: Unable to contact slurm controller (connect failure)', 1).may_be_done


def test_a_command_that_fails_without_a_word_is_asked_again():
    error = failure('sinfo', b'', 3)
    assert isinstance(error, SlurmUnavailable) and 'code 3' in str(error)


@pytest.mark.parametrize('complaint, said', [
    ('sinfo: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\n'
     'sinfo: error: fetch_config: DNS SRV lookup failed\n'
     'sinfo: error: _establish_config_source: failed to fetch config\n'
     'sinfo: fatal: Could not establish a configuration source', 'sinfo finds no slurm.conf'),
    ('sinfo: error: s_p_parse_file: cannot stat file /nope/slurm.conf: No such file or directory, retrying in 1sec up '
     'to 60sec\nsinfo: error: ClusterName needs to be specified\nsinfo: fatal: Unable to process configuration file',
     'sinfo cannot read /nope/slurm.conf: No such file or directory')], ids=['none', 'missing'])
def test_a_command_without_its_configuration_says_only_that(complaint, said):
    error = failure('sinfo', complaint.encode(), 1)
    assert isinstance(error, SlurmUnavailable) and str(error) == said and not error.may_be_done


def test_a_command_that_waits_for_its_configuration_says_so_when_its_time_is_over():
    with pytest.raises(SlurmUnavailable) as told:
        run(['sh', '-c', 'echo "sinfo: error: s_p_parse_file: cannot stat file /nope: No such file or directory, '
             'retrying in 1sec up to 60sec" >&2; exec sleep 60'], timeout=0.5)
    assert str(told.value) == 'sh cannot read /nope: No such file or directory' and not told.value.may_be_done


def test_a_complaint_in_other_letters_and_without_end_is_still_one_short_line():
    error = failure('sbatch', b'sbatch: error: \xff\x00\x1b[31mbad ' + b'x' * 10_000 + b'\nmore', 1)
    assert len(str(error)) < 500 and str(error).isprintable()


def test_a_command_sees_nothing_of_our_environment_but_what_finds_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv('AZURE_STORAGE_KEY', 'secret')
    monkeypatch.setenv('SBATCH_ACCOUNT', 'other')
    monkeypatch.setenv('SLURM_CONF', str(tmp_path / 'slurm.conf'))
    assert set(clean_environment()) <= {'PATH', 'HOME', 'USER', 'LOGNAME', 'SLURM_CONF', 'LD_LIBRARY_PATH', 'TZ',
                                        'LC_ALL'}
    seen = run(['env'], environment={'SLURM_TIME_FORMAT': '%s'}).splitlines()
    assert 'LC_ALL=C' in seen and f'SLURM_CONF={tmp_path}/slurm.conf' in seen and 'SLURM_TIME_FORMAT=%s' in seen
    assert not [line for line in seen if 'secret' in line or 'other' in line]


def test_a_command_reads_what_it_is_given_and_else_nothing():
    assert run(['cat'], input=b'some text') == 'some text'
    assert run(['cat']) == ''


def test_what_is_no_text_is_not_lost():
    assert 'a\ufffdb' in run(['printf', r'a\377b'])


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(SlurmUnavailable, match='sbatch-of-nobody is not on PATH'):
        run(['sbatch-of-nobody'])


def test_a_command_that_hangs_is_ended_with_all_its_children_and_what_it_said_is_told(tmp_path):
    script = 'echo "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying" >&2; ' \
             f'sleep 600 & echo $! > {tmp_path}/child; wait'
    with pytest.raises(SlurmUnavailable, match='within 0.5 s: Slurm temporarily unable') as caught:
        run(['sh', '-c', script], timeout=0.5)
    assert caught.value.may_be_done
    child, deadline = int((tmp_path / 'child').read_text()), time.monotonic() + 20
    while is_alive(child):
        assert time.monotonic() < deadline, 'the child lives on'
        time.sleep(0.01)


def test_a_process_that_a_command_left_behind_holds_nobody_up():
    began = time.monotonic()
    with pytest.raises(SlurmUnavailable, match='within 0.5 s$'):
        run(['sh', '-c', 'setsid sleep 20 & wait'], timeout=0.5)
    assert time.monotonic() - began < 10


def is_alive(pid):
    state = run(['ps', '-o', 'stat=', '-p', str(pid), '-p', str(os.getpid())]).split()
    return len([letters for letters in state if letters[0] != 'Z']) > 1
