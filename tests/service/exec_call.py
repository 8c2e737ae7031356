"""A request to run a command on a node, driven by hand: the test reads the reply as it comes and may hang up."""
import asyncio
import base64
import json

from harness import HOST, TOKEN, VERSION

PATIENCE = 20.0


class ExecCall:
    """`events` are the lines of the reply so far. While `reading` is clear the client takes nothing."""

    def __init__(self, harness, path, command_line):
        self._app = harness.app
        self._path = f'{path}/exec'
        self._body = json.dumps({'commandLine': command_line}).encode()
        self._rest = b''
        self._hung_up = asyncio.Event()
        self._news = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.status = None
        self.events = []
        self.task = asyncio.ensure_future(self._run())

    async def _run(self):
        headers = [(b'host', HOST.encode()), (b'authorization', f'Bearer {TOKEN}'.encode())]
        scope = {'type': 'http', 'asgi': {'version': '3.0', 'spec_version': '2.3'}, 'http_version': '1.1',
                 'method': 'POST', 'scheme': 'https', 'path': self._path, 'raw_path': self._path.encode(),
                 'query_string': f'api-version={VERSION}'.encode(), 'headers': headers}
        bodies = [self._body]

        async def receive():
            if bodies:
                return {'type': 'http.request', 'body': bodies.pop(), 'more_body': False}
            await self._hung_up.wait()
            return {'type': 'http.disconnect'}

        async def send(message):
            await self.reading.wait()
            if message['type'] == 'http.response.start':
                self.status = message['status']
                return
            *lines, self._rest = (self._rest + message['body']).split(b'\n')
            self.events += [json.loads(line) for line in lines if line]
            self._news.set()

        await self._app(scope, receive, send)

    def output(self, stream='stdout'):
        return b''.join(base64.b64decode(event[stream]) for event in self.events if stream in event)

    @property
    def end(self):
        """The last line: how it ended."""
        return self.events[-1]

    async def until(self, met, what):
        """Wait for lines until `met()` holds."""
        async def look():
            while not met():
                self._news.clear()
                await self._news.wait()
        try:
            await asyncio.wait_for(look(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f'waited for {what}; last seen: {self.events[-3:]}') from None

    async def finished(self):
        await asyncio.wait_for(self.task, PATIENCE)
        return self

    async def hang_up(self):
        self._hung_up.set()
        await self.finished()
