"""Nodes in whose place others come: unusable ones after a resize, those of low priority when their time is up."""
import dataclasses

import pytest
from plan_kit import EVICTING, IDLE, NOW, RESIZING, RUNNING, TIMING, UNUSABLE, nodes, queue, view

from azext_batchai.service.scheduler.plan import Rescale, StopJob, StopReason, Timing, next_time, plan
from azext_batchai.service.scheduler.snapshot import ActiveJob, NodeView


def test_a_node_that_was_unusable_when_the_cluster_was_resized_is_replaced():
    bad = view(2, nodes=nodes(UNUSABLE, IDLE, since=NOW - 5), resized=NOW - 1)
    assert plan(bad, NOW, TIMING) == [Rescale(1, ('n1',))]
    assert plan(dataclasses.replace(bad, nodes=bad.nodes[1:]), NOW, TIMING) == [RESIZING, Rescale(2)]


def test_a_node_that_became_unusable_since_stays_until_the_next_resize():
    assert plan(view(2, nodes=nodes(UNUSABLE, IDLE, since=NOW - 5), resized=NOW - 9), NOW, TIMING) == []


def test_a_resize_to_fewer_nodes_gives_up_the_unusable_ones():
    assert plan(view(1, nodes=nodes(UNUSABLE, IDLE, since=NOW - 5), resized=NOW - 1), NOW, TIMING) == [
        RESIZING, Rescale(1, ('n1',))]


@pytest.mark.parametrize('low_priority, eviction, age, evicted', [
    (True, 30.0, 30.0, True), (True, 30.0, 29.9, False), (False, 30.0, 99.0, False), (True, 0.0, 99.0, False)])
def test_nodes_of_low_priority_are_taken_away_when_their_time_is_up(low_priority, eviction, age, evicted):
    free = NodeView('n1', 1, IDLE, NOW, None, NOW - age)
    found = plan(view(1, nodes=(free,), low_priority=low_priority), NOW, Timing(2.0, 10.0, eviction))
    assert found == ([Rescale(0, ('n1',))] if evicted else [])


def test_a_job_on_a_node_whose_time_is_up_is_stopped_first():
    held = tuple(dataclasses.replace(node, added=NOW - 30) for node in nodes((RUNNING, 'a1'), (RUNNING, 'a1')))
    case = view(2, nodes=held, low_priority=True, active=(ActiveJob('a1', 2),))
    assert plan(case, NOW, EVICTING) == [StopJob('a1', StopReason.EVICTED)]


def test_no_job_starts_on_a_node_whose_time_is_up():
    case = view(1, nodes=(NodeView('n1', 1, IDLE, NOW, None, NOW - 30),), low_priority=True, queue=queue(1))
    assert plan(case, NOW, EVICTING) == [Rescale(0, ('n1',))]


def test_the_loop_wakes_up_when_the_time_of_a_node_is_up():
    case = view(1, nodes=(NodeView('n1', 1, IDLE, NOW, None, NOW - 10),), low_priority=True)
    assert next_time(case, NOW, EVICTING) == NOW + 20
