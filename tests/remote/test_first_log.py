import pytest

from azext_batchai.remote.first_log import first_log, is_of_the_job


@pytest.mark.parametrize('tool, names, chosen', [
    ('custom', ['execution.log', 'stderr.txt', 'stdout.txt'], 'stdout.txt'),
    ('horovod', ['stdout-job_prep.txt', 'stdout.txt'], 'stdout.txt'),
    ('tensorflow', ['stderr-wk-0.txt', 'stdout-ps-0.txt', 'stdout-wk-0.txt', 'stdout-wk-1.txt'], 'stdout-wk-0.txt'),
    ('pytorch', ['stdout-0.txt', 'stdout-1.txt'], 'stdout-0.txt'),
    ('pytorch', ['stdout.txt'], 'stdout.txt'),
    ('caffe2', ['stdout-0.txt', 'stdout.txt'], 'stdout-0.txt'),
    ('TensorFlow', ['stdout-wk-0.txt', 'stdout.txt'], 'stdout-wk-0.txt'),
    (None, ['stdout-0.txt'], 'stdout-0.txt'),
    ('custom', ['execution.log', 'stderr.txt', 'stdout-job_prep.txt'], None),
    ('tensorflow', ['stdout-wk-1.txt'], None),
])
def test_the_first_log_is_that_of_the_only_or_first_process(tool, names, chosen):
    assert first_log(names, tool) == chosen


@pytest.mark.parametrize('name, expected', [
    ('stdout.txt', True), ('stderr-wk-0.txt', True), ('stdout-job_prep-tvm-1.txt', True), ('execution.log', False),
    ('execution-tvm-1_2-20180606t120000z.log', False), ('execution.log.txt', True)])
def test_what_the_service_writes_about_a_job_is_no_log_of_it(name, expected):
    assert is_of_the_job(name) is expected
