"""A refusal because others are not well now is looked at again; any other is not."""

from __future__ import annotations

import pytest

from blackstart.engine.retry import PAUSE, retry_not_well
from blackstart.errors import Exit, NotWellError, RefusedError
from tests.support.clock import Clock


def test_what_passes_is_waited_for_and_said_once() -> None:
    time, said = Clock(), list[str]()

    def attempt() -> str:
        if time.now < 5:
            raise NotWellError("an election")
        return "done"

    assert retry_not_well(attempt, said.append, seconds=15, clock=time, sleep=time.sleep) == "done"
    assert said == ["an election; checking again for up to 15 s"]
    assert time.now == pytest.approx(5, abs=PAUSE)


def test_what_stays_is_refused_in_the_last_words() -> None:
    time = Clock()

    def attempt() -> None:
        raise NotWellError(f"at {time.now:.0f} s")

    with pytest.raises(NotWellError, match="at 15 s") as caught:
        retry_not_well(attempt, lambda _: None, seconds=15, clock=time, sleep=time.sleep)
    assert caught.value.exit_code == Exit.REFUSED


def test_another_refusal_comes_at_once() -> None:
    time = Clock()

    def attempt() -> None:
        raise RefusedError("another machine")

    with pytest.raises(RefusedError, match="another machine"):
        retry_not_well(attempt, lambda _: None, clock=time, sleep=time.sleep)
    assert time.now == 0
