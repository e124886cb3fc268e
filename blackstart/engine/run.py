"""One run of a verb: look, start what may begin, look again, until nothing is left to do and every gate is open."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from blackstart.bundle.server import serve
from blackstart.engine.gates import Gates
from blackstart.engine.plan import behind, groups, plan, preview, startable
from blackstart.engine.prefork import prefork
from blackstart.engine.retry import SECONDS as NOT_WELL_SECONDS
from blackstart.engine.work import Work
from blackstart.errors import BlackstartError, InputError, NotWellError, UnreachableError
from blackstart.step import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from blackstart.engine.context import Acting, Context
    from blackstart.engine.plan import Todo
    from blackstart.probe.observed import Observed
    from blackstart.step import Play, Step

HEALS = 4  # times that a step which heals is applied in one run at most
HEAL_PAUSE = 15.0  # seconds; a repair needs some time to show
PAUSE = 1.0  # seconds between looks; a look itself takes about as long on a busy machine
PAUSE_BESIDE = 2.0  # seconds between looks while a play runs: it needs the nodes' processors more


def require_reachable(observed: Observed, nodes: Collection[str], ordered: Collection[str] = ()) -> None:
    """Raise UnreachableError when one of these nodes does not answer, with each one's evidence.

    `ordered` are the nodes whose rebuild was begun and not ended.
    """
    if gone := [node for name, node in observed.nodes.items() if name in nodes and not node.reachable]:
        begun = [node.name for node in gone if node.name in ordered]
        raise UnreachableError(
            "\n".join(f"{node.name}: {node.error}" for node in gone),
            hint="nothing was changed. Power it on or mend the way to it, then run again; "
            "to repair the network plugin alone: up --only network"
            + "".join(f"\na rebuild of {name} was begun and not ended: blackstart rebuild {name}" for name in begun),
        )


@dataclass(slots=True)
class Run:
    """What one run works with; `apply` is its only verb.

    `limit` are the nodes that may be worked on; `timeout` is how long any gate may stay closed, in seconds, instead of
    the step's own; `applied` holds when each step was applied, on the clock.
    """

    context: Context
    steps: Sequence[Step]
    limit: Sequence[str]
    timeout: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    applied: dict[str, list[float]] = field(default_factory=dict)
    _works: list[Work] = field(default_factory=list)
    _unwell: dict[str, float] = field(default_factory=dict)  # since when a step is held up by what may pass
    _had_api: bool = False

    def apply(self) -> tuple[str, ...]:
        """Take the cluster to the target; return the steps that were applied (empty: nothing was to be done).

        The newest look must be of this run. Raises what steps, roles and gates raise; whatever was reached stays, and
        the next run goes on from there.
        """
        observed = self.context.observer.latest
        todos = [todo for todo in self._preview(observed) if todo.reasons]
        self.context.journal.write("plan", steps=[todo.event() for todo in todos])
        looks = {step.name: step.gate(self.context.desired, observed) for step in self.steps}
        with ExitStack() as stack:
            variables: dict[str, Any] = {}
            if todos or not all(look.open for look in looks.values()):
                variables = self._serve(stack)
            try:
                self._until_done(variables)
            except BlackstartError:
                self._let_end()
                raise
            except KeyboardInterrupt:
                raise Work.interrupt(self._works) from None
        return tuple(self.applied)

    def _preview(self, observed: Observed) -> tuple[Todo, ...]:
        """Return all steps; raises what refuses one of them, unless a later look may allow it."""
        todos = preview(self.steps, self.context.desired, observed, self.limit)
        for todo in todos:
            if todo.refusal is not None and not isinstance(todo.refusal, NotWellError):
                raise todo.refusal
        return todos

    def _serve(self, stack: ExitStack) -> dict[str, Any]:
        """Check the bundle, serve it to the nodes, load Ansible; return what every play is told of the bundle."""
        bundle, fleet = self.context.bundle, self.context.fleet
        if problems := bundle.problems():
            raise InputError(
                f"the bundle at {bundle.path} is not what its bundle.json says:\n" + "\n".join(problems[:20]),
                hint="nothing was touched; build or copy the bundle again",
            )
        near = (*self.context.observer.reachable(), *self.limit)[0]
        stack.enter_context(prefork(self.context))
        return {
            "bundle_url": stack.enter_context(serve(bundle.path, fleet.local_address(near))),
            "bundle_images": [
                {name: getattr(image, name) for name in ("name", "file", "digest", "set", "bytes")}
                for image in bundle.images
            ],
            "bundle_files": {name: sha256 for name, (sha256, _) in bundle.files.items()},
        }

    def _until_done(self, variables: dict[str, Any]) -> None:
        gates = Gates(self.context.journal, self._deadline, clock=self.clock)
        while True:
            desired, observed = self.context.desired, self.context.observer.latest
            self._had_api |= observed.api.reachable
            looks = {step.name: step.gate(desired, observed) for step in self.steps}
            due = self._due(observed)
            ready = startable(self.steps, due or (), looks, self._busy)
            if ready and ready[0].step.scope is Scope.HERE and not self._works:
                gates.applied([self._act(ready[0].step)])
                continue
            self._start([todo for todo in ready if todo.step.scope is not Scope.HERE], variables)
            waiting = self._busy | {todo.step.name for todo in due or ()}
            shut = {name for name, look in looks.items() if not look.open}
            blocked = behind(self.steps, waiting | {name for name in shut if not looks[name].suffices})
            gates.follow(self.steps, looks, shut - waiting - blocked, running=bool(self._works))
            if due == () and not self._works and not shut:
                return
            self._pass_time(gates, beside=bool(waiting - self._busy - behind(self.steps, self._busy)))

    @property
    def _busy(self) -> frozenset[str]:
        """The names of the steps that run."""
        return frozenset(name for work in self._works for name in work.names)

    def _deadline(self, step: Step) -> float:
        return step.deadline(self.context.desired) if self.timeout is None else self.timeout

    def _due(self, observed: Observed) -> tuple[Todo, ...] | None:
        """Return the steps that have something to do and may be applied (again); None while it cannot be said."""
        idle = [step for step in self.steps if step.name not in self._busy]
        try:
            todos = plan(idle, self.context.desired, observed, self.limit)
        except NotWellError as error:
            self._hold("", error)
            return None
        self._unwell.pop("", None)
        return tuple(todo for todo in todos if self._may_apply(todo.step, observed))

    def _may_apply(self, step: Step, observed: Observed) -> bool:
        times = self.applied.get(step.name, [])
        if not times or not step.heals:
            return len(times) < step.attempts
        return len(times) < HEALS and self.clock() - times[-1] > HEAL_PAUSE and observed.api.reachable

    def _hold(self, step: str, error: BlackstartError) -> None:
        """Let what may pass stand for a while; raises the error when it lasts. Time counts only while nothing runs."""
        if self._works:
            self._unwell.pop(step, None)
        elif step not in self._unwell:
            self._unwell[step] = self.clock()
            self.context.say(f"{error.message}; checking again for up to {NOT_WELL_SECONDS:.0f} s")
        elif self.clock() - self._unwell[step] >= NOT_WELL_SECONDS:
            raise error

    def _start(self, todos: Sequence[Todo], variables: dict[str, Any]) -> None:
        """Start what may begin and touches nothing that a running play touches."""
        plays = [(todo, play) for todo in todos if (play := self._play(todo)) is not None]
        for group in groups(plays):
            if not any(work.touches(group) for work in self._works):
                self._works.append(Work(self.context, group, variables, clock=self.clock))

    def _play(self, todo: Todo) -> Play | None:
        """Return the play of a step, on no more nodes than it may work on; None while it must not begin."""
        step = todo.step
        try:
            play = step.play(self.context.desired, self.context.observer.latest)
        except (NotWellError, UnreachableError) as error:
            # An API that was there may be back at one of the next looks.
            if isinstance(error, UnreachableError) and not self._had_api:
                raise
            self._hold(step.name, error)
            return None
        self._unwell.pop(step.name, None)
        if step.scope is not Scope.NODES:
            return play
        return play.on(node for node in play.limit or self.limit if node in self.limit)

    def _act(self, step: Step) -> Step:
        """Have a step act by itself, while nothing else runs, and look again."""
        journal, started = self.context.journal, self.clock()
        journal.write("phase_start", phase=step.name, title=step.title, nodes=list(self.limit))
        status = "failed"
        try:
            cast("Acting", step).apply(self.context, self.context.observer.latest)
            status = "ok"
        except BlackstartError as error:
            status = "interrupted" if error.exit_code == 130 else "failed"  # noqa: PLR2004 - the shell's number for it
            raise
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            seconds = round(self.clock() - started, 1)
            journal.write("phase_end", phase=step.name, status=status, changed={}, seconds=seconds)
        self.applied.setdefault(step.name, []).append(self.clock())
        self.context.observer.look()
        return step

    def _pass_time(self, gates: Gates, *, beside: bool) -> None:
        """Wait until a play ends or, when something does not wait for one, until it is time to look again."""
        end = self.clock() + (PAUSE_BESIDE if self._works else PAUSE)
        while self._works and not any(work.done for work in self._works) and not (beside and self.clock() >= end):
            self.sleep(0.1)
        if not self._works:
            self.sleep(max(0.0, end - self.clock()))
        for work in [work for work in self._works if work.done]:
            self._works.remove(work)
            gates.applied(self._finish(work))
        self.context.observer.look()

    def _finish(self, work: Work) -> list[Step]:
        """Take a play's end in: raises what it failed with."""
        work.finish()
        for step in work.steps:
            self.applied.setdefault(step.name, []).append(self.clock())
        return work.steps

    def _let_end(self) -> None:
        """Let what still runs come to its end, after a failure beside it: no play is cut off but by a person."""
        if self._works:
            names = ", ".join(step.name for work in self._works for step in work.steps)
            self.context.say(f"waiting for {names} to end")
        try:
            while self._works:
                work = self._works.pop()
                while not work.done:
                    self.sleep(0.1)
                with suppress(BlackstartError):
                    self._finish(work)
        except KeyboardInterrupt:
            raise Work.interrupt([work, *self._works]) from None
