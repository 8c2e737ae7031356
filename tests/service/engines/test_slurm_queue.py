"""What Slurm's answers about jobs mean."""
import pytest

from azext_batchai.service.engines.base import Removal
from azext_batchai.service.engines.slurm.commands import SlurmUnavailable
from azext_batchai.service.engines.slurm.queue import QueuedJob, job_end, parse_queue, reason_of_waiting


def test_rows_of_ours_are_read_and_others_left_out():
    text = ('17|RUNNING|None|batchai:a-1|/d/nodes/g/attempts/a-1/allocation-1\n'
            '18|PENDING|(ReqNodeNotAvail, UnavailableNodes:n[1-2])|batchai:b-1|/d/x|y z\n'
            '19|PENDING|None|(null)|/home/somebody\n'
            '20|PENDI')
    assert parse_queue(text) == [
        QueuedJob('17', 'RUNNING', 'None', 'a-1', '/d/nodes/g/attempts/a-1/allocation-1'),
        QueuedJob('18', 'PENDING', '(ReqNodeNotAvail, UnavailableNodes:n[1-2])', 'b-1', '/d/x|y z')]
    assert parse_queue('') == []


@pytest.mark.parametrize('text', ['garbage\n', '\x00\xff', 'slurm_load_jobs error\n17|RUNNING'])
def test_an_answer_that_is_no_list_of_jobs_is_none(text):
    with pytest.raises(SlurmUnavailable):
        parse_queue(text)


@pytest.mark.parametrize('state, word, removal, said', [
    ('CANCELLED by 1000', 'CANCELLED', Removal.ADMINISTRATOR, 'the user with the number 1000'),
    ('CANCELLED', 'CANCELLED', Removal.ADMINISTRATOR, 'somebody removed it'),
    ('CANCELLED+', 'CANCELLED', Removal.ADMINISTRATOR, 'somebody removed it'),
    ('TIMEOUT', 'TIMEOUT', Removal.TIME, 'time limit'), ('OUT_OF_MEMORY', 'OUT_OF_MEMORY', Removal.MEMORY, 'memory'),
    ('NODE_FAIL', 'NODE_FAIL', None, 'a node of it failed'), ('COMPLETED', 'COMPLETED', None, 'COMPLETED'),
    ('', '', None, 'no job 17 any more')])
def test_the_state_of_a_job_that_ended_says_why(state, word, removal, said):
    end = job_end('17', state)
    assert (end.state, end.removal) == (word, removal) and said in end.reason


@pytest.mark.parametrize('reason, said', [
    ('None', 'Slurm has not looked at it yet'), ('Resources', 'it waits for nodes to become free (Resources)'),
    ('JobHeldAdmin', 'an administrator holds it back in Slurm (JobHeldAdmin)'),
    ('ReqNodeNotAvail, UnavailableNodes:n1',
     'nodes that it needs cannot be had now (ReqNodeNotAvail, UnavailableNodes:n1)'),
    ('QOSMaxJobsPerUserLimit', 'Slurm lets it wait: QOSMaxJobsPerUserLimit'), ('', '')])
def test_why_a_job_waits_is_a_sentence_with_slurms_word_in_it(reason, said):
    assert reason_of_waiting(reason) == said
