"""A due reboot of a member: drained, rebooted, back, while somebody writes through a neighbour's API server."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.lab.harness import Lab, until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.lab

LIFE = "cut -d ' ' -f 22 /proc/1/stat"
NEIGHBOUR, GOING, OTHER = "melchior-1", "casper-3", "balthasar-2"
LONGEST = 5.0  # seconds between two writes
# Each line: when it ended, and kubectl's exit status.
WRITER = """\
n=0
while true; do
  n=$((n + 1))
  kubectl --kubeconfig=/etc/kubernetes/admin.conf --server=https://10.77.13.13:6443 --request-timeout=10s \
    patch configmap writer --patch "{\\"data\\":{\\"n\\":\\"$n\\"}}" >/dev/null 2>>/root/writer.err
  echo "$(date +%s.%N) $?" >>/root/writes
done
"""


def test_a_member_with_a_new_kernel_is_rebooted_under_a_writer(
    lab: Lab, record_property: Callable[[str, object], None]
) -> None:
    lives = {node: lab.ssh(node, LIFE) for node in (NEIGHBOUR, GOING, OTHER)}
    # As after an upgrade: another kernel's modules lie where those of the running one lay. A reboot takes this away.
    lab.ssh(GOING, "mount -t tmpfs none /usr/lib/modules && mkdir /usr/lib/modules/9.9.9-arch1-1 && "
                   "echo linux >/usr/lib/modules/9.9.9-arch1-1/pkgbase")  # fmt: skip
    plan = lab.verb("plan")
    assert "reboot: Reboot of members" in plan.stdout, plan.stdout + plan.stderr
    assert f"{GOING}: kernel 9.9.9-arch1-1 is installed" in plan.stdout
    lab.kubectl("create", "configmap", "writer", "--from-literal=n=0")
    lab.ssh(NEIGHBOUR, f"cat >/root/writer <<'EOF'\n{WRITER}EOF\nsystemd-run --unit=writer sh /root/writer")
    try:
        done = lab.up()
    finally:
        lab.ssh(NEIGHBOUR, "systemctl stop writer")
        writes = [line.split() for line in lab.ssh(NEIGHBOUR, "cat /root/writes; rm /root/writes").splitlines()]
        lab.kubectl("delete", "configmap", "writer")
    assert done.returncode == 0, done.stdout + done.stderr
    times = [float(ended) for ended, _ in writes]
    gaps = [after - before for before, after in pairwise(times)]
    failed = sum(status != "0" for _, status in writes)
    record_property("writes", f"{len(writes)} writes, {failed} failed, longest gap {max(gaps):.2f} s")
    assert failed == 0, lab.ssh(NEIGHBOUR, "cat /root/writer.err")
    assert max(gaps) < LONGEST
    assert {node for node in lives if lab.ssh(node, LIFE) != lives[node]} == {GOING}
    starts = [event for event in lab.events() if event["kind"] == "phase_start" and event["phase"] == "reboot"]
    assert [event["nodes"] for event in starts] == [[GOING]]
    # The kubelet notes when it began to end pods at a shutdown, and when it was through (pkg/kubelet/nodeshutdown).
    ended = json.loads(lab.ssh(GOING, "cat /var/lib/kubelet/graceful_node_shutdown_state"))
    assert ended["endTime"] > ended["startTime"] > "2", "the kubelet was not given the time to end its pods"


def test_nothing_is_left_of_it(lab: Lab) -> None:
    node = json.loads(lab.kubectl("get", "node", GOING, "-o", "json"))
    assert not node["spec"].get("unschedulable")
    assert not [name for name in node["metadata"]["annotations"] if name.startswith("blackstart.io/")]
    until(lambda: "nothing to do" in lab.verb("plan").stdout, 60, "the plan is empty")
    assert "nothing to do" in lab.up().stdout


def test_a_cordon_that_a_killed_run_left_is_taken_back(lab: Lab) -> None:
    before = lab.ssh(GOING, LIFE)
    note = {"metadata": {"annotations": {"blackstart.io/cordoned": "blackstart reboots it"}},
            "spec": {"unschedulable": True}}  # fmt: skip
    lab.kubectl("patch", "node", GOING, "--patch", json.dumps(note))
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr
    node = json.loads(lab.kubectl("get", "node", GOING, "-o", "json"))
    assert not node["spec"].get("unschedulable")
    assert lab.ssh(GOING, LIFE) == before, "a cordon alone is no reason to reboot"
