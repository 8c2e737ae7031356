from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from azext_batchai.arm.times import format_duration, format_time, parse_duration

JUNE_6 = 1528320034  # 2018-06-06T21:20:34Z


@pytest.mark.parametrize('seconds, text', [
    (JUNE_6, '2018-06-06T21:20:34Z'),
    (JUNE_6 + 0.8, '2018-06-06T21:20:34.8Z'),
    (JUNE_6 + 0.27, '2018-06-06T21:20:34.27Z'),
    (JUNE_6 + 0.433, '2018-06-06T21:20:34.433Z'),
    (JUNE_6 + 0.005, '2018-06-06T21:20:34.005Z'),
    (JUNE_6 + 0.0004, '2018-06-06T21:20:34Z'),
    (JUNE_6 + 0.9999, '2018-06-06T21:20:35Z'),
    (0, '1970-01-01T00:00:00Z'),
])
def test_times_are_utc_with_at_most_milliseconds_and_no_trailing_zeros(seconds, text):
    assert format_time(seconds) == text


@pytest.mark.parametrize('text, duration', [
    ('P7D', timedelta(days=7)),
    ('PT1H30M', timedelta(hours=1, minutes=30)),
    ('PT90M', timedelta(minutes=90)),
    ('P1DT12H', timedelta(days=1, hours=12)),
    ('P2W', timedelta(weeks=2)),
    ('PT0.5S', timedelta(milliseconds=500)),
    ('PT0S', timedelta(0)),
    ('7.00:00:00', timedelta(days=7)),
    ('01:02:03', timedelta(hours=1, minutes=2, seconds=3)),
    ('1.2:03:04.5', timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    ('00:00:00.0000001', timedelta(0)),
])
def test_both_spellings_of_a_duration_are_read(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize('text', [
    '', 'P', 'PT', 'P1Y', 'P1M', 'P1H', '7', '7 days', '7.00:00', '1:2:3', 'P7D ', 'P7D\n', '-P1D', 'PT1H1', 'p7d',
    'P1DT', '1.00:00:00x', 'PTS', 'P7D7D',
])
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match='write for example PT90M, P1D or 1.00:00:00'):
        parse_duration(text)


@pytest.mark.parametrize('text', ['P9999999999D', f'PT{"9" * 400}S', '999999999999.00:00:00'])
def test_a_duration_beyond_all_calendars_is_a_value_error(text):
    with pytest.raises(ValueError, match='too long'):
        parse_duration(text)


@pytest.mark.parametrize('duration, text', [
    (timedelta(days=7), 'P7D'),
    (timedelta(hours=1, minutes=30), 'PT1H30M'),
    (timedelta(days=1, seconds=1), 'P1DT1S'),
    (timedelta(minutes=90, milliseconds=250), 'PT1H30M0.25S'),
    (timedelta(0), 'PT0S'),
])
def test_durations_are_written_in_iso_8601(duration, text):
    assert format_duration(duration) == text


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=366)))
def test_a_written_duration_reads_back_the_same(duration):
    assert abs(parse_duration(format_duration(duration)) - duration) <= timedelta(microseconds=1)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 366), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_the_clock_form_and_iso_8601_agree(days, hours, minutes, seconds):
    clock = parse_duration(f'{days}.{hours:02d}:{minutes:02d}:{seconds:02d}')
    assert parse_duration(format_duration(clock)) == clock
    assert parse_duration(f'P{days}DT{hours}H{minutes}M{seconds}S') == clock
