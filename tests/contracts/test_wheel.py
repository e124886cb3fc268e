"""The built wheel carries every room that Ansible and the nodes read, and works from any directory."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from blackstart.engine import process

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bootstrap", "inventory", "playbooks", "roles")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    process.run([*pip, "--wheel-dir", folder, ROOT])
    return next(folder.glob("blackstart-*.whl"))


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(ROOT)) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_carries_every_room(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    wanted = files_below(ROOT / "blackstart")
    for room in ROOMS:
        wanted |= {f"blackstart/share/{name}" for name in files_below(ROOT / room)}
    link = "blackstart/ansible/module_utils/blackstart_node"
    wanted |= {name.replace("blackstart/node", link, 1) for name in files_below(ROOT / "blackstart/node")}
    wanted |= {"blackstart/share/ansible.cfg", "blackstart/share/requirements.yml", "blackstart/py.typed"}
    assert wanted - carried == set()


def test_it_works_from_any_directory(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    where = "import blackstart.paths as p; print(p.share())"
    done = process.run([sys.executable, "-c", where], cwd=elsewhere, env=environment)
    assert Path(done.stdout.strip()) == tmp_path / "installed/blackstart/share"
    inventory = tmp_path / "installed/blackstart/share/inventory/homelab"
    words: list[str | Path] = [sys.executable, "-m", "blackstart", "--inventory", inventory, "check"]
    checked = process.run(words, cwd=elsewhere, env=environment, check=False)
    assert "placeholder" in checked.stdout + checked.stderr
