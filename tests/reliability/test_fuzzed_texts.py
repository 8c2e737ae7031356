"""Texts from the wire, made up: every parser returns or raises the one error it promises."""
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from azext_batchai.arm.checking import ShapeError, check
from azext_batchai.arm.flat_ids import parse_flat_id
from azext_batchai.arm.held_requests import preferred
from azext_batchai.arm.ids import parse_resource_id
from azext_batchai.arm.times import format_duration, parse_duration
from azext_batchai.service.odata import ODataError, parse_filter, parse_select
from azext_batchai.service.scheduler.journal import one_line
from azext_batchai.service.storage.rest import conditions, ranges, sas, shared_key, xml
from azext_batchai.service.storage.rest.errors import StorageError

FUZZ = settings(max_examples=300, deadline=None)
WIRE = st.text(st.characters(max_codepoint=255), max_size=80)
FIELDS = ('name', 'location', 'properties/executionState', 'tags/')
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(['properties', 'vmSize', 'scaleSettings', 'manual', 'nodeCount', 'cluster',
                                         'id', 'customToolkitSettings', 'containerSettings']) | st.text(max_size=8),
                        inner, max_size=5), max_leaves=20)


def _words(*words):
    return st.lists(st.sampled_from(words) | st.text(max_size=5), max_size=12)


@FUZZ
@given(st.text() | _words('subscriptions', '00000000-0000-0000-0000-0000000000aa', 'resourceGroups', 'g', 'providers',
                          'Microsoft.BatchAI', 'workspaces', 'clusters', 'jobs', 'w').map('/'.join))
def test_ids_are_taken_apart_or_refused(text):
    for parse in (parse_resource_id, parse_flat_id):
        try:
            assert parse(str(parse(text))) == parse(text)
        except ValueError as error:
            assert str(error)


@FUZZ
@given(st.text(max_size=30) | st.from_regex(r'P(\d{1,9}W)?(\d{1,9}(\.\d{1,9})?D)?(T(\d{1,9}H)?(\d{1,9}M)?(\d+S)?)?'))
@example('P' + '9' * 400 + 'D')
@example('9' * 400 + '.00:00:00')
@example('P٣D')
def test_durations_are_read_and_written_back_or_refused(text):
    try:
        found = parse_duration(text)
    except ValueError as error:
        assert str(error)
        return
    assert abs((parse_duration(format_duration(found)) - found).total_seconds()) < 1e-3 * max(1, found.total_seconds())


@FUZZ
@given(WIRE | _words('wait', '=', '5', ';', ',', 'inf', 'nan', '-1', 'state').map(''.join))
def test_a_prefer_header_gives_a_finite_wait(text):
    assert 0 <= preferred(text)[0] < float('inf')


@FUZZ
@given(WIRE | _words('name', 'eq', 'ne', "'x'", 'and', 'or', 'not', '(', ')', 'tags/a').map(' '.join),
       st.dictionaries(st.sampled_from(['name', 'location', 'properties', 'tags']), JSON))
@example('not ' * 400 + "name eq 'x'", {})
@example('(' * 1500, {})
def test_filters_and_selections_work_or_are_refused(text, resource):
    try:
        assert parse_filter(text, FIELDS)(resource) in (True, False)
    except ODataError as error:
        assert str(error)
    try:
        assert isinstance(parse_select(text, FIELDS)(resource), dict)
    except ODataError as error:
        assert str(error)


@FUZZ
@given(WIRE | st.from_regex(r'bytes=\d{0,20}-\d{0,20}'), st.integers(0, 1 << 40))
def test_ranges_stay_in_the_file(text, size):
    try:
        found = ranges.asked_range({'range': text}, size)
    except StorageError as error:
        assert error.status == 416
        return
    assert found is None or 0 <= found.start < found.end <= size


@FUZZ
@given(WIRE, WIRE, st.sampled_from(['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']))
@example('Fri, 31 Dec 9999 23:59:59 -2359', '', 'if-modified-since')
@example('Mon, 01 Jan 0001 00:00:00 +2359', '', 'if-unmodified-since')
def test_conditions_hold_or_are_refused(text, tag, name):
    try:
        conditions.check({name: text}, tag, time.time())
    except StorageError as error:
        assert error.status < 500


@FUZZ
@given(st.dictionaries(st.sampled_from(sorted(sas.PARAMETERS)),
                       WIRE | st.sampled_from(['2021-08-06', 'b', 'r', 'bfqt', 'sco', '2999-01-01', 'https'])))
@example({'sv': '2021-08-06', 'sr': 'b', 'se': '9999-12-31', 'st': '0001-01-01', 'sp': 'r', 'sig': 'x'})
@example({'sv': '2021-08-06', 'sr': 'd', 'sdd': '9' * 5000, 'se': '2999-01-01', 'sp': 'r', 'sig': 'x'})
def test_a_made_up_link_opens_nothing(query):
    target = sas.Target('blob', 'a', ('box', 'x'), ('a2V5',), '127.0.0.1', time.time())
    try:
        sas.check(query, target)
    except StorageError as error:
        assert error.status < 500
    else:
        raise AssertionError('it was taken for a link of ours')


@FUZZ
@given(st.sampled_from(shared_key.SCHEMES), WIRE, st.dictionaries(
    st.sampled_from(['x-ms-date', 'date', 'x-ms-a_b', 'x-ms-a-b', 'content-length']), WIRE), st.text())
@example('sharedkey', '\ud800', {}, '')
def test_a_made_up_signature_is_none(scheme, signature, headers, path):
    seen = Headers(raw=[(name.encode(), value.encode('latin-1')) for name, value in headers.items()])
    assert not shared_key.is_signed(('a2V5',), scheme, signature, 'a', 'GET', seen, path, {'comp': path})
    assert shared_key.is_timely(headers, time.time()) in (True, False)


@FUZZ
@given(st.binary(max_size=200) | _words('<a>', '</a>', '<a/>', '&amp;', '<!--', '-->', '<![CDATA[', ']]>', '<?x?>').map(
    lambda words: ''.join(words).encode('utf-8', 'replace')))
@example(b'<a>' * 140_000)
@example(b'<a>' * 70_000 + b'</a>' * 70_000)
def test_xml_is_read_or_refused(content):
    try:
        assert xml.parse(content).tag
    except xml.Malformed as error:
        assert str(error)


@FUZZ
@given(st.sampled_from(['CLUSTER', 'JOB', 'FILE_SERVER', 'WORKSPACE', 'CLUSTER_UPDATE']), JSON)
def test_a_body_is_checked_or_refused_with_a_path(shape, body):
    try:
        check(shape, body)
    except ShapeError as error:
        assert str(error) and '\n' not in str(error)


@FUZZ
@given(st.text())
def test_a_line_of_the_journal_stays_one(text):
    assert len(one_line(text).splitlines()) <= 1
