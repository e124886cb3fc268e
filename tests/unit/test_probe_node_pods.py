"""Pods as recorded from a real API, and edited: who is broken, since when, why, and who knows more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blackstart.node.kube import pods

NOW = pods.seconds("2026-11-24T11:40:27Z")
RECORDED = json.loads((Path(__file__).parents[1] / "machines/api_network_down.json").read_text())


def pod(*, init: list[dict[str, Any]] | None = None, states: list[dict[str, Any]] | None = None, **status: Any) -> Any:
    """Return a pod of a ReplicaSet on node a that is not ready since 11:40:00; init and states are container states."""
    statuses = {
        "initContainerStatuses": [{"name": f"i{n}", "ready": False, **entry} for n, entry in enumerate(init or [])],
        "containerStatuses": [{"name": f"c{n}", "ready": False, **entry} for n, entry in enumerate(states or [])],
    }
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-24T11:40:00Z"}
    return {
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "creationTimestamp": "2026-11-24T11:00:00Z",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}],
        },
        "spec": {"nodeName": "a"},
        "status": {"phase": "Pending", "conditions": [ready], **statuses, **status},
    }


def waiting(reason: str, message: str = "", last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def ended(code: int, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, "reason": reason, "message": message}}}


def one(item: Any) -> dict[str, Any]:
    (found,) = pods.broken([item], NOW)
    return found


REASONS = {
    "a container that is made": (pod(states=[waiting("ContainerCreating")]), "ContainerCreating"),
    "an image that is not there": (pod(states=[waiting("ErrImagePull", "no such host")]), "ErrImagePull"),
    "the first container that is not well": (
        pod(states=[{"state": {"running": {}}}, waiting("CrashLoopBackOff")], phase="Running"),
        "CrashLoopBackOff",
    ),
    "running and not ready": (pod(states=[{"state": {"running": {}}}], phase="Running"), "Running"),
    "a failing init container": (
        pod(init=[ended(0), waiting("CrashLoopBackOff")], states=[waiting("PodInitializing")]),
        "Init:CrashLoopBackOff",
    ),
    "an init container that ended badly": (pod(init=[ended(1, "Error")]), "Init:Error"),
    "an init container at work": (
        pod(init=[{"state": {"running": {}}}], states=[waiting("PodInitializing")]),
        "PodInitializing",
    ),
    "left behind by a shutdown": (pod(phase="Failed", reason="Terminated", message="Pod was terminated"), "Terminated"),
    "a status without a name": (pod(states=[ended(137)], phase="Failed"), "ExitCode:137"),
    "evicted": (pod(phase="Failed", reason="Evicted"), "Evicted"),
}


@pytest.mark.parametrize(("item", "reason"), REASONS.values(), ids=REASONS)
def test_the_reason_is_what_holds_the_pod_up(item: Any, reason: str) -> None:
    assert one(item)["reason"] == reason


def test_a_sidecar_that_has_started_holds_nothing_up() -> None:
    item = pod(init=[{"state": {"running": {}}, "started": True}], states=[waiting("ErrImagePull")])
    item["spec"]["initContainers"] = [{"name": "i0", "restartPolicy": "Always"}]
    assert one(item)["reason"] == "ErrImagePull"


def test_a_pod_being_deleted_is_terminating() -> None:
    item = pod(states=[waiting("ErrImagePull")])
    item["metadata"]["deletionTimestamp"] = "2026-11-24T11:40:20Z"
    assert one(item)["reason"] == "Terminating"


def test_an_unschedulable_pod_says_why() -> None:
    item = pod()
    item["status"]["conditions"].append(
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
    )
    del item["spec"]["nodeName"]
    found = one(item)
    assert (found["node"], found["reason"], found["message"]) == ("", "Unschedulable", "0/3 nodes are available")


def test_what_is_ready_or_ended_well_is_not_broken() -> None:
    done, ready = pod(phase="Succeeded"), pod(phase="Running")
    ready["status"]["conditions"][0]["status"] = "True"
    assert pods.broken([done, ready], NOW) == []


def test_times_and_owner() -> None:
    found = one(pod())
    assert (found["since"], found["created"], found["controller"]) == (27.0, NOW - 40 * 60 - 27, "ReplicaSet")


def test_a_mirror_pod_and_a_bare_pod_have_no_controller_that_counts() -> None:
    bare = pod()
    del bare["metadata"]["ownerReferences"]
    assert one(bare)["controller"] == ""


def test_a_crash_is_told_by_its_last_words() -> None:
    last = {"exitCode": 1, "reason": "Error", "message": "ln: failed to create symbolic link: File exists\n"}
    found = one(pod(init=[waiting("CrashLoopBackOff", "back-off 40s restarting failed container", last)]))
    assert found["message"] == "container i0 ended with status 1: ln: failed to create symbolic link: File exists"
    last.pop("message")
    found = one(pod(init=[waiting("CrashLoopBackOff", "back-off 40s restarting failed container", last)]))
    assert found["message"] == "container i0 ended with status 1: back-off 40s restarting failed container"


def test_an_earlier_life_does_not_explain_why_a_container_is_not_made() -> None:
    found = one(pod(states=[waiting("ContainerCreating", last={"exitCode": 255, "reason": "Unknown"})]))
    assert found["message"] == ""
    assert pods.wants_events(found)


def test_events_are_asked_for_only_where_the_status_knows_nothing() -> None:
    assert not pods.wants_events(one(pod(states=[waiting("ErrImagePull", "no such host")])))
    assert not pods.wants_events(one(pod(states=[{"state": {"running": {}}}], phase="Running")))
    made = pod(states=[waiting("ContainerCreating")])
    made["status"]["conditions"].append({"type": "PodReadyToStartContainers", "status": "True"})
    assert not pods.wants_events(one(made)), "its sandbox is there, so it pulls an image"


def event(at: str | None, text: str, name: str = "web", **more: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": "shop", "name": name}
    return {"involvedObject": about, "reason": "FailedMount", "message": text, "lastTimestamp": at, **more}


def test_the_newest_warning_about_a_pod_explains_it() -> None:
    events = [
        event("2026-11-24T11:40:10Z", "later"),
        event("2026-11-24T11:40:05Z", "earlier"),
        event("2026-11-24T11:40:20Z", "another's", name="db"),
        event(None, "series", eventTime="2026-11-24T11:39:00.000000Z"),
    ]
    (found,) = pods.explained([one(pod(states=[waiting("ContainerCreating")]))], events)
    assert found["message"] == "FailedMount: later"
    (found,) = pods.explained([one(pod(states=[waiting("ContainerCreating")]))], [])
    assert found["message"] == ""


def test_recorded_while_the_network_plugin_was_not_up_yet() -> None:
    found = pods.explained(pods.broken(RECORDED["pods"]["items"], NOW), RECORDED["events"]["items"])
    by_name = {pod["name"].rsplit("-", 2)[0]: pod for pod in found}
    assert by_name["argocd-redis"]["reason"] == "PodInitializing"
    assert "failed to setup network for sandbox" in by_name["argocd-redis"]["message"]
    assert by_name["cilium-operator"]["reason"] == "Unschedulable"
    assert "etcd-melchior" not in by_name
    assert set(pods.fields(found[0])) == {
        *("namespace", "name", "node", "phase", "reason", "message", "since", "created", "controller")
    }


def test_recorded_agents() -> None:
    assert pods.cilium_agents(RECORDED["pods"]["items"]) == {"melchior-1": False, "balthasar-2": False}


def test_of_two_agents_on_a_node_the_one_that_stays_counts() -> None:
    def agent(*, ready: str, leaving: bool) -> dict[str, Any]:
        item: dict[str, Any] = pod()
        item["metadata"] |= {"namespace": "kube-system", "labels": {"k8s-app": "cilium"}}
        item["status"]["conditions"][0]["status"] = ready
        if leaving:
            item["metadata"]["deletionTimestamp"] = "2026-11-24T11:40:20Z"
        return item

    old, new = agent(ready="True", leaving=True), agent(ready="False", leaving=False)
    assert pods.cilium_agents([old, new]) == {"a": False}
    assert pods.cilium_agents([old, agent(ready="True", leaving=False)]) == {"a": True}
