"""Networks, the API's address, and the addresses that nodes have in them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from itertools import combinations
from typing import TYPE_CHECKING

from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network

    from blackstart.model.draft import Draft
    from blackstart.model.problem import Keys

_NETWORKS = ("network_nodes", "network_pods", "network_services", "network_storage")
# kubeadm's own bounds (cmd/kubeadm/app/apis/kubeadm/validation): each node gets a /24 of pods, at most 2^16 nodes;
# at most 2^20 Services, at least ten.
_NODE_MASK = 24
_LARGEST_PODS = _NODE_MASK - 16
_LARGEST_SERVICES = 12
_SMALLEST_SERVICES = 28
_DNS_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def overlaps(draft: Draft) -> Iterator[Finding]:
    """Yield each pair of networks that is not apart: an address in both would be reached in one of them only."""
    for first, second in combinations(_NETWORKS, 2):
        one, other = draft.values.get(first), draft.values.get(second)
        if one and other and one.overlaps(other):
            message = f"{other} overlaps {first}, {one}; wanted: networks apart"
            yield Finding((second,), message, "take another private range")


def sizes(draft: Draft) -> Iterator[Finding]:
    """Yield pod and Service networks that kubeadm refuses as too small or too large."""
    pods: IPv4Network | None = draft.values.get("network_pods")
    nodes = len(draft.nodes)
    if pods and not (_LARGEST_PODS <= pods.prefixlen <= _NODE_MASK and 2 ** (_NODE_MASK - pods.prefixlen) >= nodes):
        message = (
            f"found {pods}, wanted /{_LARGEST_PODS} to /{_NODE_MASK} with a /{_NODE_MASK} for each of {nodes} nodes"
        )
        yield Finding(("network_pods",), message, "take a /16")
    services: IPv4Network | None = draft.values.get("network_services")
    if services and not _LARGEST_SERVICES <= services.prefixlen <= _SMALLEST_SERVICES:
        message = f"found {services}, wanted /{_LARGEST_SERVICES} to /{_SMALLEST_SERVICES}"
        yield Finding(("network_services",), message, "take a /16")


def reserved(draft: Draft) -> Iterator[Finding]:
    """Yield nodes and virtual addresses in ranges that belong to something else, and ranges that are none."""
    for index, text in enumerate(draft.values.get("network_reserved", ())):
        bounds = _range(text)
        keys: Keys = ("network_reserved", index)
        if bounds is None:
            yield Finding(keys, f"found {text!r}, wanted FIRST-LAST", "as in 192.168.1.230-192.168.1.250")
            continue
        for who, place, node, address in _held(draft):
            if bounds[0] <= address <= bounds[1]:
                message = f"{who}, {address}, lies in the reserved range {text}; wanted: outside"
                yield Finding(place, message, "take another address, or mend network_reserved", node)


def _range(text: str) -> tuple[IPv4Address, IPv4Address] | None:
    first, dash, last = text.partition("-")
    try:
        low, high = IPv4Address(first.strip()), IPv4Address((last if dash else first).strip())
    except ValueError:
        return None
    return (low, high) if low <= high else None


def _held(draft: Draft) -> Iterator[tuple[str, Keys, str, IPv4Address]]:
    """Yield who holds which address on the nodes' network: (words, keys, node, address)."""
    for node, address in draft.each("ansible_host"):
        yield f"the address of {node}", ("ansible_host",), node, address
    if endpoint := draft.values.get("endpoint_address"):
        yield "the API's address", ("endpoint_address",), "", endpoint


def outside(draft: Draft) -> Iterator[Finding]:
    """Yield what is not on the nodes' one segment: their routes and the virtual address depend on it."""
    network: IPv4Network | None = draft.values.get("network_nodes")
    if network is None:
        return
    held = [*_held(draft)]
    if gateway := draft.values.get("network_gateway"):
        held.append(("the gateway", ("network_gateway",), "", gateway))
    for who, keys, node, address in held:
        if address not in network:
            yield Finding(
                keys, f"{who}, {address}, lies outside network_nodes, {network}", "mend the one or the other", node
            )
        elif address in (network.network_address, network.broadcast_address):
            yield Finding(
                keys, f"{who}, {address}, is the network's own or its broadcast address", "take another", node
            )


def storage(draft: Draft) -> Iterator[Finding]:
    """Yield storage addresses outside the storage network, which Ceph's daemons are bound to."""
    network: IPv4Network | None = draft.values.get("network_storage")
    for node, nic in draft.each("nic_storage"):
        keys: Keys = ("nic_storage", "address")
        if nic.address and network is None:
            yield Finding(keys, f"found {nic.address}, and network_storage is not set", "set network_storage", node)
        elif nic.address and network and nic.address not in network:
            message = f"the storage address of {node}, {nic.address}, lies outside network_storage, {network}"
            yield Finding(keys, message, "mend the one or the other", node)


def endpoint(draft: Draft) -> Iterator[Finding]:
    """Yield what keeps the API's address from moving between the nodes, and its name out of certificates."""
    address = draft.values.get("endpoint_address")
    owners = {held: f"the own address of {node}" for node, held in draft.each("ansible_host")}
    for nic in ("nic_lan", "nic_storage"):
        owners |= {value.address: f"the own address of {node}" for node, value in draft.each(nic) if value.address}
    if gateway := draft.values.get("network_gateway"):
        owners[gateway] = "the gateway's"
        for node, held in draft.each("ansible_host"):
            if held == gateway:
                yield Finding(("ansible_host",), f"{node} has the gateway's address, {held}", "take another", node)
    owners |= {server: "a name server's" for server in draft.values.get("network_dns", ()) if server not in owners}
    if address is not None and address in owners:
        message = f"found {address}, {owners[address]}; wanted an address of its own, for keepalived to move"
        yield Finding(
            ("endpoint_address",), message, "take a free one of network_nodes, outside the router's DHCP range"
        )
    name = draft.values.get("endpoint_name")
    if name is not None and (not _DNS_NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name)):
        message = f"found {name!r}, wanted a DNS name such as k8s-api.lab.home"
        yield Finding(
            ("endpoint_name",), message, "small letters, digits, dashes and dots; the address has its own variable"
        )
