"""The reply that carries the output of a command while it runs.

A line of JSON for each piece: ``{"stdout": "<base64>"}`` or ``{"stderr": "<base64>"}``, and at the end either
``{"exitCode": 0}`` or, when the command did not end by itself, ``{"error": {"code": ..., "message": ...}}``. Empty
lines in between say that the service is still there. A client that hangs up ends the command.
"""
from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from azext_batchai.arm.states import NodeState
from azext_batchai.service.context import Service
from azext_batchai.service.engines.base import LaunchState, Observation
from azext_batchai.service.execution import Execution

_log = logging.getLogger(__name__)

# News of an end comes with a turn of the scheduler; this is for an end that nobody reported.
_LOOK_SECONDS = 0.1
_ALIVE_SECONDS = 2.0
# What the pipes can hold when the command has ended, however large the system made them.
_MOST_BLOCKS_LEFT = 64
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_FAREWELL_SECONDS = 0.5
# When its node has left, a client that does not read has this long to hear of it.
_LAST_WORDS_SECONDS = 5.0


class ExecutionStream(Response):
    """Sends the output of a started execution, and closes it."""
    media_type = 'application/x-ndjson'

    def __init__(self, service: Service, execution: Execution, node_id: str):
        self.status_code = 200
        self.background = None
        self.init_headers()
        self._service = service
        self._execution = execution
        self._node_id = node_id
        self._problem: dict[str, str] | None = None
        self._begun = False
        self._deadline = float('inf')

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        relay = asyncio.ensure_future(self._relay(send))
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            while not relay.done() and not gone.done() and time.monotonic() < self._deadline:
                if self._service.turned.is_closed:
                    await self._end_with_service(relay, send)
                    return
                self._look_after_node()
                await self._turn_or(relay, gone)
            relay.cancel()
            if not relay.done() or relay.cancelled() or relay.exception():
                await self._wind_down()
        except asyncio.CancelledError:
            await self._end_with_service(relay, send)
            return
        finally:
            gone.cancel()
        self._execution.close()
        if relay.done() and not relay.cancelled():
            relay.result()

    async def _turn_or(self, *events: asyncio.Future[None]) -> None:
        """Until one of `events`, or the scheduler has changed something."""
        turn = asyncio.ensure_future(self._service.turned.wait(_LONGEST_PAUSE))
        await asyncio.wait({turn, *events}, return_when=asyncio.FIRST_COMPLETED)
        turn.cancel()

    # the output

    async def _relay(self, send: Send) -> None:
        """From the first byte to the exit code."""
        await send({'type': 'http.response.start', 'status': self.status_code, 'headers': self.raw_headers})
        self._begun = True
        clock = asyncio.get_running_loop().time
        looked, spoke = 0.0, clock()
        seen = Observation(LaunchState.RUNNING)
        while seen.state is LaunchState.RUNNING:
            blocks = self._execution.read()
            if blocks:
                await _send_blocks(send, blocks)
                spoke = clock()
            else:
                await self._output_or_turn()
            if not blocks or clock() - looked > _LOOK_SECONDS:
                looked, seen = clock(), self._execution.observe()
            if clock() - spoke > _ALIVE_SECONDS:
                await _send_body(send, b'\n')
                spoke = clock()
        for _ in range(_MOST_BLOCKS_LEFT):
            blocks = self._execution.read()
            if not blocks:
                break
            await _send_blocks(send, blocks)
        if complaint := self._execution.complaint():
            await _send_blocks(send, [('stderr', complaint)])
        await _send_body(send, _line(self._verdict(seen)), more=False)

    async def _output_or_turn(self) -> None:
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        turn = asyncio.ensure_future(self._service.turned.wait(_LOOK_SECONDS))
        descriptors = self._execution.descriptors
        for descriptor in descriptors:
            loop.add_reader(descriptor, _settle, readable)
        try:
            await asyncio.wait({readable, turn}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for descriptor in descriptors:
                loop.remove_reader(descriptor)
            turn.cancel()

    def _verdict(self, seen: Observation) -> dict[str, Any]:
        if self._problem:
            return {'error': self._problem}
        code = seen.exit_codes[0] if seen.exit_codes else None
        if seen.state is LaunchState.LOST or code is None:
            return {'error': _error('CommandLost', f'The command on node {self._node_id} was lost.')}
        return {'exitCode': code}

    # an end from outside

    def _look_after_node(self) -> None:
        """A command ends with its node."""
        node = self._service.store.clusters.node(self._node_id)
        if self._problem is None and (node is None or node.state == NodeState.LEAVING):
            self._problem = _error('NodeLeaving', f'The node {self._node_id} has left its cluster; the command was '
                                                  'ended.')
            self._deadline = time.monotonic() + _LAST_WORDS_SECONDS
            self._execution.stop(0)

    async def _wind_down(self) -> None:
        """Nobody listens any more: ask the command to end, and kill it when it takes too long."""
        clock = asyncio.get_running_loop().time
        grace = self._service.settings.terminate_grace_seconds
        deadline, killed, pause = clock() + grace, False, _SHORTEST_PAUSE
        self._execution.stop(grace)
        while self._execution.observe().state is LaunchState.RUNNING:
            look = clock() + _SHORTEST_PAUSE
            while self._execution.read() and clock() < look:
                await asyncio.sleep(0)  # what it says at its end is for nobody, but must not hold it up
            if not killed and clock() >= deadline:
                self._execution.stop(0)
                killed = True
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE if killed else _SHORTEST_PAUSE)
        _log.info('the command on node %s is ended: nobody reads its output any more', self._node_id)

    async def _end_with_service(self, relay: asyncio.Future[None], send: Send) -> None:
        """The service stops. The record stays, so that the next start ends what one look may have missed."""
        self._execution.stop(0)
        relay.cancel()
        farewell = _line({'error': _error('ServiceStopped', 'The service was stopped; the command was ended.')})
        try:
            if self._begun:
                await asyncio.wait_for(_send_body(send, farewell, more=False), _FAREWELL_SECONDS)
        except asyncio.TimeoutError:
            pass  # the client does not read
        finally:
            self._execution.let_go()


async def _disconnect(receive: Receive) -> None:
    while (await receive())['type'] != 'http.disconnect':
        continue


async def _send_blocks(send: Send, blocks: list[tuple[str, bytes]]) -> None:
    await _send_body(send, b''.join(
        _line({stream: base64.b64encode(content).decode('ascii')}) for stream, content in blocks))


async def _send_body(send: Send, body: bytes, more: bool = True) -> None:
    """Waits while the client does not keep up; and lets the others have a turn, however fast this one is."""
    await send({'type': 'http.response.body', 'body': body, 'more_body': more})
    await asyncio.sleep(0)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode('ascii') + b'\n'


def _error(code: str, message: str) -> dict[str, str]:
    return {'code': code, 'message': message}


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
