"""What counts as dark and as live, on a machine that is told what to show next; tests/lab has real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from blackstart.engine.channel import Result
from blackstart.errors import GateTimeoutError, UnreachableError
from blackstart.power import waits
from blackstart.power.base import Power, PowerFacts
from blackstart.power.waits import Boot, Port
from tests.support.clock import Clock
from tests.support.facts import DESIRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.engine.ssh import Fleet

NODE = DESIRED.node("casper-3")
OLD, NEW = Boot("a756479b", 123), Boot("a756479b", 456)


class Button:
    """A power button that sees what it is told, the last of it for ever."""

    def __init__(self, *powers: Power, tells: bool = True, repeat: float = 0.0) -> None:
        self.powers, self.tells, self.repeat = list(powers), tells, repeat
        self.pressed = 0

    def on(self) -> str:
        self.pressed += 1
        return "pressed"

    def off(self, *, force: bool = False) -> str:
        return "cut" if force else "asked"

    def cycle(self) -> str:
        return "cycled"

    def state(self) -> PowerFacts:
        power = self.powers.pop(0) if len(self.powers) > 1 else self.powers[0]
        return PowerFacts(power, f"it says {power}")


class Machine:
    """Stands for the fleet's one node: each answer to boot_of in turn, the last of them for ever."""

    def __init__(self, *answers: Boot | str) -> None:
        self.answers = list(answers)

    def run(self, node: str, argv: Sequence[str], **_more: Any) -> Result:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise UnreachableError(answer)
        fields = " ".join(["S", *["0"] * 18, str(answer.init), "0"])
        return Result(0, f"{answer.kernel}\n1 (odd) name) {fields}\n", "")


def dark(button: Button, *ports: Port, seconds: float = 60.0) -> tuple[float, list[str]]:
    """Await it; return how long that took and what was said."""
    clock, said, shown = Clock(), list[str](), list(ports)
    waits.await_dark(
        NODE, button, say=said.append, seconds=seconds, times=clock.times,
        at_port=lambda _: shown.pop(0) if len(shown) > 1 else shown[0],
    )  # fmt: skip
    return clock.now, said


def test_silence_is_not_dark_while_the_controller_says_on() -> None:
    took, said = dark(Button(Power.ON, Power.ON, Power.OFF), Port.ANSWERS, Port.SILENT)
    assert took == pytest.approx(1.0)
    assert said == ["casper-3: ssh answers; it says on", "casper-3: ssh is silent; it says on"]


def test_off_is_not_dark_while_something_answers() -> None:
    with pytest.raises(GateTimeoutError, match="ssh answers; it says off"):
        dark(Button(Power.OFF), Port.ANSWERS, seconds=5)


def test_a_controller_that_cannot_be_asked_now_makes_no_machine_dark() -> None:
    with pytest.raises(GateTimeoutError):
        dark(Button(Power.UNKNOWN, tells=True), Port.SILENT, seconds=5)


def test_where_nothing_tells_only_lasting_silence_counts() -> None:
    blind = Button(Power.UNKNOWN, tells=False)
    took, _ = dark(blind, Port.SILENT, Port.SILENT, Port.REFUSES, Port.SILENT)
    assert took == pytest.approx(3.0), "a port that refuses has a running kernel behind it: counted anew from there"
    with pytest.raises(GateTimeoutError, match="ssh refuses"):
        dark(blind, Port.REFUSES, seconds=5)


def test_the_old_life_that_still_answers_is_not_live() -> None:
    clock, said = Clock(), list[str]()
    machine = cast("Fleet", Machine(OLD, OLD, "no answer in 5 s", NEW))
    live = waits.await_live(NODE, Button(Power.ON), machine, OLD, say=said.append, times=clock.times)
    assert live == NEW
    assert said == ["casper-3: it answers, still from the previous boot", "casper-3: no answer in 5 s"]


def test_another_kernel_is_another_life_though_init_started_at_the_same_tick() -> None:
    machine = cast("Fleet", Machine(Boot("b0b", OLD.init)))
    assert waits.await_live(NODE, Button(Power.ON), machine, OLD, say=lambda _: None).kernel == "b0b"


def test_a_packet_is_sent_again_until_the_machine_answers() -> None:
    clock, button = Clock(), Button(Power.UNKNOWN, tells=False, repeat=2.0)
    machine = cast("Fleet", Machine(*["silent"] * 21, NEW))
    waits.await_live(NODE, button, machine, None, say=lambda _: None, times=clock.times)
    assert clock.now == pytest.approx(10.5)
    assert button.pressed == 5


def test_what_never_comes_is_said_with_what_was_seen_last() -> None:
    shows = "10.0.0.15 shows another host key than the one that is pinned"
    clock = Clock()
    with pytest.raises(GateTimeoutError) as late:
        waits.await_live(
            NODE, Button(Power.ON), cast("Fleet", Machine(shows)), OLD, say=lambda _: None, seconds=9, times=clock.times
        )
    assert late.value.message.endswith(f"did not boot, timed out after 9 s; last seen: {shows}; it says on")
    assert late.value.hint
