"""One client: what it looks for, the picture that may wait, and its segmenter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from car_video.errors import DataError, ModelError
from car_video.serve.messages import FrameLabel
from car_video.serve.pictures import decode_picture
from car_video.types import Frame, FramePrediction


class Segmenter(Protocol):
    """What a client needs of :class:`car_video.VideoSegmenter`."""

    def step(self, frame: Frame) -> FramePrediction:
        """The next frame."""
        ...

    def set_expressions(self, expressions: tuple[str, ...]) -> None:
        """Look for other things from the next frame on."""
        ...


@dataclass(frozen=True)
class Arrival:
    """A picture that has come in.

    Attributes:
        data: encoded.
        index: pictures of this client before it.
        label: what the client said of it.
        expressions: looked for when it came.
        arrived: seconds of the server's clock.
    """

    data: bytes
    index: int
    label: FrameLabel
    expressions: tuple[str, ...]
    arrived: float


class WaitingPlace:
    """Room for one picture between a client and the model: memory stays bounded."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._waiting: Arrival | None = None
        self._dropped = 0

    async def put(self, arrival: Arrival, keep_all: bool) -> None:
        """Leave a picture.

        Args:
            arrival: the picture.
            keep_all: wait until the place is free; False: take the place of the picture that
                waits, which is dropped.
        """
        async with self._changed:
            if keep_all:
                await self._changed.wait_for(lambda: self._waiting is None)
            elif self._waiting is not None:
                self._dropped += 1
            self._waiting = arrival
            self._changed.notify_all()

    async def take(self) -> tuple[Arrival, int]:
        """The next picture, when there is one, and how many were dropped since the last."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting is not None)
            arrival, dropped = self._waiting, self._dropped
            assert arrival is not None
            self._waiting, self._dropped = None, 0
            self._changed.notify_all()
            return arrival, dropped


class ClientSegmenter:
    """Pictures of one client in, predictions out; called in the model's thread.

    Args:
        new_segmenter: makes one for some expressions.
    """

    def __init__(self, new_segmenter: Callable[[tuple[str, ...]], Segmenter]) -> None:
        self._new_segmenter = new_segmenter
        self._segmenter: Segmenter | None = None
        self._expressions: tuple[str, ...] = ()
        self._time: float | None = None

    def step(self, arrival: Arrival) -> FramePrediction:
        """Answer a picture.

        Raises:
            CarVideoError: the picture cannot be read, its time is not after that of the one
                before, its expressions mean nothing, or memory is short. The next picture may
                be better.
        """
        try:
            return self._step(arrival)
        except (MemoryError, torch.OutOfMemoryError):
            raise ModelError("out of memory; send smaller pictures") from None

    def _step(self, arrival: Arrival) -> FramePrediction:
        time = arrival.arrived if arrival.label.time is None else arrival.label.time
        if self._time is not None and time <= self._time:
            raise DataError(
                f"the time {time:g} is not after that of the picture before, {self._time:g}"
            )
        image = decode_picture(arrival.data)
        if self._segmenter is None:
            self._segmenter = self._new_segmenter(arrival.expressions)
        elif self._expressions != arrival.expressions:
            self._segmenter.set_expressions(arrival.expressions)
        self._expressions = arrival.expressions
        self._time = time
        return self._segmenter.step(Frame(arrival.index, time, image))
