"""`blackstart check` from outside: what it prints, its exit codes, and files that cannot be read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blackstart.cli.check import text
from blackstart.lab.build import VERSIONS
from blackstart.model.problem import Problem, Severity

ROOT = Path(__file__).parents[2]
HOMELAB = ROOT / "inventory" / "homelab"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with a bundle that fits the homelab, as far as check reads it."""
    folder = tmp_path_factory.mktemp("cache")
    bundle = folder / "blackstart" / "bundles" / "k8s-homelab"
    bundle.mkdir(parents=True)
    description = {"format": 1, "versions": VERSIONS, "images": [], "files": {}, "packages": {}}
    (bundle / "bundle.json").write_text(json.dumps(description))
    return folder


def run(home: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a person would, in the folder that holds the inventory."""
    return subprocess.run(
        [sys.executable, "-m", "blackstart", "-i", folder.name, *words],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return a copy of the homelab with its repository filled in."""
    folder = Path(shutil.copytree(HOMELAB, tmp_path / "mine"))
    gitops = folder / "group_vars" / "all" / "gitops.yml"
    gitops.write_text(gitops.read_text().replace("git.example.invalid/CHANGE-ME", "git.example.org/me"))
    return folder


def test_values_to_fill_in_are_named_and_are_no_error(home: Path, mine: Path) -> None:
    done = run(home, mine, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "mine: 3 nodes, Kubernetes v1.35.1: no problems, 15 values to fill in" in done.stdout
    assert "disks.boot.id" in done.stdout
    assert "\x1b[" not in done.stdout


def test_problems_are_an_error_and_one_json_document(home: Path, mine: Path) -> None:
    network = mine / "group_vars" / "all" / "network.yml"
    network.write_text(network.read_text().replace("10.45.0.0/16", "10.44.0.0/16"))
    done = run(home, mine, "--json", "check")
    assert (done.returncode, done.stderr) == (2, "")
    document = json.loads(done.stdout)
    assert (document["errors"], document["to_fill_in"], document["inventory"]) == (1, 15, ["mine"])
    assert document["problems"][0] == {
        "file": "mine/group_vars/all/network.yml",
        "line": 7,
        "key": "network_services",
        "message": "10.44.0.0/16 overlaps network_pods, 10.44.0.0/16; wanted: networks apart",
        "hint": document["problems"][0]["hint"],
        "severity": "error",
    }
    assert {problem["severity"] for problem in document["problems"][1:]} == {"placeholder"}


def test_every_broken_file_is_named_with_its_line(home: Path, mine: Path) -> None:
    (mine / "group_vars" / "all" / "network.yml").write_text("network_pods: 10.44.0.0/16\nnetwork_services: [10.4")
    (mine / "host_vars" / "casper-3.yml").write_text("disks:\n  boot: x\n ram_gib: 96\n")
    (mine / "group_vars" / "all" / "time.yml").write_text("- time_sync\n")
    (mine / "group_vars" / "all" / "arch.yml").write_bytes(b"arch_mirror: \xff\xfe\n")
    done = run(home, mine, "check")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    found = json.loads(run(home, mine, "--json", "check").stdout)["problems"]
    assert {Path(problem["file"]).name: problem["line"] for problem in found} == {
        "arch.yml": 1,
        "casper-3.yml": 3,
        "network.yml": 2,
        "time.yml": 1,
    }


@pytest.mark.parametrize("verb", ["status", "up"])
def test_other_verbs_stop_at_the_same_problems(home: Path, mine: Path, verb: str) -> None:
    (mine / "group_vars" / "all" / "network.yml").write_text("network_pods: 10.44.0.0/16\nnetwork_services: [10.4")
    done = run(home, mine, verb)
    assert done.returncode == 2
    assert "mine/group_vars/all/network.yml:2" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("content", ["---\n", "all:\n", "all: {children: {control_plane: {hosts: }}}\n"])
def test_an_empty_inventory(home: Path, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "hosts.yml").write_text(content)
    done = run(home, folder, "check")
    assert done.returncode == 2
    assert "control_plane" in done.stdout
    assert "empty/hosts.yml" in done.stdout


def test_no_such_inventory(home: Path, tmp_path: Path) -> None:
    done = run(home, tmp_path / "nowhere", "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere does not exist" in done.stderr
    assert "->" in done.stderr


@pytest.mark.parametrize("damage", ["missing", "half-written"])
def test_a_bundle_that_cannot_be_read_is_one_problem(home: Path, mine: Path, tmp_path: Path, damage: str) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    if damage == "half-written":
        (bundle / "bundle.json").write_text('{"format": 1, "versions": {')
    (mine / "group_vars" / "all" / "bundle.yml").write_text(f"bundle_path: {bundle}\n")
    done = run(home, mine, "check")
    assert done.returncode == 2
    assert "1 problem, 15 values to fill in" in done.stdout
    assert str(bundle) in done.stdout


def test_an_answer_that_is_kept_is_quick(home: Path, mine: Path) -> None:
    run(home, mine, "check")
    start = os.times()
    run(home, mine, "check")
    end = os.times()
    used = end.children_user + end.children_system - start.children_user - start.children_system
    assert used < 1.5  # seconds of processor time: status has to fit into two with all of its own


def test_the_text_is_grouped_and_aligned() -> None:
    errors = [
        Problem("a/hosts.yml", 12, "ansible_host", "found x, wanted y", "do z"),
        Problem("a/network.yml", 0, "network_pods", "is missing"),
        Problem("a/network.yml", 7, "network_services", "overlaps"),
    ]
    waiting = [Problem("a/host_vars/n.yml", 4, "disks.boot.id", "found CHANGE-ME", "look", Severity.PLACEHOLDER)]
    assert text("a", None, errors, waiting, lambda words, _style: words) == (
        "a/hosts.yml\n"
        "   12  ansible_host      found x, wanted y\n"
        "                         -> do z\n"
        "\n"
        "a/network.yml\n"
        "       network_pods      is missing\n"
        "    7  network_services  overlaps\n"
        "\n"
        "To fill in before a machine is installed; nothing that is already installed needs it:\n"
        "\n"
        "a/host_vars/n.yml\n"
        "    4  disks.boot.id  found CHANGE-ME\n"
        "                      -> look\n"
        "\n"
        "a: 3 problems, 1 value to fill in"
    )


def test_colour_is_only_an_addition() -> None:
    plain = text("a", None, [Problem("f", 1, "k", "m")], [], lambda words, _style: words)
    painted = text("a", None, [Problem("f", 1, "k", "m")], [], lambda words, style: f"<{style}>{words}</>")
    assert painted.replace("<bold>", "").replace("<red>", "").replace("</>", "") == plain
