"""Programs from Go modules, by a wrapper module per recipe.

`go install pkg@version` refuses a module whose go.mod has replace directives; a wrapper module that requires it and
carries over its require blocks and non-local replaces builds the same program (go.dev/ref/mod#go-install).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.engine import process

if TYPE_CHECKING:
    from blackstart.lab.parts import Room
    from blackstart.lab.recipes import GoRecipe

REVISION = 1  # of how programs are built; raising it builds all of them again


class GoToolchain:
    """A pinned Go compiler with caches of its own: `go` is the program, home holds the build and module caches."""

    def __init__(self, go: Path, home: Path) -> None:
        """Build nothing yet."""
        self.go = go
        self.home = home

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every go command; GOGC trades memory for about 15 % less processor time."""
        return {
            "GOCACHE": str(self.home / "build"),
            "GOMODCACHE": str(self.home / "mod"),
            "GOPATH": str(self.home),
            "GOROOT": "",
            "GOFLAGS": "-mod=mod -buildvcs=false -modcacherw",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
            "GOGC": "400",
        }

    def module_dir(self, module: str, version: str) -> Path:
        """Return the folder of a module's unpacked source (downloads it when needed)."""
        return Path(self._download(module, version)["Dir"])

    def _download(self, module: str, version: str) -> dict[str, str]:
        self.home.mkdir(parents=True, exist_ok=True)
        argv: list[str | Path] = [self.go, "mod", "download", "-json", f"{module}@{version}"]
        answer: dict[str, str] = json.loads(process.run(argv, env=self.environment, cwd=self.home).stdout)
        return answer

    def build(self, recipe: GoRecipe, room: Room) -> None:
        """Build every program of a recipe with one command, so that one is linked while others compile."""
        source = self._download(recipe.module, recipe.version)
        parsed = json.loads(
            process.run([self.go, "mod", "edit", "-json", source["GoMod"]], env=self.environment).stdout
        )
        (room.work / "go.mod").write_text(wrapper_module(recipe, parsed))
        # The module's own go.sum pins every dependency, those too that the checksum database does not serve.
        (room.work / "go.sum").write_bytes((Path(source["Dir"]) / "go.sum").read_bytes())
        ldflags = " ".join(["-s", "-w", *(f"-X '{key}={value}'" for key, value in recipe.ldflags.items())])
        packages = {name: f"{recipe.module}/{below}".rstrip("/") for name, below in recipe.programs.items()}
        built = room.work / "out"
        built.mkdir()
        argv: list[str | Path] = [
            self.go,
            "build",
            "-v",
            "-trimpath",
            f"-tags={','.join(recipe.tags)}",
            f"-ldflags={ldflags}",
        ]
        self._run(room, [*argv, "-o", f"{built}/", *packages.values()])
        for name, package in packages.items():
            (built / program_name(package)).rename(room.out / name)

    def build_here(self, room: Room) -> None:
        """Build the programs whose sources lie in the room's scratch folder, one folder each, standard library only."""
        (room.work / "go.mod").write_text("module blackstart.lab/programs\n\ngo 1.26\n")
        argv: list[str | Path] = [self.go, "build", "-trimpath", "-ldflags=-s -w", "-o", f"{room.out}/", "./..."]
        self._run(room, argv)

    def _run(self, room: Room, argv: list[str | Path]) -> None:
        # Go's scratch lies in the room, so that a killed build's goes with it.
        scratch = room.work / "tmp"
        scratch.mkdir()
        room.run(argv, cwd=room.work, env=self.environment | {"GOTMPDIR": str(scratch)})


def program_name(package: str) -> str:
    """Return the file name that go build gives a package's program (pure): a major version suffix is passed over."""
    *above, last = package.split("/")
    return above[-1] if re.fullmatch(r"v[0-9]+", last) and above else last


def wrapper_module(recipe: GoRecipe, parsed: dict[str, Any]) -> str:
    """Return the go.mod of a wrapper module (pure), given the recipe and its module's `go mod edit -json`."""
    requires = parsed.get("Require") or []
    staging = [entry["Path"] for entry in requires if recipe.staging and entry["Version"] == "v0.0.0"]
    lines = [f"module blackstart.lab/{recipe.name}", "", f"go {parsed['Go']}", ""]
    lines.append(f"require {recipe.module} {recipe.version}")
    lines += [f"require {entry['Path']} {entry['Version']}" for entry in requires if entry["Path"] not in staging]
    lines += [f"require {path} {recipe.staging}" for path in staging]
    lines += [f"replace {path} => {path} {recipe.staging}" for path in staging]
    for entry in parsed.get("Replace") or []:
        old, new = entry["Old"], entry["New"]
        if old["Path"] in recipe.drop_replaces or "Version" not in new:
            continue
        old_words = " ".join(filter(None, (old["Path"], old.get("Version"))))
        lines.append(f"replace {old_words} => {new['Path']} {new['Version']}")
    return "\n".join(lines) + "\n"
