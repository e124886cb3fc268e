"""Every rule of the desired state by a case of its own: an edited homelab and the problems that must be named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from blackstart.bundle.manifest import Bundle
from blackstart.errors import InputError
from blackstart.model import documents
from blackstart.model.check import check, complete
from blackstart.model.draft import Draft, draft
from blackstart.model.problem import Finding, Problem, Severity
from blackstart.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]
HOMELAB = ROOT / "inventory" / "homelab"
CASES = sorted((ROOT / "tests" / "cases" / "check").glob("*.yml"))


def merged(*sources: Path) -> dict[str, dict[str, Any]]:
    """Merge variables as Ansible does, without its half second of start-up; test_model_load holds the two equal."""
    texts = documents.read(sources)
    values: dict[str, dict[str, Any]] = {name: {} for kind, name in texts.named if kind == "host"}
    for layer in sorted(texts.layers, key=lambda layer: layer.rank):
        variables = yaml.CSafeLoader("").construct_mapping(layer.node, deep=True)
        for host, mine in values.items():
            if layer.name in (host, "all", "control_plane"):
                mine.update({str(name): value for name, value in variables.items()})
    return values


def edited(case: dict[str, Any], folder: Path) -> Path:
    """Copy the homelab and edit the copy."""
    shutil.copytree(HOMELAB, folder)
    for name, pairs in case.get("replace", {}).items():
        text = (folder / name).read_text()
        for old, new in pairs.items():
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
            text = text.replace(old, new)
        (folder / name).write_text(text)
    for name, tail in case.get("append", {}).items():
        with (folder / name).open("a") as stream:
            stream.write(tail)
    for name, text in case.get("write", {}).items():
        (folder / name).write_text(text)
    for old, new in case.get("rename", {}).items():
        (folder / old).rename(folder / new)
    return folder


def bundle(case: dict[str, Any]) -> Bundle | None:
    """Return a bundle that fits the homelab, except for what the case says."""
    if "bundle" not in case:
        return None
    odd = case["bundle"]
    desired = complete(merged(HOMELAB))
    assert desired is not None
    versions = {**desired.versions.model_dump(), **odd.get("versions", {})}
    for name in odd.get("without", []):
        del versions[name]
    file = f"repos/{odd.get('day', desired.arch.snapshot)}/extra/os/x86_64/kubelet-1.35.1-1-x86_64.pkg.tar.zst"
    return Bundle(Path("/bundle"), versions, (), {file: ("0" * 64, 1)}, {"kubelet": "1.35.1-1"})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_all_problems_of_a_case_and_no_others(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = yaml.safe_load(path.read_text())
    folder = edited(case, tmp_path / "mine")
    monkeypatch.chdir(folder)
    found = errors(check([folder], merged(folder), bundle(case)))
    assert [(place(problem), problem.key) for problem in found] == [(p["at"], p["key"]) for p in case["problems"]]
    for problem, wanted in zip(found, case["problems"], strict=True):
        for words in wanted.get("says", []):
            assert words in problem.message
        assert wanted.get("hint", "") in problem.hint
        assert wanted.get("never", "\0") not in str(problem)


def place(problem: Problem) -> str:
    return f"{problem.file}:{problem.line}" if problem.line else problem.file


def errors(problems: list[Problem]) -> list[Problem]:
    """Leave out what the homelab itself has to fill in: its repository."""
    own = "found the placeholder https://git.example.invalid/CHANGE-ME/homelab.git"
    return [p for p in problems if p.severity is Severity.ERROR and not p.message.startswith(own)]


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> list[Draft]:
    """Return every case as the rules see it."""
    room = tmp_path_factory.mktemp("cases")
    return [draft(merged(edited(yaml.safe_load(path.read_text()), room / path.stem))) for path in CASES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__qualname__)
def test_each_rule_has_a_case(rule: Callable[[Draft], Iterable[Finding]], drafts: list[Draft]) -> None:
    assert any(list(rule(typed)) for typed in drafts), f"no case breaks {rule.__module__}.{rule.__qualname__}"


def test_the_homelab_has_nothing_but_values_to_fill_in() -> None:
    problems = check([HOMELAB], merged(HOMELAB))
    assert all("CHANGE-ME" in problem.message for problem in problems)
    # Without a repository there is nothing to hand over to; all the rest is needed to install machines only.
    assert [problem.key for problem in problems if problem.severity is Severity.ERROR] == ["gitops_repository"]
    boot = [problem for problem in problems if problem.key == "disks.boot.id"]
    assert [Path(problem.file).stem for problem in boot] == ["balthasar-2", "casper-3", "melchior-1"]
    assert all(problem.hint and problem.line for problem in problems)


def test_a_placeholder_stops_nothing_that_is_already_installed() -> None:
    desired = complete(merged(HOMELAB))
    assert desired is not None
    assert desired.node_names == ("melchior-1", "balthasar-2", "casper-3")
    assert desired.node("casper-3").disks.ceph[1].id == "nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W944501L"
    assert desired.node("casper-3").gpu_carve_out_gib == 48


def test_a_missing_bundle_is_one_problem_with_its_hint() -> None:
    error = InputError("there is no bundle at /nowhere", hint="build one")
    found = [problem for problem in check([HOMELAB], merged(HOMELAB), error) if problem.key == "bundle_path"]
    assert [(problem.message, problem.hint, problem.line) for problem in found] == [(error.message, "build one", 3)]


def test_a_wrong_type_in_the_way_of_the_cluster() -> None:
    hostvars = merged(HOMELAB)
    hostvars["casper-3"]["ram_gib"] = "much"
    assert complete(hostvars) is None
