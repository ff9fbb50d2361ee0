"""Passwords that are tried: five are free, each further one waits longer."""

import asyncio

from fairy.web.attempts import LONGEST_WAIT, MOST_WAITING, Attempts, TooManyError


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def attempts(time):
    return Attempts(time.sleep, lambda: time.now)


async def attempt(tries, address="1.2.3.4", right=False):
    async with tries.turn(address) as record:
        tries.tell(address, record, right)


def test_the_delay_grows_after_five_failures_and_is_logged(caplog):
    time = Time()
    tries = attempts(time)

    async def work():
        for _ in range(20):
            await attempt(tries)

    asyncio.run(work())
    assert time.slept[:4] == [1, 2, 4, 8]
    assert (len(time.slept), max(time.slept)) == (15, LONGEST_WAIT)
    assert "5 wrong passwords from 1.2.3.4" in caplog.text


def test_many_at_once_gain_nothing():
    time = Time()
    tries = attempts(time)

    async def work():
        for _ in range(6):
            await attempt(tries)
        return await asyncio.gather(*(attempt(tries) for _ in range(50)), return_exceptions=True)

    refused = [came for came in asyncio.run(work()) if isinstance(came, TooManyError)]
    assert len(refused) == 50 - MOST_WAITING
    assert time.slept == [1, 2, 4, 8, 16]


def test_the_right_password_begins_anew_and_others_do_not_wait():
    time = Time()
    tries = attempts(time)

    async def work():
        for _ in range(5):
            await attempt(tries)
        await attempt(tries, "5.6.7.8")
        assert time.slept == []
        await attempt(tries, right=True)
        for _ in range(4):
            await attempt(tries)

    asyncio.run(work())
    assert time.slept == [1]
