"""The ceph command from a control plane: in a pod of Rook's, or by any other command line that leads to it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..command import TIMED_OUT, run
from ..kube.objects import condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kubectl import Kubectl

CRD = "cephclusters.ceph.rook.io"
MARKS = "blackstart/noout/"  # in Ceph's own key-value store, so that a mark exists exactly as long as the flag
NOT_FOUND = 2  # ENOENT, as ceph ends with it
_CONNECT_SECONDS = 10
_ASK = {
    "quorum": ("quorum_status",),
    "nodes": ("node", "ls"),
    "tree": ("osd", "tree"),
    "dump": ("osd", "dump"),
    "mgr": ("mgr", "stat"),
    "pgs": ("pg", "dump", "pgs"),
    "marks": ("config-key", "dump", MARKS),
}
# In Rook's monitor pods the admin's key is in the monitors' keyring (pkg/operator/ceph/cluster/mon/config.go), and the
# monitors' addresses are in the environment.
IN_MON = (
    "sh", "-c", 'exec ceph --mon-host "$ROOK_CEPH_MON_HOST" --keyring /etc/ceph/keyring-store/keyring "$@"', "ceph",
)  # fmt: skip


class CephError(Exception):
    """Ceph cannot be asked, or it answered with an error; the text is its last lines."""

    def __init__(self, text: str, status: int = 1) -> None:
        """Keep the status that ceph ended with."""
        super().__init__(text)
        self.status = status


class Ceph:
    """One Ceph cluster, asked as its administrator by a command line that `ceph`'s own words are added to."""

    def __init__(self, command: Sequence[str]) -> None:
        """Ask with a command line such as [kubectl, exec, …, --, ceph]."""
        self._command = [*command, f"--connect-timeout={_CONNECT_SECONDS}"]

    def run(self, *words: str, seconds: float = 60.0) -> str:
        """Run one ceph command and return what it prints. Raises CephError."""
        said = f"ceph {' '.join(words[:3])}"
        ended = run([*self._command, *words], seconds=seconds)
        if ended.status == TIMED_OUT:
            raise CephError(f"{said} took longer than {seconds:.0f} s: its monitors may have no quorum")
        if ended.status != 0:
            raise CephError(f"{said} failed: {ended.said(3)}", ended.status)
        return ended.out

    def ask(self, *words: str) -> Any:  # noqa: ANN401 - a JSON value
        """Return the document that a ceph command prints. Raises CephError."""
        text = self.run(*words, "--format=json")
        try:
            return json.loads(text)
        except ValueError as error:
            raise CephError(f"ceph {' '.join(words)} printed no JSON: {text.strip()[:200]}") from error

    def look(self) -> dict[str, Any]:
        """Return what blackstart.ceph.facts.parse reads. Raises CephError."""
        with ThreadPoolExecutor(len(_ASK)) as pool:
            asked = {name: pool.submit(self.ask, *words) for name, words in _ASK.items()}
            return reduced({name: answer.result() for name, answer in asked.items()})


def reduced(said: dict[str, Any]) -> dict[str, Any]:
    """Reduce Ceph's documents to what decisions need (pure). Raises CephError for a mark that is none."""
    dump, tree = said["dump"], said["tree"]["nodes"]
    pgs = said["pgs"] if isinstance(said["pgs"], list) else said["pgs"]["pg_stats"]
    mons = said["quorum"]["monmap"]
    hosts = {name: flags for name, flags in (dump.get("crush_node_flags") or {}).items() if "noout" in flags}
    return {
        "fsid": mons["fsid"],
        "mons": [mon["name"] for mon in mons["mons"]],
        "quorum": said["quorum"]["quorum_names"],
        "nodes": {kind: said["nodes"].get(kind) or {} for kind in ("mon", "osd", "mgr")},
        "buckets": {entry["name"]: entry.get("children", []) for entry in tree if entry["type"] == "host"},
        "osds": [
            {"id": osd["osd"], "up": osd["up"], "in": osd["in"], "noout": "noout" in osd["state"]}
            for osd in dump["osds"]
        ],
        "pools": [
            {
                "id": pool["pool"],
                "name": pool["pool_name"],
                "size": pool["size"],
                "min_size": pool["min_size"],
                "pg_num": pool["pg_num"],
            }
            for pool in dump["pools"]
        ],
        "pgs": [[pg["pgid"], pg["state"], pg["acting"]] for pg in pgs],
        "active_mgr": said["mgr"]["active_name"] if said["mgr"]["available"] else "",
        "flags": dump["flags"].split(","),
        "host_noout": sorted(hosts),
        "marks": {key[len(MARKS) :]: _mark(key, value) for key, value in said["marks"].items()},
    }


def _mark(key: str, value: str) -> dict[str, Any]:
    try:
        mark: dict[str, Any] = json.loads(value)
        return {name: mark[name] for name in ("order", "fsid", "osds", "noout")}
    except (ValueError, KeyError, TypeError) as error:
        text = f"the mark {key} in Ceph is none of ours: {value[:80]!r}. Remove it: `ceph config-key rm {key}`"
        raise CephError(text) from error


def rook(kubectl: Kubectl, namespace: str, avoid: str) -> list[str] | None:
    """Return the command line that leads to ceph in Rook's toolbox, else in a monitor; None when there is no Ceph.

    avoid is the node that is about to go: pods elsewhere come first. Raises CephError when there is a Ceph and no pod
    to ask it in, KubectlError when the API does not answer.
    """
    clusters = kubectl.get(CRD, "--all-namespaces") if kubectl.get("crd", CRD) else []
    found = sorted({str(item["metadata"]["namespace"]) for item in clusters})
    if not found:
        return None
    if namespace not in found:
        raise CephError(f"there is a CephCluster in {', '.join(found)}, and none in {namespace} (ceph_quiet_namespace)")
    for app, container, words in (
        ("rook-ceph-tools", "rook-ceph-tools", ("ceph",)),
        ("rook-ceph-mon", "mon", IN_MON),
    ):
        pods = [pod for pod in kubectl.get("pods", "--namespace", namespace, f"--selector=app={app}") if _ready(pod)]
        for pod in sorted(pods, key=lambda pod: pod["spec"].get("nodeName") == avoid):
            where = ["exec", "--namespace", namespace, pod["metadata"]["name"], "--container", container, "--"]
            return kubectl.words(*where, *words)
    raise CephError(
        f"there is a CephCluster in {namespace}, and neither its toolbox (app=rook-ceph-tools) nor a monitor has a pod "
        f"that is ready; wanted: one to ask Ceph in. Look at `kubectl --namespace {namespace} get pods`"
    )


def _ready(pod: dict[str, Any]) -> bool:
    return condition(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]
