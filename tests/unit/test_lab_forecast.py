"""How long a build still takes: it comes nearer, and says why when it does not."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from blackstart.cli import display
from blackstart.cli.display import Meter, Pulse, step
from blackstart.cli.lab import BuildLines
from blackstart.lab.build import catalogue
from blackstart.lab.forecast import Forecast, longest_first
from blackstart.lab.parts import Part, Room, downwards
from blackstart.lab.progress import Progress

# A cold build on two busy cores, as its lines said; what is not here took less than two seconds.
MEASURED = {
    "kubernetes": 403.6, "cilium": 385.3, "argocd": 351.4, "coredns": 146.4, "containerd": 80.9, "helm": 75.0,
    "etcd": 34.0, "userland": 22.6, "programs": 15.0, "kustomize": 12.0, "node-packages": 9.3, "go": 8.7,
}  # fmt: skip

MOST_WORDS = 6  # of a build that is half as slow again as planned


def part(name: str, *inputs: Part, seconds: float = 1, heavy: bool = False) -> Part:
    def make(_room: Room) -> None:
        raise AssertionError

    return Part(name, f"the {name}", seconds, {}, make, inputs, heavy)


def play(parts: list[Part], took: dict[str, float], forecast: Forecast) -> list[tuple[float, float, str]]:
    """Build on a clock that costs nothing; return what was forecast each second: the time, what is left, and why."""
    waiting, running, built = list(forecast.order), dict[Part, float](), set[str]()
    missing = {found.key for found in parts}
    said, now = [], 0.0
    while waiting or running:
        for found in list(waiting):
            needs = {needed.key for needed in found.inputs} & missing
            if needs <= built and found.heavy not in {other.heavy for other in running}:
                waiting.remove(found)
                running[found] = now
                forecast.start(found, now)
        said.append((now, forecast.left(now), forecast.late))
        now += 1
        for found, begun in list(running.items()):
            if now - begun >= took.get(found.name, 1.0):
                forecast.finish(found, now)
                built.add(found.key)
                del running[found]
    return said


def test_the_longest_way_goes_first() -> None:
    short, long = part("short", seconds=10), part("long", seconds=8)
    image = part("image", long, seconds=5)
    parts = [short, long, image]
    assert [found.name for found in longest_first(parts, {p.name: p.seconds for p in parts})] == [
        "long",
        "short",
        "image",
    ]


def test_what_runs_at_once_counts_once_and_what_waits_comes_after() -> None:
    heavy, light, last = part("a", seconds=100, heavy=True), part("b", seconds=70), part("d", seconds=20)
    after = part("c", heavy, seconds=40)
    forecast = Forecast([heavy, light, after, last], {}, 0)
    assert forecast.left(0) == 140, "a beside b and d, then c"
    forecast.start(heavy, 0)
    forecast.start(light, 0)
    assert forecast.left(60) == 80
    assert not forecast.late


def test_what_this_machine_measured_counts_more_than_a_recipe() -> None:
    parts = [part("a", seconds=100), part("b", seconds=50)]
    assert Forecast(parts, {"a": 10.0, "gone": 500.0}, 0).left(0) == 60


def test_light_parts_say_nothing_about_the_compiler() -> None:
    light, heavy = [part(f"copy-{number}", seconds=10) for number in range(20)], part("a", seconds=600, heavy=True)
    forecast = Forecast([*light, heavy], {}, 0)
    forecast.start(heavy, 0)
    for number, copy in enumerate(light):
        forecast.start(copy, number / 10)
        forecast.finish(copy, (number + 1) / 10)
    assert forecast.left(2) == pytest.approx(598)


def test_a_part_that_takes_too_long_is_named_when_the_end_moves_away() -> None:
    slow, next_one = part("a", seconds=100, heavy=True), part("b", seconds=400, heavy=True)
    forecast = Forecast([slow, next_one], {}, 0)
    forecast.start(slow, 0)
    lefts = [(forecast.left(now), forecast.late) for now in range(0, 200, 5)]
    grown = [late for (before, _), (left, late) in pairwise(lefts) if left > before]
    assert grown
    assert all(late.startswith("the a has taken ") and late.endswith(" s, planned were 100 s") for late in grown)
    forecast.finish(slow, 200)
    assert forecast.left(200) > 400


@pytest.mark.parametrize("speed", [1.0, 0.6, 1.5])
def test_a_whole_cold_build_comes_nearer_all_the_time(speed: float) -> None:
    parts = list(downwards(catalogue()))
    took = {found.name: MEASURED.get(found.name, 1.0) * speed for found in parts}
    forecast = Forecast(parts, {}, 0)
    said = play(parts, took, forecast)
    for (_, before, _), (now, left, late) in pairwise(said):
        assert left <= before or late, (
            f"at {now:.0f} s {left:.0f} s were left after {before:.0f} s, and nobody said why"
        )
    assert sum(bool(late) for _, _, late in said) <= (0 if speed <= 1 else MOST_WORDS)
    whole = said[-1][0]
    for now, left, _ in said[len(said) // 2 :]:
        assert abs(now + left - whole) < 0.2 * whole, f"half-way on it is known, but at {now:.0f} s {left:.0f} s"


def test_a_second_cold_build_on_this_machine_is_known_from_the_beginning() -> None:
    parts = list(downwards(catalogue()))
    took = {found.name: MEASURED.get(found.name, 1.0) * 1.5 for found in parts}
    said = play(parts, took, Forecast(parts, took, 0))
    assert said[0][1] == pytest.approx(said[-1][0], rel=0.05)
    assert not any(late for _, _, late in said)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pipe_hears_something_at_least_every_30_s(capsys: pytest.CaptureFixture[str]) -> None:
    clock, heard = Clock(), []
    pulse = Pulse(lambda: "compiling", clock)
    for second in range(200):
        clock.now = second
        if second == 90:
            pulse.say("a part is finished")
        pulse.beat()
        if capsys.readouterr().err:
            heard.append(second)
    assert 90 in heard
    assert max(after - before for before, after in zip([0, *heard], [*heard, 199], strict=False)) <= 30
    assert len(heard) < 10


def test_a_long_step_in_a_pipe_says_that_it_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(display, "_LOOK_SECONDS", 0.01)
    with step("node image"):
        time.sleep(0.1)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "node image: still running after 0 s"
    assert said[-1].endswith("s] node image")


def test_the_lines_of_a_build(capsys: pytest.CaptureFixture[str]) -> None:
    planned = {"a": 100.0, "b": 200.0}
    with Meter("bundle") as meter:
        lines = BuildLines(meter, verbose=False)
        lines(Progress(planned, now=("part a",), left=300))
        lines(Progress(planned, now=("part a",), left=250, line="compiling x"))
        lines(Progress(planned, now=("part a",), left=420, late="part a has taken 180 s, planned were 100 s"))
        lines(Progress(planned, done=1, left=200, finished="part a", took=190.0))
    *said, last = capsys.readouterr().err.splitlines()
    assert said == [
        "2 parts to build, about 5 min",
        "about 7 min left: part a has taken 180 s, planned were 100 s",
        "[ 190.0 s] part a (1 of 2, about 3 min left)",
    ]
    assert last.endswith("s] bundle")
