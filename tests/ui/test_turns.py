"""Runs of a process take turns."""

import threading

import pytest

from ui import frame


def other(told):
    """A run beside this one."""
    thread = threading.Thread(target=frame.in_turn()(lambda: told.append("other")))
    thread.start()
    return thread


def test_a_run_waits_for_the_one_before_it(monkeypatch):
    monkeypatch.setattr(frame, "PATIENCE", 60)
    told = []
    with frame.in_turn(), frame.in_turn():  # a part of a run is in its turn
        waiting = other(told)
        waiting.join(0.1)
        told.append("this")
    waiting.join()
    assert told == ["this", "other"]


def test_a_run_that_has_waited_long_enough_goes_on_and_takes_no_turn_from_anybody(monkeypatch):
    monkeypatch.setattr(frame, "PATIENCE", 0.01)
    told = []
    with frame.in_turn():
        other(told).join()
        assert told == ["other"]
        other(told).join()
    assert told == ["other", "other"]


def test_a_run_that_fails_or_begins_again_gives_its_turn_away(monkeypatch):
    monkeypatch.setattr(frame, "PATIENCE", 60)
    told = []
    with pytest.raises(ZeroDivisionError), frame.in_turn():
        told.append(1 / 0)
    waiting = other(told)
    waiting.join(10)
    assert told == ["other"]
