"""Which scenarios there are, what each needs of its node, and the order in which one node serves them all.

A scenario is a folder below molecule/. Its molecule.yml may have, below `ansible.env`:

    SCENARIO_NEEDS: containerd api_endpoint   # the roles that must have run before, and with them what those need
    SCENARIO_NODE: clean                      # its own role must not have run on the node before
    SCENARIO_NODE: own                        # a node for it alone: nothing ran before, and nothing runs after
    SCENARIO_BEFORE: cilium                   # these roles must not have run on the node before, nor what needs them

A role's second scenario is its alternative, with other variables. Where the first one's molecule.yml has
`provisioner.inventory.group_vars.alternative`, these are its variables, and all else is the first one's, its tests
as well. An alternative that differs in more has a folder of its own, molecule/ROLE_alternative, and the needs and the
node of its role's first scenario unless its molecule.yml says otherwise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]
ROOM = ROOT / "molecule"
ALTERNATIVE = "_alternative"
NODES = ("shared", "clean", "own")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One folder below molecule/; `needs` are roles in the order in which they run, `node` one of NODES.

    `before` are the roles that must not have run.
    """

    name: str
    needs: tuple[str, ...] = ()
    node: str = "shared"
    before: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of its folder, which is what molecule calls it: the role's when it has none of its own."""
        return self.name if (ROOM / self.name).is_dir() else self.role

    @property
    def role(self) -> str:
        """The role that it is about."""
        return self.name.removesuffix(ALTERNATIVE)

    @property
    def alternative(self) -> bool:
        """Whether it is its role's second scenario, with other variables."""
        return self.name.endswith(ALTERNATIVE)

    def fits(self, behind: Iterable[str]) -> bool:
        """Say whether a node can serve it that has these scenarios behind it (pure).

        Not one on which a role that it needs was given other variables.
        """
        before = [Scenario(name) for name in behind]
        if self.node == "own":
            return not before
        unwanted = {*self.before, *([self.role] if self.node == "clean" else [])}
        if unwanted & {each.role for each in before}:
            return False
        return not {each.role for each in before if each.alternative} & set(self.needs)

    def missing(self, behind: Iterable[str]) -> tuple[str, ...]:
        """Return the roles that a node with these scenarios behind it lacks, in order (pure)."""
        done = set(behind)
        return tuple(role for role in self.needs if role not in done)


def discover(phases: Sequence[str], room: Path = ROOM) -> tuple[Scenario, ...]:
    """Return every scenario below a folder in the order in which they run; phases are the roles' own order.

    First what has a node of its own, then each phase's; a role that is no phase follows the last one that it needs,
    with its alternative, since nothing else needs it. The phases' alternatives come last and in the opposite order, so
    that each still finds the roles that it needs as they are by default.
    Raises ValueError for words that mean nothing.
    """
    files = {path.parent.name: _document(path) for path in sorted(room.glob("*/molecule.yml"))}
    within: dict[str, dict[str, str]] = {
        name + ALTERNATIVE: {} for name, document in files.items() if _alternative(document)
    }
    own = within | {name: document.get("ansible", {}).get("env", {}) for name, document in files.items()}
    said = {name: {**own.get(name.removesuffix(ALTERNATIVE), {}), **words} for name, words in own.items()}
    direct = {name: words.get("SCENARIO_NEEDS", "").split() for name, words in said.items()}
    found = [_scenario(name, words, direct) for name, words in said.items()]
    order = {phase: place for place, phase in enumerate(phases)}

    def rank(each: Scenario) -> tuple[int, bool, str, bool]:
        needed = max((order[need] for need in each.needs if need in order), default=len(order))
        return order.get(each.role, needed), each.role not in order, each.role, each.alternative

    ranked = sorted(found, key=rank)
    alone = [each for each in ranked if each.node == "own"]
    second = [each for each in ranked if each.alternative and each.role in order and each not in alone]
    return (*alone, *(each for each in ranked if each not in {*alone, *second}), *reversed(second))


def find(name: str, phases: Sequence[str], room: Path = ROOM) -> Scenario:
    """Return one scenario by its name; ValueError when there is none."""
    for each in discover(phases, room):
        if each.name == name:
            return each
    raise ValueError(f"no scenario molecule/{name}")


def stage(folder: Path, scenario: Scenario, missing: Sequence[str]) -> bool:
    """Write into folder what molecule is to run for a scenario; return whether there is anything to prepare.

    prepare.yml: the roles that the node lacks, then the scenario's own preparation. converge.yml: the scenario's own
    one, or the playbook of its role. vars.yml: the scenario's variables.
    """
    home = ROOM / scenario.folder
    books = [ROOT / "playbooks" / f"{role}.yml" for role in missing]
    if (home / "prepare.yml").is_file():
        books.append(home / "prepare.yml")
    own = home / "converge.yml"
    _imports(folder / "prepare.yml", books)
    _imports(folder / "converge.yml", [own if own.is_file() else ROOT / "playbooks" / f"{scenario.role}.yml"])
    (folder / "vars.yml").write_text(given(scenario.name) or "{}\n")
    return bool(books)


def given(name: str, room: Path = ROOM) -> str:
    """Return the variables of a scenario as YAML, empty when it has none."""
    file = room / name / "vars.yml"
    if name.endswith(ALTERNATIVE) and not file.parent.is_dir():
        other = _alternative(_document(room / name.removesuffix(ALTERNATIVE) / "molecule.yml"))
        return yaml.safe_dump(other, sort_keys=False) if other else ""
    return file.read_text() if file.is_file() else ""


def digest(name: str) -> str:
    """Return a fingerprint of the role that a scenario is about, and its playbook: a changed one must be run again."""
    role = Scenario(name).role
    books = ROOT / "playbooks"
    files = [books / f"{role}.yml", *sorted((books / "vars").iterdir()), *sorted((ROOT / "roles" / role).rglob("*"))]
    text = b"".join(str(path).encode() + path.read_bytes() for path in files if path.is_file())
    return hashlib.sha256(text).hexdigest()


def _imports(path: Path, books: Sequence[Path]) -> None:
    nothing = [{"name": "Nothing", "hosts": "all", "gather_facts": False}]
    plays = [{"ansible.builtin.import_playbook": str(book)} for book in books] or nothing
    path.write_text(yaml.safe_dump(plays, sort_keys=False))


def _document(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


def _alternative(document: Mapping[str, Any]) -> dict[str, Any]:
    groups = document.get("provisioner", {}).get("inventory", {}).get("group_vars", {})
    found: dict[str, Any] = groups.get("alternative", {})
    return found


def _scenario(name: str, words: Mapping[str, str], direct: Mapping[str, Sequence[str]]) -> Scenario:
    node = words.get("SCENARIO_NODE", "shared")
    if node not in NODES:
        raise ValueError(f"molecule/{name}: SCENARIO_NODE is {node!r}, wanted: {' or '.join(NODES)}")
    before = tuple(words.get("SCENARIO_BEFORE", "").split())
    if strange := [role for role in before if role not in direct]:
        raise ValueError(f"molecule/{name}: SCENARIO_BEFORE names {', '.join(strange)}, which has no scenario")
    return Scenario(name, _closure(name, direct), node, before)


def _closure(name: str, direct: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return everything that a scenario needs, each after what it needs itself (pure)."""
    found: list[str] = []

    def visit(role: str, path: tuple[str, ...]) -> None:
        if role in path:
            raise ValueError(f"molecule/{name}: SCENARIO_NEEDS goes round in a circle: {' > '.join((*path, role))}")
        if role not in direct:
            raise ValueError(f"molecule/{path[-1]}: SCENARIO_NEEDS names {role}, which has no scenario")
        for need in direct[role]:
            visit(need, (*path, role))
        if role not in found:
            found.append(role)

    visit(name, ())
    return tuple(found[:-1])
