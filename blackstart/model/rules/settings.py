"""Settings that are handed through to other programs, where a wrong one shows only long after the start."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from blackstart.model.cluster import is_placeholder
from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from blackstart.model.draft import Draft

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)")
_CLUSTER_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OVERRIDES = "cilium_overrides"
_KUBELET = "kubelet_config"


def cilium(draft: Draft) -> Iterator[Finding]:
    """Yield chart values that a rebuilt node, or a cluster whose first node is away, would not survive."""
    overrides: Mapping[str, Any] = draft.values.get(_OVERRIDES, {})
    host = str(overrides.get("k8sServiceHost", ""))
    owners = {str(address): node for node, address in draft.each("ansible_host")} | {node: node for node in draft.nodes}
    several = len(draft.nodes) > 1
    if host in owners and several:
        message = f"found {host}, which is {owners[host]} alone: with it away no agent finds the API"
        yield Finding((_OVERRIDES, "k8sServiceHost"), message, "leave it out: agents are given every API server")
    elif host == "auto":
        message = "found auto, which asks a running API at rendering; wanted: an address"
        yield Finding((_OVERRIDES, "k8sServiceHost"), message, "leave it out: agents are given every API server")
    k8s = overrides.get("k8s")
    urls = str(k8s.get("apiServerURLs", "")) if isinstance(k8s, dict) else ""
    named = {owners.get(server, server) for server in re.findall(r"//([^/:,\s]+)", urls)}
    if len(named) == 1 and named <= set(draft.nodes) and several:
        message = f"found {urls}, which is {named.pop()} alone: with it away no agent finds the API"
        yield Finding((_OVERRIDES, "k8s", "apiServerURLs"), message, "leave it out: agents are given every API server")
    if str(overrides.get("kubeProxyReplacement", "true")).lower() == "false":
        message = "found false, and there is no kube-proxy: no Service would be reached"
        yield Finding((_OVERRIDES, "kubeProxyReplacement"), message, "leave it out")
    cni = overrides.get("cni")
    if isinstance(cni, dict) and cni.get("customConf") is True:
        message = "found true: the agent then writes no CNI file, and a freshly installed node stays NotReady for ever"
        yield Finding((_OVERRIDES, "cni", "customConf"), message, "leave it out: cni.exclusive is false already")
    route, pods = overrides.get("ipv4NativeRoutingCIDR"), draft.values.get("network_pods")
    if route is not None and pods is not None and str(route) != str(pods):
        message = f"found {route}, network_pods is {pods}; wanted: the same"
        yield Finding((_OVERRIDES, "ipv4NativeRoutingCIDR"), message, "leave it out: it follows network_pods")


def kubelet(draft: Draft) -> Iterator[Finding]:
    """Yield fields of KubeletConfiguration that stop a kubelet from starting, or end pods without their time."""
    config: Mapping[str, Any] = draft.values.get(_KUBELET, {})
    seconds: dict[str, float] = {}
    for key in ("shutdownGracePeriod", "shutdownGracePeriodCriticalPods"):
        parsed = _seconds(str(config.get(key, "0s")))
        if parsed is None:
            yield Finding((_KUBELET, key), f"found {config[key]!r}, wanted a duration", "as in 120s or 2m")
        else:
            seconds[key] = parsed
    total, critical = seconds.get("shutdownGracePeriod"), seconds.get("shutdownGracePeriodCriticalPods")
    if total is not None and critical is not None and critical and critical >= total:
        message = f"found {critical:g} s for critical pods of {total:g} s in all; wanted: less"
        yield Finding(
            (_KUBELET, "shutdownGracePeriodCriticalPods"), message, "what is left is the time of all other pods"
        )
    if draft.values.get("kubelet_zram_mib") and config.get("failSwapOn", True) is not False:
        message = f"found {draft.values['kubelet_zram_mib']} MiB of swap, and a kubelet that refuses swap"
        yield Finding(("kubelet_zram_mib",), message, "set failSwapOn: false in kubelet_config, or zram to 0")


def _seconds(text: str) -> float | None:
    """Parse a Go duration (time.ParseDuration) without sign; None when it is none."""
    parts = _DURATION.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def names(draft: Draft) -> Iterator[Finding]:
    """Yield names of the cluster that Cilium (pkg/clustermesh/types, at most 32 characters) or DNS cannot carry."""
    for variable, pattern, wanted in (
        ("cluster_name", _CLUSTER_NAME, "1 to 32 small letters, digits and dashes"),
        ("cluster_domain", _DOMAIN, "a DNS domain such as cluster.local"),
    ):
        name = draft.values.get(variable)
        if name is not None and not is_placeholder(name) and not pattern.fullmatch(name):
            yield Finding((variable,), f"found {name!r}, wanted {wanted}", "dashes neither first nor last")


def snapshot(draft: Draft) -> Iterator[Finding]:
    """Yield a package snapshot that is no day of the calendar."""
    text: str = draft.values.get("arch_snapshot", "")
    try:
        date(*map(int, text.split("/"))) if text else None
    except ValueError as error:
        yield Finding(("arch_snapshot",), f"found {text}, wanted a day: {error}", "as in 2026/02/20: year, month, day")


def time_servers(draft: Draft) -> Iterator[Finding]:
    """Yield time servers by name: clocks are set before any name resolves."""
    for index, server in enumerate(draft.values.get("time_servers", ())):
        try:
            IPv4Address(server)
        except ValueError:
            if not is_placeholder(server):
                message = f"found {server!r}, wanted an address: names may not resolve in a cold start"
                yield Finding(("time_servers", index), message, "the router often serves time: name its address")


def gitops(draft: Draft) -> Iterator[Finding]:
    """Yield repository URLs and paths that the root app, which takes them as they are, cannot use."""
    repository: str = draft.values.get("gitops_repository", "")
    url = urlsplit(repository)
    if url.password or (url.username and url.scheme in {"http", "https"}):
        message = "found credentials in the URL, which everyone who may read Applications sees; wanted: none"
        yield Finding(("gitops_repository",), message, "put them into a repository Secret of the seed")
    elif repository and not url.scheme and not re.match(r"[\w.-]+@[\w.-]+:", repository):
        message = f"found {repository!r}, wanted a URL or user@host:path"
        yield Finding(("gitops_repository",), message, "as in https://git.example.org/homelab.git")
    path = PurePosixPath(draft.values.get("gitops_path", "."))
    if path.is_absolute() or ".." in path.parts:
        message = f"found {path}, wanted a path inside the repository"
        yield Finding(("gitops_path",), message, "without a slash in front and without ..")


def seed(draft: Draft) -> Iterator[Finding]:
    """Yield encrypted Secrets without the identity that opens them, and the reverse."""
    secrets, identity = draft.values.get("seed_secrets_file"), draft.values.get("seed_identity_file")
    if bool(secrets) != bool(identity):
        missing, has = ("identity", "secrets") if secrets else ("secrets", "identity")
        message = f"is empty, and seed_{has}_file is not; wanted: both or neither"
        yield Finding((f"seed_{missing}_file",), message, "an identity is made by age-keygen")
    if identity and not Path(identity).expanduser().is_file():
        yield Finding(("seed_identity_file",), f"{identity} is not there", "it stays on the machine that you type on")


def preflight(draft: Draft) -> Iterator[Finding]:
    """Yield the acceptance of every preflight error: it hides those that matter."""
    for index, name in enumerate(draft.values.get("kubeadm_ignore_preflight_errors", ())):
        if name.lower() == "all":
            message = "found all, wanted checks by name"
            yield Finding(
                ("kubeadm_ignore_preflight_errors", index), message, "name those that this kernel cannot pass"
            )


def ceph_fsid(draft: Draft) -> Iterator[Finding]:
    """Yield a Ceph cluster's fsid that is none: our own OSDs would be taken for another cluster's."""
    fsid = draft.values.get("storage_ceph_fsid", "")
    if fsid and not is_placeholder(fsid) and not _UUID.fullmatch(fsid):
        message = f"found {fsid!r}, wanted a UUID in small letters"
        yield Finding(("storage_ceph_fsid",), message, "as `ceph fsid` prints it, in Rook's toolbox")
