"""The real az with the extension installed: what the stories are told with.

``make test`` installs both into .venv. BATCHAI_TEST_AZ and AZURE_EXTENSION_DIR name others.
"""
from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rest import Rest

ROOT = Path(__file__).resolve().parent.parent.parent
AZ = Path(os.environ.get('BATCHAI_TEST_AZ', ROOT / '.venv' / 'bin' / 'az'))
EXTENSIONS = Path(os.environ.get('AZURE_EXTENSION_DIR', ROOT / '.venv' / 'cliextensions'))
_PATIENCE_SECONDS = 60

# Variables of the surrounding shell that would change what the commands do.
_NOT_OURS = ('AZURE_BATCHAI_', 'AZURE_DEFAULTS_', 'BATCHAI_SERVICE_')


@dataclass(frozen=True)
class Result:
    """What a command left: `code` is its exit status."""
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> str:
        """The error without az's prefix. Fails the test when there is not exactly one line of it, or indented details
        below one."""
        lines = [line for line in self.err.splitlines() if not line.startswith('WARNING:')]
        assert lines and all(line.startswith('  ') for line in lines[1:]), self.err
        return lines[0].removeprefix('ERROR: ')

    @property
    def problem_details(self) -> list[str]:
        """The indented lines below the error."""
        return [line for line in self.err.splitlines() if line.startswith('  ')]


class Az:
    """Runs command lines as a shell would, in a folder and with a profile of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config_dir = folder / 'azure'
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)},
            'PATH': f'{AZ.parent}{os.pathsep}{os.environ["PATH"]}', 'HOME': str(folder),
            'AZURE_CONFIG_DIR': str(self.config_dir), 'AZURE_EXTENSION_DIR': str(EXTENSIONS),
            'AZURE_CORE_COLLECT_TELEMETRY': 'no', 'AZURE_CORE_SURVEY_MESSAGE': 'no',
            'AZURE_EXTENSION_USE_DYNAMIC_INSTALL': 'no'}

    def __call__(self, line: str, **environment: str) -> Result:
        """Run ``az <line>`` to its end, whatever that is."""
        done = subprocess.run(['sh', '-c', f'az {line}'], cwd=self.folder, env={**self.environment, **environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
        assert 'Traceback' not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, line: str, **environment: str) -> Result:
        """Run ``az <line>`` and expect success."""
        result = self(line, **environment)
        assert result.code == 0, f'az {line}\n{result.err}'
        return result

    def popen(self, line: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(shlex.split(f'{AZ} {line}'), cwd=self.folder, env=self.environment, **options)

    def parse(self, lines: list[list[str]]) -> list[dict[str, Any]]:
        """What az makes of each line of words, up to the call of the operation; see `line_parser`."""
        done = subprocess.run(
            [AZ.parent / 'python', Path(__file__).with_name('line_parser.py')], input=json.dumps(lines),
            capture_output=True, text=True, cwd=self.folder, timeout=300,
            env={**self.environment, 'AZURE_DEFAULTS_GROUP': 'demoGroup', 'AZURE_DEFAULTS_LOCATION': 'eastus',
                 'PATH': os.environ['PATH']})
        assert done.returncode == 0, done.stderr
        return [json.loads(answer) for answer in done.stdout.splitlines()]

    def write(self, name: str, content: Any) -> Path:
        """A file in the folder: text as it is, anything else as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), 'utf-8')
        return path

    @property
    def data_dir(self) -> Path:
        return self.config_dir / 'batchai'

    def rest(self) -> Rest:
        return Rest(self.data_dir)
