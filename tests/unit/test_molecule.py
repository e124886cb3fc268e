"""The order of the role tests, what a node must have behind it, and what check mode predicted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.molecule import runner, scenarios
from tests.support.molecule.scenarios import Scenario

PHASES = ["base", "runtime", "cluster", "network"]
NEEDS = {"base": "", "runtime": "base", "cluster": "runtime", "network": "cluster", "drain": "network", "disks": ""}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Return scenarios of four phases and two other roles, each with its alternative."""
    for role, needs in NEEDS.items():
        env = {"SCENARIO_NEEDS": needs} | ({"SCENARIO_NODE": "clean"} if role == "cluster" else {})
        write(tmp_path / role, env)
        write(tmp_path / f"{role}_alternative", {"SCENARIO_NODE": "clean"} if role == "cluster" else {})
    write(tmp_path / "default", {"SCENARIO_NODE": "own"})
    return tmp_path


def write(folder: Path, env: dict[str, str]) -> None:
    folder.mkdir()
    (folder / "molecule.yml").write_text(yaml.safe_dump({"ansible": {"env": env}}))


def test_phases_go_there_and_back_and_other_roles_follow_what_they_need(room: Path) -> None:
    names = [each.name for each in scenarios.discover(PHASES, room)]
    others = ["drain", "drain_alternative", "disks", "disks_alternative"]
    assert names == ["default", *PHASES, *others, *(f"{name}_alternative" for name in reversed(PHASES))]


def test_a_role_that_must_come_before_one_has_a_node_without_it(room: Path) -> None:
    shutil.rmtree(room / "drain")
    write(room / "drain", {"SCENARIO_NEEDS": "cluster", "SCENARIO_BEFORE": "network"})
    found = scenarios.discover(PHASES, room)
    names = [each.name for each in found]
    assert names[4:7] == ["drain", "drain_alternative", "network"], "its alternative is on the same node"
    both = [each for each in found if each.role == "drain"]
    assert all(each.fits(["base", "runtime", "cluster"]) for each in both)
    assert not any(each.fits(["base", "runtime", "cluster", "network"]) for each in both)


def test_what_is_needed_needs_something_itself(room: Path) -> None:
    assert scenarios.find("network", PHASES, room).needs == ("base", "runtime", "cluster")
    assert scenarios.find("network_alternative", PHASES, room).needs == ("base", "runtime", "cluster")
    assert scenarios.find("disks", PHASES, room).missing([]) == ()


def test_an_alternative_needs_no_folder_where_it_differs_in_variables_alone(room: Path) -> None:
    shutil.rmtree(room / "runtime_alternative")
    within = {"group_vars": {"alternative": {"runtime_word": "{{ other }}"}}}
    document = {"ansible": {"env": {"SCENARIO_NEEDS": "base"}}, "provisioner": {"inventory": within}}
    (room / "runtime" / "molecule.yml").write_text(yaml.safe_dump(document))
    found = scenarios.find("runtime_alternative", PHASES, room)
    assert found.needs == ("base",)
    assert found.alternative
    assert yaml.safe_load(scenarios.given(found.name, room)) == {"runtime_word": "{{ other }}"}
    assert scenarios.given("runtime", room) == ""
    assert scenarios.find("containerd_alternative", []).folder == "containerd"
    assert scenarios.find("revive_alternative", []).folder == "revive_alternative"


def test_one_node_serves_all_of_them_but_what_begins_a_cluster_twice(room: Path) -> None:
    nodes = 0
    behind: list[str] | None = None
    for each in scenarios.discover(PHASES, room):
        if behind is None or not each.fits(behind):
            nodes, behind = nodes + 1, []
        behind = [*behind, *each.missing(behind), each.name]
        if each.node == "own":
            behind = None
    assert nodes == 3, "the empty node, the default cluster's and the alternative one's"


@pytest.mark.parametrize(
    ("scenario", "behind", "fits"),
    [
        (Scenario("runtime", ("base",)), [], True),
        (Scenario("runtime", ("base",)), ["base", "runtime", "runtime_alternative"], True),
        (Scenario("runtime", ("base",)), ["base", "base_alternative"], False),
        (Scenario("base_alternative"), ["base", "runtime", "runtime_alternative"], True),
        (Scenario("cluster", ("base",), "clean"), ["base", "cluster"], False),
        (Scenario("cluster", ("base",), "clean"), ["base", "cluster_alternative"], False),
        (Scenario("alone", (), "own"), ["base"], False),
        (Scenario("alone", (), "own"), [], True),
    ],
)
def test_a_node_fits_unless_something_needed_was_altered(scenario: Scenario, behind: list[str], *, fits: bool) -> None:
    assert scenario.fits(behind) is fits


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"SCENARIO_NEEDS": "basis"}, "molecule/new: SCENARIO_NEEDS names basis, which has no scenario"),
        ({"SCENARIO_NEEDS": "new"}, "goes round in a circle: new > new"),
        ({"SCENARIO_BEFORE": "basis"}, "molecule/new: SCENARIO_BEFORE names basis, which has no scenario"),
        ({"SCENARIO_NODE": "mine"}, "SCENARIO_NODE is 'mine', wanted: shared or clean or own"),
    ],
)
def test_a_word_that_means_nothing_is_refused(room: Path, env: dict[str, str], said: str) -> None:
    write(room / "new", env)
    with pytest.raises(ValueError, match=said):
        scenarios.discover(PHASES, room)


def test_a_scenario_is_staged_with_what_it_lacks(tmp_path: Path) -> None:
    revive = scenarios.find("revive_alternative", [])
    assert scenarios.stage(tmp_path, revive, ["containerd"])
    prepare = yaml.safe_load((tmp_path / "prepare.yml").read_text())
    books = [Path(play["ansible.builtin.import_playbook"]) for play in prepare]
    assert [book.name for book in books] == ["containerd.yml", "prepare.yml"]
    assert books[1].parent.name == "revive_alternative"
    converge = yaml.safe_load((tmp_path / "converge.yml").read_text())
    assert converge[0]["ansible.builtin.import_playbook"].endswith("playbooks/revive.yml")
    assert "revive_pods" in yaml.safe_load((tmp_path / "vars.yml").read_text())
    assert not scenarios.stage(tmp_path, scenarios.find("base_os", []), [])


def run(*changed: str) -> dict[str, object]:
    tasks = [{"role": "base", "task": name, "status": "changed"} for name in changed]
    return {"tasks": [*tasks, {"role": "base", "task": "Look", "status": "ok"}]}


def test_check_mode_must_foretell_what_is_done() -> None:
    assert runner.mispredicted(run("Write"), run("Write"), {}) == ""
    assert "'Start', which check mode did not predict" in runner.mispredicted(run("Write"), run("Write", "Start"), {})
    assert "predicted a change by base at 'Write', and nothing changed" in runner.mispredicted(run("Write"), run(), {})


def test_a_task_may_be_excused_with_a_reason() -> None:
    assert runner.mispredicted(run(), run("Start"), {"base": {"Start": "a program"}}) == ""
