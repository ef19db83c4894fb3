from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.io.readers.decoding.frame_numbers import PresentationOrder


@st.composite
def reordered_streams(draw: st.DrawFn) -> tuple[list[int], set[int]]:
    """Timestamps in order of decoding (groups of pictures shown in another order than they are
    decoded in), and which of them give no frame."""
    decoding: list[int] = []
    now = draw(st.integers(0, 50))
    for _ in range(draw(st.integers(1, 6))):
        group = []
        for _ in range(draw(st.integers(1, 4))):
            now += draw(st.integers(1, 9))
            group.append(now)
        decoding += [group[-1], *group[:-1]]  # P before its B-frames
    return decoding, set(draw(st.lists(st.sampled_from(decoding), unique=True)))


def decode(
    decoding: list[int], broken: set[int], order: PresentationOrder, delay: int = 4
) -> dict:
    """A decoder that shows a frame once ``delay`` later packets are read, smallest first."""
    held: list[int] = []
    numbers = {}

    def show(leave: int) -> None:
        while len(held) > leave:
            pts = min(held)
            held.remove(pts)
            numbers[pts] = order.pop(pts)

    for pts in decoding:
        order.push(pts)
        if pts in broken:
            order.failed()
        else:
            held.append(pts)
        show(delay)
    show(0)
    order.finish()
    return numbers


@given(reordered_streams())
@settings(deadline=None, max_examples=200)
def test_numbers_are_ranks_and_gaps_are_counted(case: tuple[list[int], set[int]]) -> None:
    decoding, broken = case
    order = PresentationOrder()
    numbers = decode(decoding, broken, order)
    ranks = {pts: rank for rank, pts in enumerate(sorted(decoding))}
    assert numbers == {p: (ranks[p], p) for p in decoding if p not in broken}
    assert order.missing == len(broken)
    assert order.seen == len(decoding)
    assert order.sound


@given(reordered_streams(), st.integers(0, 30))
@settings(deadline=None, max_examples=50)
def test_gaps_before_the_wanted_time_do_not_count(
    case: tuple[list[int], set[int]], since: int
) -> None:
    decoding, broken = case
    order = PresentationOrder(first=7, origin=-3, count_gaps_from=since)
    numbers = decode(decoding, broken, order)
    ranks = {pts: 7 + rank for rank, pts in enumerate(sorted(decoding))}
    assert all(number == ranks[pts] for pts, (number, _) in numbers.items())
    assert order.missing == sum(pts >= since for pts in broken)
    assert order.origin == -3


@given(st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=30))
@settings(deadline=None, max_examples=200)
def test_any_timestamps_give_increasing_numbers(stamps: list[int | None]) -> None:
    order = PresentationOrder()
    numbers = []
    for pts in stamps:
        order.push(pts)
        numbers.append(order.pop(pts)[0])
    order.finish()
    assert numbers == list(range(len(stamps)))  # every packet gave a frame
    assert order.missing == 0


def test_counting_gives_a_refused_packet_its_place() -> None:
    order = PresentationOrder()
    order.push(None)
    assert order.pop(None) == (0, None)
    order.push(None)
    order.failed()
    order.push(None)
    assert order.pop(None) == (2, None)
    assert order.missing == 1


def test_stamps_that_follow_packets_go_to_frames_in_order() -> None:
    order = PresentationOrder(stamps_follow_packets=True)
    out = []
    for stamp in (1, 2, 3, 4, 5):  # as AVI numbers packets; frames carry 1, 4, 3, 5, 2
        order.push(stamp)
    for carried in (1, 4, 3, 5, 2):
        out.append(order.pop(carried))
    assert out == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]


def test_two_fields_that_make_one_frame_are_not_a_loss() -> None:
    order = PresentationOrder()
    out = []
    for pts in range(0, 12, 2):
        order.push(pts)
        order.push(pts + 1)
        out.append(order.pop(pts + 1 if pts else 0, interlaced=True)[0])
    order.finish()
    assert out == list(range(6))
    assert order.missing == 0
    assert not order.sound
