"""podman, with the runtime and the control group manager that the guard wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from blackstart.engine import process
from blackstart.lab import guard

if TYPE_CHECKING:
    import os
    import subprocess

    from blackstart.lab.guard import Guard


class Container(NamedTuple):
    """One container: `state` as podman says it (created, running, exited…), `image` by name."""

    id: str
    name: str
    state: str
    image: str


class Podman:
    """Runs podman; containers and networks are found by our label, so that others' are never touched."""

    def __init__(self, guard: Guard) -> None:
        """Take the guard's global options into every call."""
        self.guard = guard

    def run(
        self, *words: str | os.PathLike[str], stdin: bytes | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run one podman command; ProcessError when it fails and check is set."""
        # runc and not crun: one runtime on every machine, whichever version its control groups are.
        return process.run(["podman", "--runtime", "runc", *self.guard.engine, *words], stdin=stdin, check=check)

    def containers(self, label: str) -> dict[str, Container]:
        """Return the containers with that label by name, running or not."""
        listed: list[dict[str, Any]] = self._json("ps", "--all", "--filter", f"label={label}")
        found = (Container(entry["Id"], entry["Names"][0], entry["State"], entry["Image"]) for entry in listed)
        return {container.name: container for container in found}

    def networks(self, label: str) -> dict[str, str]:
        """Return the networks with that label: name to subnet."""
        listed: list[dict[str, Any]] = self._json("network", "ls", "--filter", f"label={label}")
        return {entry["name"]: entry["subnets"][0]["subnet"] for entry in listed}

    def _json(self, *words: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = json.loads(self.run(*words, "--format", "json").stdout or "[]")
        return answer


def local() -> Podman:
    """Return podman as this machine's control groups want it; RefusedError when no guard fits them."""
    return Podman(guard.find())
