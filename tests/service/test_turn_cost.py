"""What a turn of the scheduler reads does not grow with the jobs there have been."""
from harness import EXPERIMENT, auto, manual


def whole_tables_read(harness, work):
    """The steps in which SQLite reads all rows of a table, of the queries that `work` makes. Clusters, nodes: few."""
    database, asked = harness.store.database, {}
    originals = database.one, database.all

    def noting(original):
        def noted(sql, parameters=()):
            asked[sql] = parameters
            return original(sql, parameters)
        return noted
    database.one, database.all = map(noting, originals)
    work()
    database.one, database.all = originals
    assert len(asked) > 5
    steps = {(row['detail'], sql) for sql, parameters in asked.items()
             for row in database.all(f'EXPLAIN QUERY PLAN {sql}', parameters)}
    return [step for step in steps if step[0].startswith('SCAN') and 'USING' not in step[0]
            and not any(few in step[0] for few in ('clusters', 'nodes', 'subquery', 'SUBQUERY'))]


def test_a_turn_reads_no_table_as_a_whole(harness):
    harness.make_cluster(scaleSettings=manual(2))
    harness.make_cluster('auto', scaleSettings=auto(0, 2))
    for name, cluster in (('ended', 'c'), ('runs', 'c'), ('waits', 'c'), ('other', 'auto')):
        harness.submit(name, cluster)
    harness.settle()
    harness.end('ended')
    harness.delete(EXPERIMENT)
    assert whole_tables_read(harness, harness.settle) == []
