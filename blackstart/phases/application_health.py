"""Whether the applications that a root application leads to are really there, and what stands in the way first.

A root's own green light says nothing about its leaves, and what is in etcd after a power-on is of the day before: so
every application reachable from the root is judged by sync, health, operation, revision and the time of its last
comparison (facts: argo-cd pkg/apis/application/v1alpha1/types.go). Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from blackstart.words import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from blackstart.probe.observed import Application, BrokenPod

# A sync operation names what it waits for (gitops-engine pkg/sync/sync_context.go, setRunningPhase).
_WAITING = re.compile(r"waiting for (?:healthy state|deletion) of argoproj\.io/Application/(\S+)")
_CHILD = re.compile(r"^Application (?:\S+/)?(\S+): ")
# The kind that discovery does not know: NotFound of (Kind.group), or kubectl's own words for it.
_MISSING = (
    re.compile(r'\b([A-Z]\w+)\.[\w.-]+ "" not found'),
    re.compile(r'no matches for kind "(\w+)"'),
    re.compile(r"could not find [\w.-]+/(\w+)"),
)
_NOT_VALID = "one or more synchronization tasks are not valid"
_FAILED = frozenset({"Failed", "Error"})
_AWAY = re.compile(
    r"connection refused|no such host|no route to host|network is unreachable|i/o timeout|deadline exceeded|"
    r"server misbehaving|connection reset|TLS handshake|EOF",
    re.IGNORECASE,
)
_PULL = frozenset({"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"})


@dataclass(frozen=True, slots=True)
class Survey:
    """All applications reachable from the root: `well` of `total`, and the first causes of the rest in words."""

    total: int
    well: int
    causes: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Tell whether nothing is left to wait for."""
        return self.total > 0 and self.well == self.total

    def __str__(self) -> str:
        """Say it in one line, with at most three causes."""
        text = f"{self.well} of {self.total} applications Synced and Healthy"
        more = len(self.causes) - 3
        shown = "; ".join(self.causes[:3]) + (f"; and {more} more" if more > 0 else "")
        return f"{text}: {shown}" if shown else text


def survey(root: str, applications: Sequence[Application], pods: Sequence[BrokenPod], since: float) -> Survey:
    """Judge every application reachable from root; since (seconds since the epoch) is when the last machine started."""
    known = {app.name: app for app in applications}
    names = reachable(root, known)
    trouble = {name: why for name in names if (why := _trouble(known.get(name), pods, since))}
    causes: dict[str, list[str]] = {}
    for name in trouble:
        causes.setdefault(_first(name, known, trouble), []).append(name)
    lines = []
    for cause, behind in causes.items():
        waiting = [name for name in behind if name != cause]
        verb = "waits" if len(waiting) == 1 else "wait"
        lines.append(f"{cause}: {trouble[cause]}" + (f" ({some(waiting)} {verb} for it)" if waiting else ""))
    return Survey(len(names), len(names) - len(trouble), tuple(lines))


def reachable(root: str, known: Mapping[str, Application]) -> list[str]:
    """Return the root and every application below it by name, those too that are not created yet, root first."""
    names, queue = [root], [root]
    while queue:
        app = known.get(queue.pop(0))
        for child in app.children if app else ():
            if child not in names:
                names.append(child)
                queue.append(child)
    return names


def missing_kinds(app: Application) -> tuple[str, ...]:
    """Name the kinds for which Argo CD refuses this application's whole sync."""
    if _NOT_VALID not in app.message:
        return ()
    texts = (*app.waiting_on, *app.conditions, app.message)
    found = [match.group(1) for text in texts for pattern in _MISSING if (match := pattern.search(text))]
    return tuple(dict.fromkeys(found))


def errors(condition: str) -> bool:
    """Tell whether a condition ("Type: message") is an error and not a warning."""
    return "Error" in condition.partition(":")[0]


def failed(app: Application) -> bool:
    """Tell whether its last sync failed; without an own retry limit Argo CD gives up on a revision after 155 s."""
    return app.phase in _FAILED


def stale(app: Application, since: float) -> bool:
    """Tell whether its status is older than the last start of the cluster, and so a memory of the day before."""
    if not app.reconciled_at or not since:
        return False
    return datetime.fromisoformat(app.reconciled_at).timestamp() < since


def _trouble(app: Application | None, pods: Sequence[BrokenPod], since: float) -> str:
    """Say what is wrong with one application, gravest first; empty when it is well."""
    if app is None:
        return "is not created yet"
    return _outdated(app, since) or _fault(app, pods) or _progress(app, pods)


def _outdated(app: Application, since: float) -> str:
    """Say why what its status says does not count."""
    if app.held:
        return "Argo CD was told to leave it alone by a network repair"
    if app.refreshing:
        return "Argo CD was asked to refresh it and has not done so yet"
    if not app.reconciled_at and not app.conditions:
        return "Argo CD has not compared it yet"
    if stale(app, since):
        return f"its status is from {app.reconciled_at}, before the last start of the cluster"
    return ""


def _fault(app: Application, pods: Sequence[BrokenPod]) -> str:
    """Say what will not come right by waiting."""
    if refused := _refused(app):
        return refused
    if words := [_condition(app, text) for text in app.conditions if errors(text)]:
        return words[0]
    return f"its sync failed: {_short(app.message)}{_detail(app, pods)}" if failed(app) else ""


def _progress(app: Application, pods: Sequence[BrokenPod]) -> str:
    """Say what it is still about."""
    if app.phase == "Running":
        return f"is syncing: {_short(app.message)}{_detail(app, pods)}" if app.message else "is syncing"
    if app.sync != "Synced" or app.health != "Healthy":
        return f"is {app.sync or 'Unknown'} and {app.health or 'Unknown'}{_detail(app, pods)}"
    if app.phase not in {"Succeeded", ""}:
        return f"its last sync is {app.phase}"
    return "" if app.revision else "no revision of its source was observed yet"


def _refused(app: Application) -> str:
    """Say why Argo CD applies nothing of it at all; while it tries again the operation is Running, and says so too."""
    if _NOT_VALID not in app.message:
        return ""
    if kinds := missing_kinds(app):
        return (
            f"its whole sync is refused ({_NOT_VALID}): the API does not know the kind {', '.join(kinds)}. "
            "A child may install it, but no child is created before: put its CRD into the seed"
        )
    return f"its whole sync is refused ({_NOT_VALID}): {_short('; '.join(app.waiting_on) or app.message)}"


def _condition(app: Application, text: str) -> str:
    kind, _, message = text.partition(": ")
    if "app path does not exist" in message:
        return f"there is no path {app.path!r} in {app.repository}"
    if "unable to resolve" in message and "to a commit SHA" in message:
        return f"its revision is not in {app.repository}: {_tail(message)}"
    if _AWAY.search(message):
        what = "chart" if "chart" in message or "helm" in message.lower() else "Git repository"
        return f"its {what} at {app.repository} cannot be reached: {_tail(message)}"
    return f"{kind}: {_short(message)}"


def _detail(app: Application, pods: Sequence[BrokenPod]) -> str:
    """Return the first of its resources that is not well, with the image that cannot be had when that is why."""
    for text in app.waiting_on:
        where = text.split(": ", 1)[0].rpartition(" ")[2]
        namespace, _, name = where.rpartition("/")
        for pod in pods:
            if pod.namespace == namespace and pod.name.startswith(name) and pod.reason.removeprefix("Init:") in _PULL:
                return f": pod {pod.name} is {pod.reason}: {_tail(pod.message)}"
    return f": {_short(app.waiting_on[0])}" if app.waiting_on else ""


def _first(name: str, known: Mapping[str, Application], trouble: Mapping[str, str]) -> str:
    """Follow what an application waits for to the one that waits for nothing else."""
    seen = [name]
    while True:
        follow = [other for other in _waits_for(seen[-1], known) if other in trouble and other not in seen]
        if not follow:
            return seen[-1]
        seen.append(follow[0])


def _waits_for(name: str, known: Mapping[str, Application]) -> Iterable[str]:
    app = known.get(name)
    if app is None:
        # What is not created waits for those that would create it.
        yield from (parent.name for parent in known.values() if name in parent.children)
        return
    # A fault of its own is a cause, whatever its children do.
    if failed(app) or _NOT_VALID in app.message or any(errors(text) for text in app.conditions):
        return
    if match := _WAITING.search(app.message):
        yield match.group(1)
    for text in app.waiting_on:
        if match := _CHILD.match(text):
            yield match.group(1)
    yield from (child for child in app.children if child in known)


def _short(text: str, length: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _tail(text: str, length: int = 160) -> str:
    """Return the end of a nested error, where its cause is."""
    line = " ".join(text.split())
    return line if len(line) <= length else "…" + line[-(length - 1) :]
