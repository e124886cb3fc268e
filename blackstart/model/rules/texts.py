"""Values as they are written: templates, which nothing would fill in, and placeholders, which their owner must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.model import variables
from blackstart.model.cluster import is_placeholder
from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from blackstart.model.problem import Keys

# Only Ansible reads these, and may fill them in.
_HANDED_ON = frozenset({"kubelet_config", "cilium_overrides"})
_ASK = {
    "id": "on the node: ls -l /dev/disk/by-id",
    "board_serial": "on the node: cat /sys/class/dmi/id/board_serial; leave it out when firmware has none",
    "mac": "on the node: ip -brief link",
    "name": "on the node: ip -brief link",
    "gitops_repository": "give the address of the repository with your root app",
}


def templates(hostvars: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield Jinja in variables: they are read before Ansible fills in anything."""
    plain = variables.known() - _HANDED_ON - set(variables.CONNECTION)
    for node, keys, value in _texts(hostvars):
        if "{{" in value and keys[0] in plain:
            yield Finding(
                keys, f"found the template {value}, wanted a plain value", "write out what it stands for", node
            )


def placeholders(hostvars: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield every value that is still to be filled in."""
    for node, keys, value in _texts(hostvars):
        if is_placeholder(value):
            hint = _ASK.get(str(keys[-1]), "fill it in")
            yield Finding(keys, f"found the placeholder {value}, wanted the real value", hint, node)


def _texts(hostvars: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Keys, str]]:
    """Yield every text with its node and keys; what is the same for all nodes, once and for no node."""
    first, own = next(iter(hostvars), ""), variables.of_node()
    for node, values in hostvars.items():
        for name in values.keys() & variables.known():
            if name in own or node == first:
                yield from ((node if name in own else "", keys, text) for keys, text in _leaves((name,), values[name]))


def _leaves(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:  # noqa: ANN401 - whatever the YAML holds
    if isinstance(value, str):
        yield keys, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from _leaves((*keys, key), below)
