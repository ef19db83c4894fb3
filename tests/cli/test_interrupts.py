from __future__ import annotations

import os
import signal
import threading

import pytest

from car_video.cli.interrupts import Interrupts


def press():
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def test_outside_of_held_it_counts_at_once():
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        press()


def test_held_back_to_the_end_of_the_block():
    done = []

    def block():
        with interrupts.held():
            press()
            done.append("block")

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            block()
        assert interrupts.finished
        with interrupts.held():  # once is once
            done.append("next")
    assert done == ["block", "next"]


def test_after_a_block_that_failed_it_counts_at_once():
    with Interrupts() as interrupts:
        with pytest.raises(OSError, match="full"), interrupts.held():
            raise OSError("full")
        assert not interrupts.finished
        with pytest.raises(KeyboardInterrupt):
            press()


def test_the_second_does_not_wait():
    def block():
        with interrupts.held():
            press()
            press()
            pytest.fail("not interrupted")

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            block()
        assert not interrupts.finished


def test_the_handler_before_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_have_no_signals():
    done = []

    def work():
        with Interrupts() as interrupts, interrupts.held():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
