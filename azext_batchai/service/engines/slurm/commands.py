"""Run one of Slurm's commands: its answer, or an error that says whether asking again could help.

Slurm's commands tell of failures by a text alone, so the texts are read here, and nowhere else. Each command gets a
small environment of its own: what the service knows is not for the environment of jobs.
"""
from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from typing import Mapping, Sequence

from azext_batchai.service.engines.base import EngineUnavailable

# What finds Slurm, and what some of its plug-ins demand. Never the whole environment of the service.
_KEPT = ('PATH', 'HOME', 'USER', 'LOGNAME', 'SLURM_CONF', 'LD_LIBRARY_PATH', 'TZ')
_USUAL_PATH = '/usr/local/bin:/usr/bin:/bin'
_LONGEST_TEXT = 400
_LAST_WORDS_SECONDS = 1.0

_PREFIX = re.compile(r'^(?:\w+: )?(?:(?:error|fatal|warning|lua): )?'
                     r'(?:Batch job submission failed: |slurm_load_\w+(?: error)?: |slurm_\w+ error: )?', re.IGNORECASE)
# The daemon or the way to it is at fault, or a limit that passes: the same words can be accepted later.
_TEMPORARY = re.compile('|'.join((
    # the way to the daemon
    r'unable to contact slurm (?:controller|database)', r'controller not responding', r'socket timed out',
    r'standby mode',
    r'zero bytes were transmitted', r'connection (?:refused|timed out|reset)', r'no route to host', r'broken pipe',
    r'network is unreachable', r'transport endpoint', r'communications? (?:connection|send|receive|shutdown)',
    r'unexpected message', r'message (?:send|receive) fail', r'problem talking to the database',
    r'incompatible versions',
    # who we are
    r'munge', r'protocol authentication error', r'invalid authentication credential',
    # where its settings are
    r'configuration source', r'failed to fetch config', r'communications? configuration', r'reconfigur',
    # too much of something for now
    r'temporarily un(?:able|available)', r'try again', r'retrying', r'maxsubmit\w*limit', r'maxjobcount',
    r'job violates accounting/qos policy', r'already at maximum', r'error writing script', r'cannot allocate memory',
    r'insufficient memory', r'too many open files', r'no space left', r'shutting down',
    # nodes that come back; those that Slurm does not know any more are named by our older look at it
    r'required partition not available', r'required node not available', r'nodes? (?:are )?busy',
    r'invalid node name specified')), re.IGNORECASE)
# Limits that this job exceeds by itself; Slurm reports them together with the text for too many jobs.
_TOO_BIG = re.compile(r'\b(?:QOS|Assoc|Partition)\w*Limit\b')
_SUBMIT_LIMIT = re.compile(r'MaxSubmit\w*Limit', re.IGNORECASE)
# Several lines each, for a machine that does not know its Slurm.
_NO_CONFIGURATION = re.compile(r'could not establish a configuration source', re.IGNORECASE)
_NO_FILE = re.compile(r'cannot stat file (?P<file>\S+): (?P<why>[^,;\n]+)', re.IGNORECASE)
_HINTS: tuple[tuple[str, str], ...] = (
    ('invalid account', 'set "account" in slurm.json, or the tag batchai.slurm.account of the cluster'),
    ('invalid qos', 'set "qos" in slurm.json, or the tag batchai.slurm.qos of the cluster'),
    ('invalid partition', 'set "partition" in slurm.json, or the tag batchai.slurm.partition of the cluster'),
    ('time limit is invalid', 'the partition or a QOS allows less time'))


class SlurmUnavailable(EngineUnavailable):
    """Slurm did not answer, or does not take it now. When it `may_be_done` the answer was lost, not the request."""

    def __init__(self, text: str, may_be_done: bool = False):
        super().__init__(text)
        self.may_be_done = may_be_done


class SlurmRefused(Exception):
    """Slurm will never take it; the text is one sentence for people."""


def run(argv: Sequence[str], timeout: float = 10.0, input: bytes | None = None,
        environment: Mapping[str, str] | None = None) -> str:
    """What the command prints. `timeout` is in seconds; `environment` is added to the small one of its own.

    Raises SlurmUnavailable and SlurmRefused.
    """
    command = os.path.basename(argv[0])
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL if input is None else subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**clean_environment(), **(environment or {})}, start_new_session=True)
    except FileNotFoundError:
        raise SlurmUnavailable(f'the command {command} is not on PATH; install the commands of Slurm here') from None
    except (OSError, ValueError) as error:
        raise SlurmUnavailable(f'{command} cannot be run: {error}') from None
    try:
        output, complaint = process.communicate(input, timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        complaint = _last_words(process)
        if lost := _without_configuration(command, complaint):
            raise lost from None
        said = _sentence(complaint)
        raise SlurmUnavailable(f'{command} did not answer within {timeout:g} s' + (f': {said}' if said else ''),
                               may_be_done=True) from None
    except BaseException:
        _kill(process)
        _last_words(process)
        raise
    if process.returncode:
        raise failure(command, complaint, process.returncode)
    return output.decode('utf-8', 'replace')


def clean_environment() -> dict[str, str]:
    """What Slurm's commands need of our environment, and nothing else: jobs inherit it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {'PATH': _USUAL_PATH, **kept, 'LC_ALL': 'C'}


def failure(command: str, complaint: bytes, code: int) -> SlurmUnavailable | SlurmRefused:
    """The error that the standard error of a command which failed with `code` amounts to."""
    if lost := _without_configuration(command, complaint):
        return lost
    said = _sentence(complaint)
    if code < 0:
        return SlurmUnavailable(f'{command} was killed by signal {-code}' + (f': {said}' if said else ''), True)
    if not said:
        return SlurmUnavailable(f'{command} failed with code {code} and said nothing', True)
    too_big = _TOO_BIG.search(said) and not _SUBMIT_LIMIT.search(said)
    if _TEMPORARY.search(said) and not too_big:
        return SlurmUnavailable(f'{command}: {said}', 'timed out' in said.lower() or 'bytes were' in said.lower())
    hint = next((f' ({hint})' for start, hint in _HINTS if start in said.lower()), '')
    return SlurmRefused(f'Slurm refused it: {said}{hint}')


def _without_configuration(command: str, complaint: bytes) -> SlurmUnavailable | None:
    """The error of a command that does not know where its Slurm is; None of any other."""
    text = complaint.decode('utf-8', 'replace')
    if found := _NO_FILE.search(text):
        return SlurmUnavailable(f'{command} cannot read {_sentence(found["file"].encode())}: {found["why"]}')
    return SlurmUnavailable(f'{command} finds no slurm.conf') if _NO_CONFIGURATION.search(text) else None


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_words(process: subprocess.Popen[bytes]) -> bytes:
    """Standard error of a killed command. A wrapper of it may have left a process that keeps its pipes open."""
    try:
        return process.communicate(timeout=_LAST_WORDS_SECONDS)[1]
    except subprocess.TimeoutExpired:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        return b''


def _sentence(complaint: bytes) -> str:
    """The lines of a complaint as one, without the names of commands in front and without repetitions."""
    parts: list[str] = []
    for line in complaint.decode('utf-8', 'replace').splitlines():
        text = ''.join(letter for letter in _PREFIX.sub('', line.strip()) if letter.isprintable()).strip().rstrip('.')
        if text and text not in parts and not text.startswith('Try "'):
            parts.append(text)
    return '; '.join(parts)[:_LONGEST_TEXT]
