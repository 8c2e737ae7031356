"""examples/gang: two processes on two nodes that find each other, with nothing but Python."""
import re

from examples import example_job, place_example

SHARE = re.compile(r'rank (\d) of 2: (\d+) primes from (\d+) to (\d+)\n')


def test_two_nodes_count_all_primes_together(real):
    place_example(real, 'gang')
    real.ready_cluster(2)
    job = real.run_job(**example_job('gang'))
    logs = real.logs()
    assert job['executionState'] == 'succeeded', (job, logs)
    shares = [SHARE.match(logs[f'stdout-{rank}.txt']).groups() for rank in range(2)]
    assert [(rank, first, last) for rank, _, first, last in shares] == [
        ('0', '0', '99999'), ('1', '100000', '199999')]
    assert logs['stdout-0.txt'].endswith('\n17984 primes below 200000\n')
    assert sum(int(count) for _, count, _, _ in shares) == 17984
    assert len(set(real.launches('j')[0].nodes)) == 2
