"""Logs, tables, files and memory: what they show to whom."""
import logging
import os
import stat
import subprocess
import sys

import pytest

from azext_batchai._format import download_table, file_table
from azext_batchai.service.log_lines import PlainFormatter
from azext_batchai.service.settings import Settings
from azext_batchai.service.store import Store

HOSTILE = 'a\x1b[2J\x1b]0;title\x07\r\n2026-01-01 INFO forged: line\x9b31m\u202e\u2028b'


def formatted(*arguments, exc_info=None):
    record = logging.LogRecord('name', logging.INFO, 'path', 1, 'said %s', arguments, exc_info)
    return PlainFormatter('%(levelname)s %(name)s: %(message)s').format(record)


def test_text_of_clients_and_jobs_neither_begins_a_line_of_the_log_nor_steers_a_terminal():
    line = formatted(HOSTILE)
    assert line.isprintable() and line.startswith('INFO name: said a\\x1b[2J') and '\\nforged' not in line


def test_a_traceback_stays_readable_and_its_text_is_as_plain():
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        text = formatted('x', exc_info=sys.exc_info())
    first, *rest = text.split('\n')
    assert first == 'INFO name: said x' and all(line.startswith('    ') and line.isprintable() for line in rest)


@pytest.mark.parametrize('table, entry', [
    (file_table, {'name': HOSTILE, 'fileType': 'file'}),
    (download_table, {'name': HOSTILE, 'path': HOSTILE, 'size': 1, 'state': 'done'})])
def test_names_of_files_do_not_steer_the_terminal_that_shows_a_table(table, entry):
    row, = table([entry])
    shown = [value for value in row.values() if isinstance(value, str)]
    assert all(value.isprintable() for value in shown) and '\\x1b[2J' in row['Name']


def test_other_names_are_shown_as_they_are():
    assert file_table([{'name': 'größe 東京 \U0001f600.txt'}])[0]['Name'] == 'größe 東京 \U0001f600.txt'


def test_the_database_and_what_belongs_to_it_are_for_the_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        store = Store(Settings(tmp_path).database_file)
    finally:
        os.umask(before)
    try:
        files = sorted(tmp_path.iterdir())
        assert [file.name for file in files] == ['batchai.db', 'batchai.db-shm', 'batchai.db-wal']
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        store.close()


PROGRAM = '''
import ctypes, subprocess, sys
from azext_batchai.service.private_memory import keep_memory_private
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
keep_memory_private()
look = 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))'
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
subprocess.run([sys.executable, '-c', look])
'''


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='prctl is of Linux')
def test_the_services_memory_is_neither_dumped_nor_read_and_a_jobs_is_its_own_matter():
    ran = subprocess.run([sys.executable, '-c', PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ['1', '0', '1']
