"""One run of `up`: look, decide, apply, look again, until the target is what is seen."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blackstart import paths
from blackstart.bundle.server import serve
from blackstart.engine.gates import Gates
from blackstart.engine.retry import retry_not_well
from blackstart.errors import BlackstartError, InputError, NotWellError, UnreachableError
from blackstart.probe.receipts import write_receipts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from blackstart.bundle.manifest import Bundle
    from blackstart.engine.journal import Journal
    from blackstart.engine.observer import Observer
    from blackstart.engine.runner import Runner
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Phase, Play, Reason
    from blackstart.probe.observed import Observed


# What a gate may be waiting for without knowing: a seed that Argo CD asks for, an agent or a pod to be made anew, an
# application that Argo CD gave up on while one of its own parts was still starting.
MENDERS = frozenset({"seed", "cilium", "revive", "root_application"})
MENDS = 4  # times that one phase is applied in one run at most
MEND_PAUSE = 15.0  # seconds; what was mended needs some time to show it


@dataclass(frozen=True, slots=True)
class Step:
    """A phase that has something to do, and why."""

    phase: Phase
    reasons: tuple[Reason, ...]


def plan(phases: Sequence[Phase], desired: Cluster, observed: Observed, limit: Sequence[str]) -> tuple[Step, ...]:
    """Return the steps that this look asks for, in order, leaving out nodes that are not in limit. Pure."""
    steps = []
    for phase in phases:
        reasons = [reason for reason in phase.reasons(desired, observed) if not reason.node or reason.node in limit]
        if reasons:
            steps.append(Step(phase, tuple(reasons)))
    return tuple(steps)


def batches(phases: Sequence[Phase]) -> list[list[Phase]]:
    """Return what shares one Ansible run: neighbours that touch only the nodes, or that need the same gates. Pure.

    One that needs the gate of a neighbour before it does not: it is decided anew once that is open.
    """
    groups: list[list[Phase]] = []
    for phase in phases:
        before = groups[-1][-1] if groups else None
        alone = before is not None and {one.name for one in groups[-1]} & set(phase.needs)
        if before and not alone and ((phase.local and before.local) or (phase.needs and phase.needs == before.needs)):
            groups[-1].append(phase)
        else:
            groups.append([phase])
    return groups


def refuse_unreachable(observed: Observed, limit: Sequence[str], ordered: Collection[str] = ()) -> None:
    """Raise UnreachableError when a node that is to be worked on does not answer, with each one's evidence.

    `ordered` are the nodes whose rebuild was begun and not ended.
    """
    if gone := [node for name, node in observed.nodes.items() if name in limit and not node.reachable]:
        begun = [node.name for node in gone if node.name in ordered]
        raise UnreachableError(
            "\n".join(f"{node.name}: {node.error}" for node in gone),
            hint="nothing was changed. Power it on or mend the way to it, then run again; "
            "to repair the network plugin alone: up --only network"
            + "".join(f"\na rebuild of {name} was begun and not ended: blackstart rebuild {name}" for name in begun),
        )


@dataclass(slots=True)
class Run:
    """What one run works with; `apply` is its only verb."""

    desired: Cluster
    sources: Sequence[Path]
    phases: Sequence[Phase]
    observer: Observer
    journal: Journal
    bundle: Bundle
    limit: Sequence[str]
    ordered: Collection[str] = ()  # nodes whose rebuild was begun and not ended
    timeout: float | None = None  # seconds that any gate may take, instead of its phase's own
    applied: dict[str, list[float]] = field(default_factory=dict)  # when each phase was applied, on the monotonic clock

    def apply(self) -> tuple[str, ...]:
        """Take the cluster to the target; return the phases that were applied (empty: nothing was to be done).

        Raises what phases, roles and gates raise; whatever was reached stays, and the next run goes on from there.
        """
        observed = self.observer.look()
        # Break-glass works through whichever control plane answers; everything else needs every node that it is for.
        answering = self.observer.reachable()
        whole = any(phase.local for phase in self.phases)
        refuse_unreachable(observed, self.limit if whole or not answering else answering, self.ordered)
        steps = plan(self.phases, self.desired, observed, self.limit)
        self.journal.write("plan", steps=[step_event(step) for step in steps])
        with ExitStack() as stack:
            variables: dict[str, Any] = {}
            gates = self._gates(lambda: self._mend(variables))
            closed = any(not phase.gate(self.desired, observed).open for phase in self.phases)
            if steps or closed:
                self._check_bundle()
                url = stack.enter_context(serve(self.bundle.path, self.observer.fleet.local_address(answering[0])))
                variables = {
                    "bundle_url": url,
                    "bundle_images": [_image(image) for image in self.bundle.images],
                    "bundle_files": {name: sha256 for name, (sha256, _) in self.bundle.files.items()},
                }
            for batch in batches(self.phases):
                self._batch(batch, gates, variables)
            gates.settle(self.phases)
        return tuple(self.applied)

    def _gates(self, mend: Callable[[], bool]) -> Gates:
        own = {phase.name: phase.timeout for phase in self.phases}
        own["root_application"] = self.desired.gitops.timeout_minutes * 60.0
        timeouts = own if self.timeout is None else dict.fromkeys(own, self.timeout)
        return Gates(self.desired, self.observer, self.journal, timeouts, mend=mend)

    def _batch(self, batch: Sequence[Phase], gates: Gates, variables: dict[str, Any]) -> None:
        """Apply neighbouring phases in one Ansible run, those of them that still have reasons."""
        steps = plan(batch, self.desired, self.observer.latest, self.limit)
        if not steps:
            return
        needed = {name for step in steps for name in step.phase.needs}
        gates.wait([phase for phase in self.phases if phase.name in needed], enough=True)
        gates.applied(self._play(batch, variables))

    def _mend(self, variables: dict[str, Any]) -> bool:
        """Apply again what mends trouble that shows only later; not often, or it mends nothing."""
        if not self.observer.latest.api.reachable:
            return False
        menders = [phase for phase in self.phases if phase.name in MENDERS and self._may_mend(phase)]
        steps = plan(menders, self.desired, self.observer.latest, self.limit)
        if not steps:
            return False
        return bool(self._play([steps[0].phase], variables))

    def _may_mend(self, phase: Phase) -> bool:
        times = self.applied.get(phase.name, [])
        waits = [other.gate(self.desired, self.observer.latest) for other in self.phases if other.name in phase.needs]
        return (
            len(times) < MENDS
            and time.monotonic() - max(times, default=0.0) > MEND_PAUSE
            and all(look.suffices for look in waits)
        )

    def _decide(self, phases: Sequence[Phase]) -> tuple[tuple[Step, ...], list[Play]]:
        """Return what the newest look asks for; NotWellError leaves a newer one behind."""
        observed = self.observer.latest
        try:
            steps = plan(phases, self.desired, observed, self.limit)
            return steps, [self._limited(step.phase, step.phase.play(self.desired, observed)) for step in steps]
        except NotWellError:
            self.observer.look()
            raise

    def _play(self, phases: Sequence[Phase], variables: dict[str, Any]) -> list[Phase]:
        """Apply those of the phases that have reasons in one Ansible run, and return them."""
        steps, plays = retry_not_well(partial(self._decide, phases), lambda text: self.journal.write("note", text=text))
        if not steps:
            return []
        names = [step.phase.name for step in steps]
        observed = self.observer.latest
        started = time.monotonic()
        for step, play in zip(steps, plays, strict=True):
            self.journal.write("phase_start", phase=step.phase.name, title=step.phase.title, nodes=list(play.limit))
        try:
            changed = self._runner().play(plays, variables)
        except BlackstartError as error:
            status = "interrupted" if error.exit_code == 130 else "failed"  # noqa: PLR2004 - the shell's number for it
            self._end(names, status, {}, started)
            raise
        for entry in (entry for play in plays for entry in play.variables.get("healed", [])):
            self.journal.write("healed", **entry)
        write_receipts(self.observer.fleet, self.desired, observed, [step.phase for step in steps], plays)
        for name in names:
            self.applied.setdefault(name, []).append(time.monotonic())
        self._end(names, "ok", changed, started)
        self.observer.look()
        return [step.phase for step in steps]

    def _end(self, names: Sequence[str], status: str, changed: Mapping[str, int], started: float) -> None:
        """Journal the end of phases that shared one run: what it changed and how long it took is said of all."""
        whole = {"together": names, "status": status, "changed": changed, "seconds": _since(started)}
        for name in names:
            self.journal.write("phase_end", phase=name, **whole)

    def _limited(self, phase: Phase, play: Play) -> Play:
        """Keep a node-local play on the nodes of --limit; the cluster's own plays act from wherever they can."""
        if not phase.local:
            return play
        return replace(play, limit=tuple(node for node in play.limit or self.limit if node in self.limit))

    def _runner(self) -> Runner:
        # Imported and made only when there is something to run: a no-op pays for neither Ansible nor collections.
        from blackstart.engine.galaxy import ensure  # noqa: PLC0415 - see above
        from blackstart.engine.runner import Runner  # noqa: PLC0415 - see above

        return Runner(self.sources, paths.state(self.desired.name), self.journal, ensure())

    def _check_bundle(self) -> None:
        if problems := self.bundle.problems():
            raise InputError(
                f"the bundle at {self.bundle.path} is not what its bundle.json says:\n" + "\n".join(problems[:20]),
                hint="nothing was touched; build or copy the bundle again",
            )


def step_event(step: Step) -> dict[str, Any]:
    """Return a step as the journal and --json show it."""
    reasons = [{"node": reason.node, "text": reason.text} for reason in step.reasons]
    return {"phase": step.phase.name, "title": step.phase.title, "reasons": reasons}


def _image(image: Any) -> dict[str, Any]:  # noqa: ANN401 - a slotted dataclass, field by field
    return {name: getattr(image, name) for name in ("name", "file", "digest", "set", "bytes")}


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
