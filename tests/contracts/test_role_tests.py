"""Each role has two scenarios below molecule/, and the second one changes most of what the role can be told."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from blackstart import verbs
from blackstart.engine import process
from blackstart.model.load import resolve
from tests.support.molecule import scenarios

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PHASES = [phase.name for phase in verbs.UP]
NODE = "melchior-1"
IMPORT = "ansible.builtin.import_playbook"
# What .config/molecule/node.py and molecule would add; values do not matter, only whether they come out the same.
GIVEN: dict[str, Any] = {
    "bundle_url": "file:///bundle",
    "bundle_images": [{"name": "registry.k8s.io/pause:3.10.1"}, {"name": "registry.lab/hello:1.0"}],
    "bundle_files": {"charts/cilium-1.18.4.tgz": "0c", "manifests/argocd-install.yaml": "0a"},
    "role_path": "/role",
    "ansible_inventory_sources": ["/inventory"],
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text()) if path.is_file() else None


EXCEPTIONS: dict[str, dict[str, dict[str, str]]] = load(ROOT / "molecule" / "exceptions.yml")
IN_CONTAINERS = [role for role in ROLES if role not in EXCEPTIONS["elsewhere"]]


@pytest.fixture(scope="module")
def inventory() -> dict[str, Any]:
    """Return what the practice cluster's inventory says to one node, untemplated."""
    if "ansible_collections" not in sys.modules:
        init_plugin_loader([])
    loader = DataLoader()
    sources = resolve([str(ROOT / "inventory" / "lab-cgroup-v1")], ROOT)
    hosts = InventoryManager(loader=loader, sources=[str(source / "hosts.yml") for source in sources])
    found: dict[str, Any] = VariableManager(loader=loader, inventory=hosts).get_vars(host=hosts.get_host(NODE))
    return found | GIVEN


def trusted(path: Path) -> dict[str, Any]:
    """Return a file's values as Ansible would, ready to be templated."""
    found: dict[str, Any] = DataLoader().load_from_file(str(path), trusted_as_template=True) if path.is_file() else {}
    return found or {}


def told(role: str, inventory: dict[str, Any], extra: dict[str, Any]) -> dict[str, str]:
    """Return what each variable of a role is in the end: its default, its playbook's, or that of a scenario."""
    defaults = trusted(ROOT / "roles" / role / "defaults" / "main.yml")
    book = ROOT / "playbooks" / f"{role}.yml"
    plays = DataLoader().load_from_file(str(book), trusted_as_template=True) if book.is_file() else []
    ours = {
        name: value
        for play in plays
        for each in play.get("roles", [])
        if isinstance(each, dict) and each.get("role") == role
        for name, value in each.get("vars", {}).items()
    }
    shared = trusted(ROOT / "playbooks" / "vars" / "api.yml")
    variables = defaults | inventory | shared | ours | extra
    templar = Templar(DataLoader(), variables)
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    return {name: _rendered(templar, variables.get(name)) for name in options}


def _rendered(templar: Templar, value: Any) -> str:
    try:
        return repr(templar.template(value))
    except Exception:  # noqa: BLE001 - what cannot be known here is compared as it is written
        return repr(value)


@pytest.mark.parametrize("role", IN_CONTAINERS)
@pytest.mark.parametrize("suffix", ["", scenarios.ALTERNATIVE])
def test_a_role_has_a_scenario_and_an_alternative_that_prove_something(role: str, suffix: str) -> None:
    scenario = scenarios.find(f"{role}{suffix}", PHASES)
    assert list((ROOT / "molecule" / scenario.folder / "tests").glob("test_*.py")), f"{scenario.name} proves nothing"


@pytest.mark.parametrize("role", IN_CONTAINERS)
def test_an_alternative_changes_most_of_what_its_role_can_be_told(
    role: str, inventory: dict[str, Any], tmp_path: Path
) -> None:
    for suffix in ("", scenarios.ALTERNATIVE):
        (tmp_path / f"vars{suffix}.yml").write_text(scenarios.given(f"{role}{suffix}"))
    first = told(role, inventory, trusted(tmp_path / "vars.yml"))
    other = told(role, inventory, trusted(tmp_path / f"vars{scenarios.ALTERNATIVE}.yml"))
    excused = EXCEPTIONS["variables"].get(role, {})
    counted = [name for name in first if name not in excused]
    same = [name for name in counted if first[name] == other[name]]
    assert len(same) * 2 < len(counted) or not counted, f"molecule/{role}_alternative leaves {', '.join(same)} as it is"


def test_every_scenario_is_of_a_role_and_can_be_ordered() -> None:
    found = scenarios.discover(PHASES)
    strange = {each.name for each in found} - {"default"} - {each.name for each in found if each.role in ROLES}
    assert strange == set(), "a scenario is called as its role, or that with _alternative"
    defaults = [each for each in found if not each.alternative and each.node != "own"]
    for place, each in enumerate(defaults):
        before = [other.name for other in defaults[:place]]
        assert each.missing(before) == (), f"{each.name} comes before something that it needs"
        assert each.fits(before), f"{each.name} would need a node of its own"


def test_a_playbook_of_a_scenario_s_own_does_more_than_import() -> None:
    books = {path.parent.name: load(path) for path in sorted((ROOT / "molecule").glob("*/converge.yml"))}
    bare = [name for name, plays in books.items() if [set(play) - {"name"} for play in plays] == [{IMPORT}]]
    assert bare == [], "their converge.yml can go: the playbook of the role is what is run without it"


def test_exceptions_are_about_what_there_is_and_have_a_reason() -> None:
    for role, names in EXCEPTIONS["variables"].items():
        assert names.keys() <= load(ROOT / "roles" / role / "defaults" / "main.yml").keys(), role
        assert all(names.values())
    for role, tasks in EXCEPTIONS["unforetold"].items():
        texts = "".join(path.read_text() for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")))
        named = set(re.findall(r"^\s*- name: (.*)$", texts, re.MULTILINE))
        assert tasks.keys() <= {name.strip("\"'") for name in named}, role
        assert all(tasks.values())
        readme = (ROOT / "roles" / role / "README.md").read_text()
        assert "check mode" in readme.lower(), f"roles/{role}/README.md does not say what check mode cannot foretell"


@pytest.mark.slow
def test_molecule_lists_every_scenario_without_a_warning(tmp_path: Path) -> None:
    molecule = Path(sys.executable).with_name("molecule")
    if not molecule.exists():
        pytest.skip("molecule is not installed")
    # With no memory of how the scenarios were when somebody listed them before.
    env = {"NO_COLOR": "1", "PATH": f"{molecule.parent}:/usr/bin:/bin", "ANSIBLE_HOME": str(tmp_path)}
    done = process.run([molecule, "list", "--format", "plain"], cwd=ROOT, env=env)
    said = done.stdout + done.stderr
    assert not re.search("warning|error|critical|not found", said, re.IGNORECASE), said
    # Driver, provisioner, scenario, created, converged.
    listed = {line.split()[-3] for line in done.stdout.splitlines() if line.endswith("false")}
    assert listed == {each.folder for each in scenarios.discover(PHASES)}
