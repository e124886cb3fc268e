"""What Ansible's modules of ours say of themselves is what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.by_path import ROOT
from tests.support.by_path import load as load_by_path

MODULES = [*ROOT.glob("blackstart/ansible/modules/*.py"), *ROOT.glob("roles/*/library/*.py")]
DOC = Path(sys.executable).with_name("ansible-doc")


class Taken(Exception):  # noqa: N818 - no error
    """Stands for AnsibleModule and ends the module with what it takes."""

    def __init__(self, argument_spec: dict[str, Any], **_rest: object) -> None:
        super().__init__()
        self.spec = argument_spec
        raise self


def documented(options: dict[str, Any]) -> dict[str, Any]:
    """Return the argument spec that a documentation describes."""
    names = {"suboptions": "options"}
    spec = {
        name: {names.get(key, key): value for key, value in option.items() if key != "description"}
        for name, option in options.items()
    }
    return {
        name: {**option, "options": documented(option["options"])} if "options" in option else option
        for name, option in spec.items()
    }


def without_secrets(spec: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only the argument spec says."""
    plain = {name: {key: value for key, value in option.items() if key != "no_log"} for name, option in spec.items()}
    return {
        name: {**option, "options": without_secrets(option["options"])} if "options" in option else option
        for name, option in plain.items()
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_documents_the_options_that_it_takes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load_by_path(str(path.relative_to(ROOT)))
    monkeypatch.setattr(module, "AnsibleModule", Taken)
    with pytest.raises(Taken) as taken:
        module.main()
    assert without_secrets(taken.value.spec) == documented(yaml.safe_load(module.DOCUMENTATION)["options"])


def test_ansible_can_read_the_documentation_of_every_module() -> None:
    folders = ":".join(sorted({str(path.parent) for path in MODULES}))
    words = [str(DOC), "--type", "module", "--json", "--module-path", folders, *(path.stem for path in MODULES)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found) == sorted(path.stem for path in MODULES)
    assert [name for name, entry in found.items() if not entry["doc"].get("description")] == []
    # A comma in a text that stands in braces without quotes ends it, and what follows becomes a key.
    returned = [(name, set(value)) for name, entry in found.items() for value in (entry["return"] or {}).values()]
    assert [entry for entry in returned if entry[1] - {"description", "returned", "type", "elements"}] == []
