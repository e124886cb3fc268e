"""What goes on in the cluster while something is done to it: a client that writes, and eyes on every etcd member."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.support.lab.harness import NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.lab.harness import Lab

ENDPOINT = "10.77.13.20"
SAMPLE = 0.2  # seconds between two looks at a member
# Each line: when it ended, and kubectl's exit status.
_WRITER = """\
n=0
while true; do
  n=$((n + 1))
  kubectl --kubeconfig=/etc/kubernetes/admin.conf --server=https://{server}:6443 --request-timeout=10s \
    patch configmap {name} --patch "{{\\"data\\":{{\\"n\\":\\"$n\\"}}}}" >/dev/null 2>>/root/{name}.err
  echo "$(date +%s.%N) $?" >>/root/{name}.log
done
"""
# kubeadm has each member answer for itself without a key (etcd's --listen-metrics-urls). `serializable` asks the member
# alone whether it works, the other one needs a leader and a quorum (etcd server/etcdserver/api/etcdhttp/health.go).
_EYES = """\
import json, time, urllib.request
def ask(query):
    try:
        with urllib.request.urlopen("http://127.0.0.1:2381/health" + query, timeout=2) as answer:
            return json.load(answer)["health"] == "true"
    except Exception:
        return False
with open("/root/etcd.log", "a", buffering=1) as log:
    while True:
        begun = time.time()
        log.write(json.dumps([begun, ask("?serializable=true"), ask("")]) + "\\n")
        time.sleep(max(0.0, {sample} - (time.time() - begun)))
"""


@dataclass(slots=True)
class Writes:
    """How a client fared: when it wrote, when it could not, what it was told, and how often etcd's leader changed.

    A write that a follower sends to a leader which is just handing over is dropped without a word (raft.go of
    go.etcd.io/raft, ErrProposalDropped): one write in flight may be lost with each change, and none beside.
    """

    times: list[float]
    failed: list[float]
    said: str
    elections: int

    @property
    def unexplained(self) -> int:
        """Return how many writes failed beyond those that changes of the leader may have cost."""
        return max(0, len(self.failed) - self.elections)

    @property
    def longest_gap(self) -> float:
        """Return the longest time between two writes that were answered."""
        well = [at for at in self.times if at not in self.failed]
        return max(after - before for before, after in pairwise(well))

    def words(self) -> str:
        """Say it in one line."""
        return (
            f"{len(self.times)} writes, {len(self.failed)} failed, longest gap {self.longest_gap:.2f} s, "
            f"{self.elections} changes of etcd's leader"
        )


@contextmanager
def writer(lab: Lab, node: str, name: str, *, server: str = "") -> Iterator[list[Writes]]:
    """Write from a node, through its own API server unless another address is given; the list is filled at the end."""
    found: list[Writes] = []
    before = _elections(lab, node)
    lab.kubectl("create", "configmap", name, "--from-literal=n=0", node=node)
    script = _WRITER.format(server=server or NODES[node], name=name)
    lab.ssh(node, f"cat >/root/{name} <<'EOF'\n{script}EOF\nsystemd-run --unit={name} sh /root/{name}")
    try:
        yield found
    finally:
        lab.ssh(node, f"systemctl stop {name}")
        lines = [line.split() for line in lab.ssh(node, f"cat /root/{name}.log; rm /root/{name}.log").splitlines()]
        lab.kubectl("delete", "configmap", name, node=node)
        failed = [float(at) for at, status in lines if status != "0"]
        said = lab.ssh(node, f"cat /root/{name}.err; rm /root/{name}.err")
        found.append(Writes([float(at) for at, _ in lines], failed, said, _elections(lab, node) - before))


def _elections(lab: Lab, node: str) -> int:
    lines = lab.ssh(node, "curl --silent --fail http://127.0.0.1:2381/metrics").splitlines()
    (seen,) = (line.split()[1] for line in lines if line.startswith("etcd_server_leader_changes_seen_total "))
    return int(seen)


@dataclass(slots=True)
class Eyes:
    """What was seen of each member: (when, it works, it has a quorum); empty for one that was never looked at."""

    samples: dict[str, list[tuple[float, bool, bool]]]

    def longest_without_quorum(self, node: str) -> float:
        """Return the longest time in which a member answered no read that needs a quorum, in seconds."""
        longest, since = 0.0, None
        for at, _, quorum in self.samples[node]:
            since = None if quorum else since or at
            longest = max(longest, at - since if since else 0.0)
        return longest

    def broken(self, node: str) -> list[float]:
        """Return when a member was seen not to work."""
        return [at for at, works, _ in self.samples[node] if not works]

    def words(self) -> str:
        """Say it in one line."""
        return ", ".join(
            f"{node}: {len(seen)} looks, {len(self.broken(node))} broken, "
            f"{self.longest_without_quorum(node):.1f} s without quorum"
            for node, seen in self.samples.items()
        )


@contextmanager
def eyes(lab: Lab, *nodes: str) -> Iterator[Eyes]:
    """Look at the members on these nodes five times a second; what was seen is there at the end."""
    seen = Eyes({})
    for node in nodes:
        script = _EYES.format(sample=SAMPLE)
        lab.ssh(node, f"cat >/root/eyes.py <<'EOF'\n{script}EOF\nsystemd-run --unit=eyes python3 /root/eyes.py")
    try:
        yield seen
    finally:
        for node in nodes:
            lab.ssh(node, "systemctl stop eyes")
            lines = lab.ssh(node, "cat /root/etcd.log; rm /root/etcd.log /root/eyes.py").splitlines()
            seen.samples[node] = [tuple(json.loads(line)) for line in lines]
