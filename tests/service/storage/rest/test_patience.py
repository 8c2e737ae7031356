"""How long is waited for a body."""
import asyncio

import pytest

from azext_batchai.service.storage.rest.patience import Patience


def story(work):
    async def bounded():
        return await asyncio.wait_for(work(), 10)
    return asyncio.run(bounded())


def test_what_comes_in_time_is_had():
    async def work():
        patience = Patience(5)
        try:
            return [await patience.within(asyncio.sleep(0, number)) for number in range(1000)]
        finally:
            patience.close()
    assert story(work) == list(range(1000))


def test_what_does_not_come_is_given_up_and_the_task_goes_on():
    async def work():
        patience = Patience(0.05)
        with pytest.raises(asyncio.TimeoutError):
            await patience.within(asyncio.get_running_loop().create_future())
        patience.close()
        return await asyncio.sleep(0.01, 'went on')
    assert story(work) == 'went on'


def test_each_wait_has_all_the_time_and_work_in_between_does_not_count():
    async def work():
        patience = Patience(0.2)
        for _ in range(3):
            await patience.within(asyncio.sleep(0.12))
            await asyncio.sleep(0.25)
        began = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.TimeoutError):
            await patience.within(asyncio.sleep(9))
        return asyncio.get_running_loop().time() - began
    assert 0.19 < story(work) < 5


def test_who_is_cancelled_by_others_is_cancelled():
    async def work():
        async def wait():
            await Patience(5).within(asyncio.get_running_loop().create_future())
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    story(work)
