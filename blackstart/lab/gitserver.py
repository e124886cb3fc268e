"""The lab's Git server: a bare repository made from platform/, served by git's own daemon on the lab's network."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab import podman
from blackstart.lab.boot import await_port
from blackstart.lab.layout import LAB, mac

if TYPE_CHECKING:
    from collections.abc import Callable

    from blackstart.lab.layout import Layout
    from blackstart.lab.podman import Podman

BRANCH = "main"
PLATFORM = Path(__file__).resolve().parent / "platform"
_PORT = 9418
_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "blackstart lab"), ("EMAIL", "lab@lab.home"))
}
# Nothing of the person's own git settings, nor of a repository that we were called in.
_ENVIRONMENT = {**_IDENTITY, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


def repository(layout: Layout) -> Path:
    """Return where the bare repository is kept."""
    return layout.state / "git" / "homelab.git"


def refresh(layout: Layout = LAB) -> str:
    """Make the repository if needed and bring its branch to what platform/ holds; return the branch's commit.

    A branch that holds that already keeps its commit. The files name the practice cluster's own Git server; those of
    another set of nodes are to find theirs.
    """
    if not (repository(layout) / "HEAD").exists():
        shutil.rmtree(repository(layout), ignore_errors=True)
        process.run(["git", "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", repository(layout)])
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        shutil.copytree(PLATFORM, tree, dirs_exist_ok=True)
        for file in tree.rglob("*.yaml"):
            file.write_text(file.read_text().replace(f"//{LAB.git_address}/", f"//{layout.git_address}/"))
        return _commit(layout, tree, "Bring the practice platform to what blackstart ships")


def publish(edit: Callable[[Path], None], message: str = "Change the practice platform", layout: Layout = LAB) -> str:
    """Commit what edit does to a copy of the branch's files, as a person's push would; return the commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        _git(layout, "--work-tree", folder, "checkout", "--quiet", "--force", BRANCH, "--", ".")
        edit(tree)
        return _commit(layout, tree, message)


def _commit(layout: Layout, tree: Path, message: str) -> str:
    (repository(layout) / "index").unlink(missing_ok=True)
    _git(layout, "--work-tree", str(tree), "add", "--all", "--force", ".", cwd=tree)
    content = _git(layout, "write-tree")
    head = _git(layout, "rev-parse", "--quiet", "--verify", BRANCH, check=False)
    if head and _git(layout, "rev-parse", f"{BRANCH}^{{tree}}") == content:
        return head
    commit = _git(layout, "commit-tree", content, "-m", message, *(("-p", head) if head else ()))
    _git(layout, "update-ref", f"refs/heads/{BRANCH}", commit)
    return commit


def _git(layout: Layout, *words: str, check: bool = True, cwd: Path | None = None) -> str:
    argv = ["git", "--git-dir", str(repository(layout)), *words]
    return process.run(argv, env=_ENVIRONMENT, check=check, cwd=cwd).stdout.strip()


def ensure_running(engine: Podman, layout: Layout, image: str) -> bool:
    """Start the server unless it runs; return whether it had to be started."""
    there = engine.containers(layout.label).get(_container(layout))
    if there and there.state == "running":
        return False
    address = f"ip={layout.git_address},mac={mac(layout.git_address)}"
    if there is None:
        engine.run(
            "create", "--name", _container(layout), "--label", layout.label, *engine.guard.create,
            "--network", f"{layout.network}:{address}", "--no-hosts", "--log-driver=k8s-file",
            "--cap-drop=all", "--read-only", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024",
            "--volume", f"{repository(layout)}:/srv/{repository(layout).name}:ro",
            image, "git", "daemon", "--base-path=/srv", "--export-all", "--reuseaddr", f"--port={_PORT}",
        )  # fmt: skip
    engine.guard.apply()
    start(layout)
    return True


def start(layout: Layout = LAB) -> None:
    """Start the server; return when it takes connections."""
    podman.local().run("start", _container(layout))
    await_port(layout.git_address, _PORT, what="the Git server")


def stop(layout: Layout = LAB) -> None:
    """Stop the server; the repository stays."""
    podman.local().run("stop", "--time", "0", _container(layout))


def _container(layout: Layout) -> str:
    return f"{layout.prefix}-git"
