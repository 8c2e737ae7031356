"""Known vulnerabilities of the packages in the extension's own folder, not of all that azure-cli brings.

    python tests/reliability/audit_dependencies.py .venv/cliextensions/batchai

Exits with 1 when there are some. Where the advisory service cannot be reached, or does not know the packages (mirrors
of PyPI have no advisories), it says that nothing was audited, which is not the same as nothing found, and exits with 0.
"""
from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_SECONDS = 120
_OURS = 'batchai'


def audit(folder: str) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package in the folder; None when it could not ask."""
    command = [sys.executable, '-m', 'pip_audit', '--path', folder, '--format', 'json', '--progress-spinner', 'off',
               '--timeout', '15']
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        found: list[dict[str, Any]] = json.loads(ended.stdout)['dependencies']
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return [package for package in found if package['name'] != _OURS]


def report(packages: list[dict[str, Any]] | None) -> tuple[int, list[str]]:
    """The exit status and the lines to print for what `audit` returned."""
    audited = [package for package in packages or [] if 'skip_reason' not in package]
    if packages is None or not audited:
        return 0, ['pip-audit: NOTHING WAS AUDITED, the advisory service cannot be reached or knows none of the '
                   'packages']
    skipped = [package['name'] for package in packages if 'skip_reason' in package]
    lines = [f"pip-audit: {package['name']} {package['version']} has {found['id']}, repaired in "
             f"{', '.join(found['fix_versions']) or 'no version yet'}"
             for package in audited for found in package['vulns']]
    summary = f'pip-audit: {len(audited)} packages audited, {len(lines)} vulnerabilities'
    return int(bool(lines)), [*lines, summary + (f'; not audited: {", ".join(skipped)}' if skipped else '')]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    status, lines = report(audit(sys.argv[1]))
    print('\n'.join(lines))
    return status


if __name__ == '__main__':
    sys.exit(main())
