"""Run by the Python of the installed az: parses command lines up to the call of the operation, and says what came out.

Standard input is a JSON list of argument lists (without ``az``). Standard output gets one JSON object per line:
``code`` (exit status), ``command`` (the one that would run, None when the line was refused), ``options`` (what it would
get) and ``said`` (what az printed on standard error).
"""
from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
from typing import Any


def parse(words: list[str]) -> dict[str, Any]:
    from azure.cli.core import get_default_cli
    from azure.cli.core.commands import AzCliCommandInvoker
    calls: list[tuple[Any, Any]] = []

    def remember(_invoker: Any, jobs: list[tuple[Any, Any]], _ids: Any) -> tuple[list[Any], list[Any]]:
        calls.extend(jobs)
        return [], []

    AzCliCommandInvoker._run_jobs_serially = remember
    AzCliCommandInvoker._run_jobs_concurrently = remember
    AzCliCommandInvoker.resolve_confirmation = lambda *_: None
    said = io.StringIO()
    for handler in list(logging.getLogger('cli').handlers):
        logging.getLogger('cli').removeHandler(handler)
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = get_default_cli().invoke(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    options = {key: value for namespace, _ in calls[:1] for key, value in vars(namespace).items()
               if isinstance(value, (str, int, float, bool))}
    return {'code': code, 'command': calls[0][1].name if calls else None, 'options': options, 'said': said.getvalue()}


if __name__ == '__main__':
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # az keeps the standard output it was started with
    for line in json.load(sys.stdin):
        answers.write(json.dumps(parse(line)) + '\n')
    answers.close()
