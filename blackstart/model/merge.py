"""What Ansible makes of the inventories: each node's merged variables, kept as long as no file changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart import __version__, paths
from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.model import documents
from blackstart.model.problem import InventoryError, Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.model.documents import Documents

GROUP = "control_plane"
_KEEP = 20  # answers of ansible-inventory
_READ = documents.SUFFIXES | {".cfg"}


def read(sources: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return merged variables by node, as Ansible sees them; InventoryError names every file that cannot be read.

    Starting ansible-inventory costs half a second and more, so its answer is kept under the hash of every file it
    read. Inventories with programs or plugins of their own may answer differently each time and are always asked;
    so are encrypted ones, whose content must not be kept in clear.
    """
    texts = documents.read(sources)
    if texts.broken:
        raise InventoryError([*texts.broken, *texts.doubtful])
    kept = paths.cache() / "inventory" / f"{_key(sources, texts)}.json"
    lasting = not texts.secret and not _lively(texts)
    if lasting and kept.is_file():
        found: dict[str, dict[str, Any]] = json.loads(kept.read_text())
        return found
    hostvars = _nodes(texts, _ask(sources))
    if lasting:
        with suppress(OSError):  # a cache that cannot be written costs time and nothing else
            _keep(kept, hostvars)
    return hostvars


def _lively(texts: Documents) -> bool:
    return any(os.access(file, os.X_OK) for file in _everything(texts)) or ("group", "plugin") in texts.named


def _everything(texts: Documents) -> list[Path]:
    """Return all files of the inventories, also those that are no YAML: Ansible looks at them too."""
    folders = [source for source in texts.sources if source.is_dir()]
    return sorted({*texts.files, *(file for folder in folders for file in documents.files_below(folder))})


def _key(sources: Sequence[Path], texts: Documents) -> str:
    digest = hashlib.sha256(f"{__version__} {version('ansible-core')} {[str(source) for source in sources]}".encode())
    for file in (paths.share() / "ansible.cfg", *_everything(texts)):
        digest.update(f"\0{file}\0".encode() + (file.read_bytes() if file.suffix in _READ else b""))
    return digest.hexdigest()


def _keep(file: Path, hostvars: dict[str, dict[str, Any]]) -> None:
    """Keep an answer, readable for this user only, and let go of the oldest ones."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(hostvars))
    fresh.replace(file)
    for old in sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)[_KEEP:]:
        old.unlink(missing_ok=True)


def _ask(sources: Sequence[Path]) -> dict[str, Any]:
    words = [word for source in sources for word in ("--inventory", str(source))]
    environment = {
        "ANSIBLE_CONFIG": str(paths.share() / "ansible.cfg"),
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        # Named by us with file and line, beside all other problems.
        "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "ignore",
        "ANSIBLE_NOCOLOR": "1",
    }
    try:
        done = process.run([_program(), *words, "--list"], env=environment)
        answer: dict[str, Any] = json.loads(done.stdout)
    except process.ProcessError as error:
        tail = error.output.strip()[-800:]
        raise InputError(f"Ansible cannot read the inventory:\n{tail}", hint="mend the file that it names") from error
    except ValueError as error:
        raise InputError(f"ansible-inventory printed no JSON: {error}", hint="is this Ansible whole?") from error
    return answer


def _program() -> Path:
    beside = Path(sys.executable).parent / "ansible-inventory"
    found = str(beside) if beside.is_file() else shutil.which("ansible-inventory")
    if found is None:
        raise InputError(
            f"Ansible is missing: there is no ansible-inventory in {beside.parent} nor in PATH",
            hint="install blackstart with what it needs: pip install blackstart, or make venv in a checkout",
        )
    return Path(found)


def _nodes(texts: Documents, answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the control planes' variables in the order of hosts.yml; any other host is refused."""
    hostvars: dict[str, dict[str, Any]] = answer["_meta"]["hostvars"]
    names: list[str] = answer.get(GROUP, {}).get("hosts", [])
    problems = list(texts.doubtful)
    file = shorten(documents.folder_of(texts.sources[0]) / "hosts.yml")
    if not names:
        problems.append(Problem(file, 0, GROUP, "has no hosts, wanted: at least one", "name the nodes there"))
    for host in hostvars:
        if host not in names:
            place, line = texts.named.get(("host", host), (texts.sources[0], 0))
            message = f"is not in the group {GROUP}; every node is a control plane in this version"
            problems.append(Problem(shorten(place), line, host, message, f"move it below {GROUP}"))
    if len(problems) > len(texts.doubtful):
        raise InventoryError(problems)
    return {name: hostvars[name] for name in names}
