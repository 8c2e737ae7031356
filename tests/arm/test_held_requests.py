import pytest

from azext_batchai.arm.held_requests import FILES, STATE, folder_digest, prefer, preferred


def test_what_a_client_says_is_what_the_service_understands():
    assert preferred(prefer(5, STATE, 'running')['Prefer']) == (5.0, {'state': 'running'})
    assert preferred(prefer(0.25)['Prefer']) == (0.25, {})
    digest = folder_digest([('stdout.txt', 3)])
    assert preferred(prefer(2, FILES, digest)['Prefer']) == (2.0, {'files': digest})


@pytest.mark.parametrize('seconds', [0, -1.0])
def test_without_time_to_wait_there_is_no_header(seconds):
    assert prefer(seconds, STATE, 'running') == {}


@pytest.mark.parametrize('header, understood', [
    ('', (0.0, {})),
    ('return=minimal', (0.0, {})),
    ('respond-async, wait=10', (10.0, {})),
    ('WAIT="3" ; State = "Running"', (3.0, {'state': 'running'})),
    ('wait=soon', (0.0, {})),
    ('wait=inf', (0.0, {})),
    ('wait=nan', (0.0, {})),
    ('wait=-5', (0.0, {})),
    ('wait', (0.0, {})),
    (';;=,=,', (0.0, {})),
])
def test_a_header_of_any_make_is_understood_or_ignored(header, understood):
    assert preferred(header) == understood


def test_a_digest_tells_names_and_sizes_apart_but_not_their_order():
    first = folder_digest([('a', 1), ('b', 2)])
    assert first == folder_digest([('b', 2), ('a', 1)])
    assert len({first, folder_digest([]), folder_digest([('a', 2), ('b', 2)]), folder_digest([('a', 1)]),
                folder_digest([('a', 1), ('c', 2)]), folder_digest([('a\n2 b', 1)])}) == 6
