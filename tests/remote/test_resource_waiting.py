from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import (
    AzureResponseError, InvalidArgumentValueError, ManualInterrupt, RequiredArgumentMissingError,
    ResourceNotFoundError)

from azext_batchai.remote.resource_waiting import Wish, wait_for_resource
from fakes import not_found

MISSING, MISSING_SAYS_AZURE = ResourceNotFoundError('no cluster'), not_found('ClusterNotFound')


def resource(state='succeeded', nodes=0):
    return SimpleNamespace(name='c', provisioning_state=state, current_node_count=nodes, additional_properties={})


def looks_needed(wish, *seen, interval=None, timeout=None):
    """How often the service is asked while the resource is like each of `seen` after the other; the last one stays."""
    left, looks, now = list(seen), [], [0.0]

    def look():
        looks.append(now[0])
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, BaseException):
            raise found
        return found

    def sleep(seconds):
        now[0] += seconds
        assert now[0] < 10_000, 'waits for ever'
    wait_for_resource(None, look, wish, "cluster 'c'", "allocationState=='steady'", interval, timeout,
                      lambda: now[0], sleep)
    return looks


@pytest.mark.parametrize('wish, seen, looks', [
    (Wish(created=True), [resource()], 1),
    (Wish(created=True), [MISSING, resource('creating'), resource()], 3),
    (Wish(updated=True), [resource('updating'), resource('Succeeded')], 2),
    (Wish(exists=True), [MISSING_SAYS_AZURE, resource('creating')], 2),
    (Wish(deleted=True), [resource(), resource('deleting'), MISSING], 3),
    (Wish(deleted=True), [resource(), MISSING_SAYS_AZURE], 2),
    (Wish(deleted=True), [MISSING], 1),
    (Wish(custom='currentNodeCount==`2`'), [resource(nodes=1), resource(nodes=2)], 2),
], ids=['there', 'made later', 'updated', 'exists before it is ready', 'searched and gone', 'gone from its workspace',
        'gone before', 'custom'])
def test_the_wait_ends_when_the_wish_is_granted(wish, seen, looks):
    assert len(looks_needed(wish, *seen)) == looks


@pytest.mark.parametrize('wish', [Wish(updated=True), Wish(custom='name')])
@pytest.mark.parametrize('missing', [MISSING, MISSING_SAYS_AZURE])
def test_what_is_not_there_cannot_change(wish, missing):
    with pytest.raises(type(missing)):
        looks_needed(wish, missing)


def test_interval_and_timeout_are_kept():
    assert looks_needed(Wish(exists=True), MISSING, MISSING, resource(), interval=2.5) == [0, 2.5, 5]
    with pytest.raises(AzureResponseError, match=r"After 4 seconds \(--timeout\) cluster 'c' is not yet as asked for"):
        looks_needed(Wish(exists=True), MISSING, timeout=4, interval=3)


def test_what_could_not_be_made_is_not_waited_for():
    with pytest.raises(AzureResponseError, match="could not make cluster 'c'"):
        looks_needed(Wish(created=True), resource('failed'))
    assert looks_needed(Wish(exists=True), resource('failed')) == [0]


def test_ctrl_c_is_answered():
    with pytest.raises(ManualInterrupt, match="Stopped waiting for cluster 'c'"):
        looks_needed(Wish(created=True), KeyboardInterrupt())


@pytest.mark.parametrize('wish, error, said', [
    (Wish(), RequiredArgumentMissingError, "--deleted, --exists or --custom \"allocationState=='steady'\""),
    (Wish(custom='a['), InvalidArgumentValueError, "--custom 'a\\[' is not .* --custom \"allocationState=='steady'\""),
])
def test_a_wish_that_is_none_is_refused_before_anything_is_asked(wish, error, said):
    with pytest.raises(error, match=said):
        looks_needed(wish, AssertionError('asked'))
