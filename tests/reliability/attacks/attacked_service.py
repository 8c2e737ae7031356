"""Services that are attacked: one whose jobs run as another user, and one behind a real TLS socket."""
import asyncio
import os
import socket
import ssl
import time

import uvicorn
from real_jobs import RealJobs

from azext_batchai.service.auth import ensure_token
from azext_batchai.service.connections import bounded_protocol
from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.job_user import open_data_dir, take_groups_of
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.tls import ensure_certificates

PATIENCE = 20.0


class OtherUsersJobs(RealJobs):
    """As `RealJobs`, with jobs of `user`, and with every private file that a service has."""

    def __init__(self, data_dir, user):
        super().__init__(data_dir)
        open_data_dir(data_dir, user)
        take_groups_of(user)
        self.user = user
        self.engine = ProcessEngine(trash=data_dir / 'trash', job_user=user)
        self.folders = Folders(data_dir, user)
        self.restart()
        ensure_token(self.settings.token_file)
        ensure_certificates(self.settings.ca_file, self.settings.server_certificate_file, '127.0.0.1', time.time())
        secrets = os.open(self.settings.secrets_path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(secrets, b'{}')
        os.close(secrets)

    @property
    def private_files(self):
        data = self.settings
        return [data.token_file, data.database_file, data.server_certificate_file, data.secrets_path]

    def output_of(self, line, name='j', **properties):
        """Run a command line as a job; its standard output, its standard error and its exit code."""
        ended = self.run_job(name, customToolkitSettings={'commandLine': line}, **properties)
        logs = self.logs(name)
        return logs['stdout.txt'], logs['stderr.txt'], ended['executionInfo']['exitCode']


def talk(harness, *pieces):
    """Send bytes to the service over TLS; all that it answers until it hangs up or has said nothing for a moment."""
    settings = harness.settings
    ensure_certificates(settings.ca_file, settings.server_certificate_file, '127.0.0.1', time.time())

    async def story():
        config = uvicorn.Config(harness.app, http=bounded_protocol(0.4, 100), lifespan='off', log_config=None,
                                server_header=False, proxy_headers=False,
                                ssl_certfile=settings.server_certificate_file)
        server = uvicorn.Server(config)
        listener = _listening()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            context = ssl.create_default_context(cafile=str(settings.ca_file))
            reader, writer = await asyncio.open_connection('127.0.0.1', listener.getsockname()[1], ssl=context)
            answer = b''
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                answer = await asyncio.wait_for(_all_of(reader), PATIENCE)
            except ConnectionError:
                pass
            finally:
                writer.close()
            return answer
        finally:
            server.should_exit = True
            await serving
    return asyncio.run(story())


def _listening():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(('127.0.0.1', 0))
    listener.listen(16)
    return listener


async def _all_of(reader):
    answer = b''
    while True:
        try:
            block = await reader.read(65536)
        except (ConnectionError, ssl.SSLError):
            return answer
        if not block:
            return answer
        answer += block


def statuses(answer):
    """The status codes of the replies in `answer`."""
    return [int(part[:3]) for part in answer.split(b'HTTP/1.1 ')[1:]]
