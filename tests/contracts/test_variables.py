"""One way from the inventory to a role, and one default for what an inventory may leave out.

A playbook maps each inventory variable that its role takes to a variable of the role. No role reads the inventory by
itself, none of its variables has an inventory variable's name, and the defaults of model, playbook and role agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from pydantic import BaseModel

from blackstart.model import merge, variables
from tests.support.roles import ROLES, ROOT, defaults_of, load, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = "melchior-1"
INVENTORY = {**variables.of_cluster(), **variables.of_node()}
# Where Ansible connects to is known to everything that Ansible runs.
CONNECTION = {"ansible_host", "ansible_user", "ansible_port"}
PLAIN = re.compile(r"\{\{ (\w+)(?: \| default\(.*\))? \}\}")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
SOURCES = (".yml", ".j2")


def mappings() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return each playbook, role and what the role is given there, ready to be templated."""
    for book in sorted((ROOT / "playbooks").glob("*.yml")):
        for play in DataLoader().load_from_file(str(book), trusted_as_template=True):
            for entry in play.get("roles", []):
                yield book.stem, entry["role"], entry.get("vars", {})
            for task in tasks(play.get("tasks", [])):
                if included := task.get("ansible.builtin.include_role"):
                    yield book.stem, included["name"], task.get("vars", {})


MAPPINGS = list(mappings())
BY_PLAYBOOK = [pytest.param(role, given, id=f"{book}-{role}") for book, role, given in MAPPINGS if given]


def model_default(name: str) -> Any:
    """Return what the model takes when an inventory leaves a variable out, as an inventory would write it."""
    value = INVENTORY[name].info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


def optional() -> dict[str, Any]:
    """Return the defaults of all variables that may be left out; None stands for nothing and can only be left out."""
    found = {name: model_default(name) for name, one in INVENTORY.items() if not one.info.is_required()}
    return {name: value for name, value in found.items() if value is not None and name not in CONNECTION}


def rendered(given: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """Return what a role gets from an inventory that has the required variables and the chosen ones."""
    nodes = merge.read([ROOT / "inventory/homelab"])
    named = {name for name, one in INVENTORY.items() if one.info.is_required()} | CONNECTION
    required = {node: {k: v for k, v in had.items() if k in named} | chosen for node, had in nodes.items()}
    facts = {
        "inventory_hostname": NODE,
        "groups": {"control_plane": list(nodes), "all": list(nodes)},
        "hostvars": required,
        "role_path": "/role",
        "ansible_inventory_sources": ["/inventory"],
        "bundle_url": "file:///bundle",
        "bundle_images": [],
        "bundle_files": {
            f"charts/cilium-{required[NODE]['version_cilium']}.tgz": "0c",
            "manifests/argocd-install.yaml": "0a",
        },
        # What a run gives the playbooks that no phase of `up` has.
        "ceph_quiet_node": NODE,
        "states": "/states",
        "__reboot_others": [{"name": "casper-3", "address": "192.168.1.15"}],
        "reboot_cordon": "",
    }
    shared = DataLoader().load_from_file(str(ROOT / "playbooks/vars/api.yml"), trusted_as_template=True)
    templar = Templar(DataLoader(), required[NODE] | facts | shared)
    return {name: templar.template(value) for name, value in given.items()}


def test_no_variable_of_a_role_has_the_name_of_an_inventory_s() -> None:
    assert {role: shared for role in ROLES if (shared := defaults_of(role).keys() & INVENTORY.keys())} == {}


def test_a_playbook_gives_a_role_only_what_is_the_role_s() -> None:
    specs = {role: load(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"] for role in ROLES}
    wrong = [
        f"{book}: {role} has no {name}"
        for book, role, given in MAPPINGS
        for name in given
        if name not in specs[role]["options"]
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_not_read_the_inventory(role: str) -> None:
    words = "|".join(sorted(INVENTORY.keys() - CONNECTION))
    # Neither a key (disks=…, 'power': …) nor an attribute (verdicts.disks) of something else.
    read = re.compile(rf"(?<![\w.'\"])({words})\b(?!['\"]|\s*=[^=])")
    files = [path for path in sorted((ROOT / "roles" / role).rglob("*")) if path.suffix in SOURCES]
    found = {
        f"{path.name}: {name}"
        for path in files
        for expression in EXPRESSION.findall(path.read_text())
        for name in read.findall(expression)
    }
    assert found == set(), "map it in the playbook to a variable of the role"


@pytest.mark.parametrize(("role", "given"), BY_PLAYBOOK)
def test_a_role_s_default_is_the_model_s(role: str, given: dict[str, Any]) -> None:
    own = defaults_of(role)
    plain = {name: found[1] for name, value in given.items() if (found := PLAIN.fullmatch(str(value).strip()))}
    pairs = {name: source for name, source in plain.items() if source in optional()}
    assert {name: own[name] for name in pairs} == {name: model_default(source) for name, source in pairs.items()}


@pytest.mark.parametrize(("role", "given"), BY_PLAYBOOK)
def test_what_an_inventory_leaves_out_is_the_model_s_default(role: str, given: dict[str, Any]) -> None:
    assert rendered(given, {}) == rendered(given, optional()), f"{role} gets something else"


def test_the_api_s_url_is_said_once() -> None:
    texts = {path.stem: path.read_text() for path in sorted((ROOT / "playbooks").rglob("*.yml"))}
    assert [name for name, text in texts.items() if "https://" in text] == ["api"], "use api_url and api_server"
