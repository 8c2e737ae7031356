"""What becomes of the output when nobody reads it, or it does not fit; each case in a process of its own."""
import subprocess
import sys

PROGRAM = """
import sys
from azext_batchai.remote.output import Output, ReaderLeft
from azure.cli.core.azclierror import FileOperationError
try:
    out = Output()
    sys.stdin.readline()
    print('has reader' if out.has_reader() else 'no reader', file=sys.stderr)
    out.write(b'x' * 100)
    out.flush()
    print('written', file=sys.stderr)
except ReaderLeft:
    print('reader left', file=sys.stderr)
except FileOperationError as error:
    print(error, file=sys.stderr)
"""


def said(stdout, close=False):
    child = subprocess.Popen([sys.executable, '-c', PROGRAM], stdin=subprocess.PIPE, stdout=stdout,
                             stderr=subprocess.PIPE, text=True)
    if close:
        child.stdout.close()
        child.stdout = None
    complaints = child.communicate('\n')[1]
    assert child.returncode == 0
    return complaints.splitlines()


def test_a_reader_that_listens_gets_everything():
    assert said(subprocess.PIPE) == ['has reader', 'written']


def test_a_reader_that_left_ends_the_output_quietly():
    assert said(subprocess.PIPE, close=True) == ['no reader', 'reader left']


def test_a_full_disk_is_an_error_of_one_line():
    with open('/dev/full', 'wb') as full:
        assert said(full) == ['has reader', 'Cannot write the output: No space left on device.']
