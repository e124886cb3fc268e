"""The inventory's variables, as the model names them, are those that playbooks and roles read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from blackstart.model import documents, variables

ROOT = Path(__file__).parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
PREFIXES = tuple(topic.prefix for topic in variables.TOPICS)


def words(path: Path) -> set[str]:
    return set(re.findall(r"\b[a-z][a-z0-9_]+\b", path.read_text()))


def defaults() -> set[str]:
    return {name for path in ROOT.glob("roles/*/defaults/main.yml") for name in yaml.safe_load(path.read_text()) or {}}


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_reads_only_variables_that_check_knows(path: Path) -> None:
    expressions = " ".join(re.findall(r"\{\{.*?\}\}", path.read_text(), re.DOTALL))
    found = set(re.findall(r"(?<![.'\"\w])[a-z][a-z0-9_]+\b", expressions))
    assert {word for word in found if word.startswith(PREFIXES)} - defaults() - variables.known() == set()


def test_what_only_ansible_uses_reaches_a_role() -> None:
    """The Python reads nothing of these topics, so a variable that no role reads would be set in vain."""
    read = {word for path in PLAYBOOKS for word in words(path)} | defaults()
    only = ("kubelet_", "containerd_", "kubeadm_", "cilium_", "argocd_", "seed_", "arch_")
    assert {name for name in variables.of_cluster() if name.startswith(only)} - read == set()


def test_the_homelab_says_every_variable_in_the_file_of_its_topic() -> None:
    layers = documents.read([ROOT / "inventory" / "homelab"]).layers
    found = {
        str(key.value): layer.file.stem for layer in layers if layer.kind == "group" for key, _ in layer.node.value
    }
    # Variables of a node that are the same for all of them: an overlay changes them in one place.
    assert {found.pop(name) for name in ("power", "install_method")} == {"power"}
    assert found == {name: variable.file for name, variable in variables.of_cluster().items()}


def test_the_homelab_says_a_sentence_before_each_value() -> None:
    for layer in documents.read([ROOT / "inventory" / "homelab"]).layers:
        if layer.kind == "group" or layer.file.parent.name == "host_vars":
            lines = layer.file.read_text().splitlines()
            for key, _ in layer.node.value:
                above = lines[key.start_mark.line - 1]
                assert above.startswith("# "), f"{layer.file.name}: {key.value} has no sentence"
                assert above.endswith((".", ":")), f"{layer.file.name}: {above}"
