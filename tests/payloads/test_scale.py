import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.scale import scale_settings

CONFIGURED = {'manual': {'targetNodeCount': 7}}


def manual(target):
    return {'manual': {'targetNodeCount': target}}


def auto(low, high, **more):
    return {'autoScale': {'minimumNodeCount': low, 'maximumNodeCount': high, **more}}


@pytest.mark.parametrize('low, high, target, expected', [
    (1, 1, None, manual(1)),
    (0, 0, None, manual(0)),
    (0, 4, None, auto(0, 4)),
    (None, None, 3, manual(3)),
    (None, None, 0, manual(0)),
    (0, 4, 2, auto(0, 4, initialNodeCount=2)),
    (2, 2, 2, manual(2)),
    (2, 2, 1, auto(2, 2, initialNodeCount=1)),
    (2, 10, 1, auto(2, 10, initialNodeCount=1)),
    (0, 4, 4, auto(0, 4, initialNodeCount=4)),
    (None, None, None, CONFIGURED),
])
def test_options_become_settings(low, high, target, expected):
    assert scale_settings(low, high, target, CONFIGURED) == expected


@pytest.mark.parametrize('low, high, target', [(None, None, 3), (3, 3, None)])
def test_a_number_leaves_alone_what_the_file_says_of_the_jobs_on_nodes_that_go(low, high, target):
    configured = {'manual': {'targetNodeCount': 7, 'nodeDeallocationOption': 'terminate'}}
    assert scale_settings(low, high, target, configured) == {
        'manual': {'targetNodeCount': 3, 'nodeDeallocationOption': 'terminate'}}


@pytest.mark.parametrize('low, high, target, error, said', [
    (3, 2, None, InvalidArgumentValueError, '--min 3 is above --max 2'),
    (3, None, None, RequiredArgumentMissingError, '--max'),
    (None, 3, None, RequiredArgumentMissingError, '--min'),
    (0, 4, 5, InvalidArgumentValueError, '--target 5 is above --max 4'),
    (None, None, None, RequiredArgumentMissingError, '--target 2'),
])
def test_what_does_not_fit_together_is_refused(low, high, target, error, said):
    with pytest.raises(error, match=said):
        scale_settings(low, high, target, None)


@pytest.mark.parametrize('configured, said', [
    ({**manual(1), **auto(0, 1)}, 'either manual or autoScale, not both'),
    ({'manual': None, 'autoScale': None}, 'not neither'),
    (auto(3, 2), 'minimumNodeCount 3 above maximumNodeCount 2'),
])
def test_settings_of_the_file_are_checked_too(configured, said):
    with pytest.raises(InvalidArgumentValueError, match=said):
        scale_settings(None, None, None, configured)
    assert scale_settings(None, None, 1, configured) == manual(1)
