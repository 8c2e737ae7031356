"""One commit for all requests that arrived while the one before was written: the disk is waited for once.

A request alone is committed at once. Nobody sees what is not on disk yet: the work of all and the commit are one step
of the event loop.
"""
from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any, Callable, TypeVar

from azext_batchai.service.store.database import Database

T = TypeVar('T')


class SharedCommits:
    def __init__(self, database: Database):
        self._database = database
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    async def run(self, work: Callable[[], T]) -> T:
        """Carry out `work` as a transaction: what it returns or raises, once what it wrote is on disk.

        What fails takes back its own writes and no others. Raises sqlite3.Error when nothing could be written.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, future))
        return await future

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        for (_, future), (result, error) in zip(waiting, self._results([work for work, _ in waiting])):
            if future.done():
                continue  # its request was cancelled
            if error:
                future.set_exception(error)
            else:
                future.set_result(result)

    def _results(self, works: list[Callable[[], Any]]) -> list[tuple[Any, BaseException | None]]:
        if len(works) == 1:
            return [_result(works[0], self._database.transaction)]
        results = []
        try:
            with self._database.transaction() as connection:
                for work in works:
                    results.append(_result(work, self._database.part))
                    if not connection.in_transaction:  # SQLite took back all of it, as for a full disk
                        raise results[-1][1] or RuntimeError('the transaction is gone')
        except Exception as error:
            return [(None, error)] * len(works)
        return results


def _result(work: Callable[[], Any], block: Callable[[], AbstractContextManager[Any]]
            ) -> tuple[Any, BaseException | None]:
    try:
        with block():
            return work(), None
    except BaseException as error:
        return None, error
