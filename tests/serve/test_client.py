from __future__ import annotations

import asyncio

import pytest

from car_video.errors import DataError, SourceError
from car_video.serve.client import Arrival, ClientSegmenter, WaitingPlace
from car_video.serve.messages import FrameLabel
from tests.serve.fakes import FakeSegmenter, picture


def arrival(
    index: int, *expressions: str, time: float | None = None, data: bytes = b""
) -> Arrival:
    texts = expressions or ("a dog",)
    return Arrival(data or picture(index), index, FrameLabel(None, time), texts, 10.0 + index)


def test_a_newer_picture_takes_the_place_of_one_that_waits():
    async def story() -> None:
        place = WaitingPlace()
        for index in range(4):
            await place.put(arrival(index), keep_all=False)
        found, dropped = await place.take()
        assert (found.index, dropped) == (3, 3)
        await place.put(arrival(4), keep_all=False)
        found, dropped = await place.take()
        assert (found.index, dropped) == (4, 0)

    asyncio.run(story())


def test_where_all_are_kept_the_client_waits():
    async def story() -> list[int]:
        place, found = WaitingPlace(), []

        async def send() -> None:
            for index in range(5):
                await place.put(arrival(index), keep_all=True)

        sending = asyncio.create_task(send())
        for _ in range(5):
            one, dropped = await place.take()
            assert dropped == 0
            found.append(one.index)
            await asyncio.sleep(0)
        await sending
        return found

    assert asyncio.run(story()) == [0, 1, 2, 3, 4]


def test_expressions_are_those_of_the_picture():
    made: list[FakeSegmenter] = []

    def new(expressions: tuple[str, ...]) -> FakeSegmenter:
        made.append(FakeSegmenter(expressions))
        return made[-1]

    client = ClientSegmenter(new)
    assert client.step(arrival(0, "a")).expressions == ("a",)
    assert client.step(arrival(1, "b", "c")).expressions == ("b", "c")
    assert client.step(arrival(2, "b", "c", time=99.0)).time == 99.0
    assert len(made) == 1  # what is followed stays followed
    assert [frame.time for frame in made[0].frames] == [10.0, 11.0, 99.0]


def test_a_bad_picture_spoils_nothing():
    client = ClientSegmenter(FakeSegmenter)
    with pytest.raises(SourceError):
        client.step(arrival(0, data=b"x"))
    assert client.step(arrival(1, time=5.0)).index == 1
    for time in (5.0, 4.0):
        with pytest.raises(DataError, match="not after"):
            client.step(arrival(2, time=time))
    assert client.step(arrival(3, time=5.1)).time == 5.1
