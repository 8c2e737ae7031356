"""``python -m azext_batchai.service``: run the service, or clear what is left of one."""
from __future__ import annotations

import argparse
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from azext_batchai.service.containers.runtime import RUNTIMES
from azext_batchai.service.log_lines import PlainFormatter
from azext_batchai.service.private_memory import keep_memory_private
from azext_batchai.service.settings import LOG_LEVELS, Settings, SettingsError, load_settings
from azext_batchai.version import __version__


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with one line on stderr that says why the service cannot start."""
    parser = argparse.ArgumentParser(prog='python -m azext_batchai.service',
                                     description='The self-hosted Batch AI service.')
    parser.add_argument('command', nargs='?', choices=('serve', 'reset'), default='serve',
                        help='serve (the default), or end the jobs and delete the data of a stopped service')
    parser.add_argument('--data-dir', type=Path, default=Path.home() / '.azure' / 'batchai',
                        help='where everything is kept (default: ~/.azure/batchai)')
    parser.add_argument('--host', help='address to listen on (default: 127.0.0.1)')
    parser.add_argument('--port', type=int, help='TCP port (default: the one used before, else a free one)')
    parser.add_argument('--engine', metavar='NAME',
                        help='process or slurm: what runs the jobs (default: the one used before, else process)')
    parser.add_argument('--container-runtime', choices=RUNTIMES,
                        help='what runs jobs in containers; none runs them without (default: podman, else docker)')
    parser.add_argument('--job-user', metavar='NAME',
                        help='user that jobs run as, when the service runs as root (default: the service\'s own)')
    parser.add_argument('--log-level', choices=LOG_LEVELS)
    parser.add_argument('--daemon', action='store_true', help='log to the data folder only, outlive the terminal')
    parser.add_argument('--version', action='version', version=__version__)
    options = parser.parse_args(arguments)
    flags = {name: getattr(options, name) for name in ('host', 'port', 'engine', 'container_runtime', 'job_user',
                                                       'log_level')}
    from azext_batchai.service import server
    try:
        settings = load_settings(options.data_dir, flags)
        if options.command == 'reset':
            from azext_batchai.service.reset import reset
            reset(settings)
            return 0
        server.make_data_dir(settings.data_dir)
        with server.start_errors(settings):
            _set_up_logging(settings, options.daemon)
        keep_memory_private()
        server.serve(settings)
    except (SettingsError, server.StartError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


class _PrivateLog(RotatingFileHandler):
    """A log that only its owner can read, also after it was rotated."""

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding='utf-8',
                    opener=lambda path, flags: os.open(path, flags, 0o600))


def _set_up_logging(settings: Settings, daemon: bool) -> None:
    from azext_batchai.service.server import ignore_hangup
    handlers: list[logging.Handler] = []
    if daemon:
        ignore_hangup()
        handlers.append(_PrivateLog(settings.log_file, maxBytes=10_000_000, backupCount=3))
    else:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(PlainFormatter('%(asctime)s %(levelname)s %(name)s: %(message)s'))
    logging.basicConfig(level=settings.log_level.upper(), handlers=handlers)


if __name__ == '__main__':
    sys.exit(main())
