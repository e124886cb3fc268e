"""The judgement over applications: every leaf counts, and the first cause is said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blackstart.phases import application_health
from tests.support.facts import BOOTED, GIT, app, broken

if TYPE_CHECKING:
    from blackstart.probe.observed import Application, BrokenPod


def say(*applications: Application, pods: tuple[BrokenPod, ...] = ()) -> str:
    return str(application_health.survey("root", applications, pods, BOOTED))


def test_all_well() -> None:
    seen = application_health.survey("root", (app("root", "crds", "web"), app("crds"), app("web")), (), BOOTED)
    assert seen.healthy
    assert str(seen) == "3 of 3 applications Synced and Healthy"


def test_no_root_is_not_healthy() -> None:
    assert not application_health.survey("root", (), (), BOOTED).healthy
    assert say() == "0 of 1 applications Synced and Healthy: root: is not created yet"


def test_a_green_root_says_nothing_about_its_leaves() -> None:
    seen = say(app("root", "web"), app("web", health="Degraded", waiting_on=("Deployment web/web: crashed",)))
    assert seen == ("1 of 2 applications Synced and Healthy: web: is Synced and Degraded: Deployment web/web: crashed")


def test_a_leaf_of_a_leaf_counts() -> None:
    assert "deep: is not created yet" in say(app("root", "team"), app("team", "deep"))


def test_a_child_that_a_refused_sync_never_made_waits_for_its_parent() -> None:
    message = "one or more synchronization tasks are not valid"
    seen = say(app("root", "web", sync="OutOfSync", phase="Failed", message=message, waiting_on=("Beacon x: odd",)))
    assert seen.startswith("0 of 2 applications Synced and Healthy: root: its whole sync is refused")
    assert seen.endswith("(web waits for it)")


def test_a_child_of_a_later_wave_waits_for_the_wave_before() -> None:
    message = "waiting for healthy state of argoproj.io/Application/crds"
    root = app("root", "crds", "web", sync="OutOfSync", phase="Running", message=message)
    seen = say(root, app("crds", health="Progressing"))
    assert seen == ("0 of 3 applications Synced and Healthy: crds: is Synced and Progressing (root, web wait for it)")


def test_an_application_that_nobody_leads_to_does_not_count() -> None:
    assert say(app("root"), app("stranger", health="Degraded")) == "1 of 1 applications Synced and Healthy"


def test_a_wave_shows_the_one_that_it_waits_for_as_first_cause() -> None:
    message = "waiting for healthy state of argoproj.io/Application/crds and 2 more resources"
    seen = say(
        app("root", "crds", sync="OutOfSync", health="Progressing", phase="Running", message=message),
        app("crds", health="Progressing", waiting_on=("Job default/load: Progressing",)),
    )
    assert seen == (
        "0 of 2 applications Synced and Healthy: "
        "crds: is Synced and Progressing: Job default/load: Progressing (root waits for it)"
    )


def test_a_ring_of_waiting_ends() -> None:
    one = app("root", "a", health="Progressing", waiting_on=("Application argocd/a: Progressing",))
    other = app("a", health="Progressing", waiting_on=("Application argocd/root: Progressing",))
    assert say(one, other).startswith("0 of 2 applications Synced and Healthy: a: ")


@pytest.mark.parametrize("phase", ["Failed", "Running"])
def test_a_refused_sync_names_the_kind(phase: str) -> None:
    message = "one or more synchronization tasks are not valid. Retrying attempt #3 at 4:05PM."
    root = app(
        "root",
        "web",
        sync="OutOfSync",
        phase=phase,
        message=message,
        waiting_on=('Beacon platform: Beacon.lab.home "" not found',),
    )
    assert application_health.missing_kinds(root) == ("Beacon",)
    seen = say(root)
    assert "root: its whole sync is refused (one or more synchronization tasks are not valid)" in seen
    assert "does not know the kind Beacon" in seen


@pytest.mark.parametrize(
    "text",
    [
        'Beacon.lab.home "" not found',
        'resource mapping not found: no matches for kind "Beacon" in version "lab.home/v1"',
        "The Kubernetes API could not find lab.home/Beacon for requested resource default/platform",
    ],
)
def test_a_missing_kind_is_found_in_each_wording(text: str) -> None:
    root = app("root", message="one or more synchronization tasks are not valid", waiting_on=(f"Beacon x: {text}",))
    assert application_health.missing_kinds(root) == ("Beacon",)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            "ComparisonError: Failed to load target state: rpc error: cluster/platform/x: app path does not exist",
            f"there is no path 'cluster/platform/root' in {GIT}",
        ),
        (
            "ComparisonError: failed to list refs: dial tcp 10.0.0.2:9418: connect: connection refused",
            f"its Git repository at {GIT} cannot be reached: failed to list refs",
        ),
        (
            "ComparisonError: failed to list refs: unable to resolve 'nosuch' to a commit SHA",
            f"its revision is not in {GIT}",
        ),
        (
            "ComparisonError: rpc error: failed to fetch chart: Get https://charts.example: no such host",
            f"its chart at {GIT} cannot be reached",
        ),
        ("InvalidSpecError: application repo has no project", "InvalidSpecError: application repo has no project"),
    ],
    ids=["wrong path", "git away", "no revision", "chart away", "invalid"],
)
def test_errors_are_said_in_words(condition: str, words: str) -> None:
    seen = say(app("root", sync="Unknown", conditions=(condition,)))
    assert words in seen


def test_a_warning_is_no_error() -> None:
    assert "1 of 1" in say(app("root", conditions=("OrphanedResourceWarning: 3 orphans",)))


def test_an_image_that_cannot_be_had_is_named() -> None:
    message = 'Back-off pulling image "registry.lab/web:2"'
    pod = broken(phase="Pending", reason="ImagePullBackOff", message=message, since=60)
    seen = say(app("root", health="Progressing", waiting_on=("Deployment web/web: Waiting for rollout",)), pods=(pod,))
    assert 'pod web-7d4b9-abcde is ImagePullBackOff: Back-off pulling image "registry.lab/web:2"' in seen


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reconciled_at": "2025-10-01T00:00:00Z"}, "before the last start of the cluster"),
        ({"reconciled_at": ""}, "has not compared it yet"),
        ({"refreshing": True}, "was asked to refresh it"),
        ({"held": True}, "leave it alone"),
        ({"revision": ""}, "no revision"),
        ({"phase": "Running", "message": ""}, "is syncing"),
        ({"phase": "Error", "message": "boom"}, "its sync failed: boom"),
        ({"sync": "OutOfSync"}, "is OutOfSync and Healthy"),
    ],
)
def test_a_green_light_that_does_not_count(changes: dict[str, object], words: str) -> None:
    assert words in say(app("root", **changes))


def test_many_causes_are_counted() -> None:
    names = [f"app-{number}" for number in range(5)]
    seen = say(app("root", *names), *(app(name, health="Degraded") for name in names))
    assert seen.startswith("1 of 6 applications")
    assert seen.endswith("and 2 more")
