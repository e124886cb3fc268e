"""What the role tests look through: the API of the one node, asked by its own kubectl, and refusals."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

from blackstart.engine import process

if TYPE_CHECKING:
    from collections.abc import Callable

    from testinfra.host import Host

LINES = 30  # of a unit's journal, as evidence


class Kubectl(Protocol):
    """Runs `kubectl get WORDS` and returns the document."""

    def __call__(self, *words: str) -> dict[str, Any]:
        """Fail with kubectl's own words when there is no such thing."""


class Until(Protocol):
    """Awaits a condition for some seconds."""

    def __call__(self, look: Callable[[], bool | tuple[bool, object]], seconds: float) -> None:
        """Look again and again: look says whether it is so, and what it saw, which is shown when time is over.

        A look that fails by an assertion of its own has not come true yet.
        """


class Refused(Protocol):
    """Runs the scenario's converge playbook with other variables and expects a refusal."""

    def __call__(self, role: str, text: str, **variables: object) -> list[dict[str, Any]]:
        """Check that a task of this role failed with this text in its message; return what every task did."""


@pytest.fixture
def kubectl(host: Host) -> Kubectl:
    """Ask the node's own API server as its administrator."""

    def get(*words: str) -> dict[str, Any]:
        command = ("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", *words, "--output=json")
        document: dict[str, Any] = json.loads(host.check_output(" ".join(command)))
        return document

    return get


class EtcdMembers(Protocol):
    """Returns the members as the node's own etcd lists them."""

    def __call__(self) -> list[dict[str, Any]]:
        """Fail with etcdctl's own words."""


@pytest.fixture
def etcd_members(host: Host) -> EtcdMembers:
    """Ask the node's own etcd, in its pod."""

    def get() -> list[dict[str, Any]]:
        into = "kubectl --kubeconfig=/etc/kubernetes/admin.conf --namespace=kube-system exec etcd-$(hostname) --"
        identity = "--cacert={0}/ca.crt --cert={0}/healthcheck-client.crt --key={0}/healthcheck-client.key"
        ask = f"etcdctl {identity.format('/etc/kubernetes/pki/etcd')} member list --write-out=json"
        text = host.check_output(f"{into} {ask}")
        members: list[dict[str, Any]] = json.loads(text)["members"]
        return members

    return get


@pytest.fixture
def inventory() -> dict[str, Any]:
    """Return what the inventory says to all nodes, the later file over the earlier one."""
    files = sorted(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "cluster/group_vars/all").iterdir())
    pages = [page for file in files for page in ([file] if file.is_file() else sorted(file.iterdir()))]
    return {name: value for page in pages for name, value in yaml.safe_load(page.read_text()).items()}


@pytest.fixture
def given() -> dict[str, Any]:
    """Return the variables of this scenario's own, untemplated; none in a role's first scenario unless it has some."""
    found: dict[str, Any] = yaml.safe_load(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "vars.yml").read_text())
    return found


@pytest.fixture
def until() -> Until:
    """Await a condition for some seconds: what a cluster does by itself takes its time."""

    def wait(look: Callable[[], bool | tuple[bool, object]], seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                found = look()
            except AssertionError as error:
                found = (False, error)
            true, seen = found if isinstance(found, tuple) else (found, found)
            if true:
                return
            assert time.monotonic() < end, f"not true after {seconds} s; seen last: {_readable(seen)}"
            time.sleep(1)

    return wait


def _readable(seen: object) -> str:
    return json.dumps(seen, indent=2, default=str) if isinstance(seen, dict | list | tuple) else str(seen)


@pytest.fixture
def service(host: Host) -> Callable[[str], None]:
    """Check that a unit is enabled and runs; its journal is the evidence when it does not."""

    def check(name: str) -> None:
        unit = host.service(name)
        journal = host.run(f"journalctl --no-pager --lines {LINES} --unit {name}").stdout
        assert unit.is_running, f"{name} does not run; its journal ends with:\n{journal}"
        assert unit.is_enabled, f"{name} is not enabled"

    return check


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Run what the scenario converged once more with other variables; it must fail, in this role, for this reason."""
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])

    def check(role: str, text: str, **variables: object) -> list[dict[str, Any]]:
        (tmp_path / "vars.json").write_text(json.dumps(variables))
        words: list[str | Path] = ["--inventory", folder / "cluster", "--limit", "melchior-1"]
        for given in (folder / "vars.yml", tmp_path / "vars.json"):
            words += ["--extra-vars", f"@{given}"]
        words.append(folder / "converge.yml")
        program = Path(sys.executable).with_name("ansible-playbook")
        if "BLACKSTART_PREFORK" in os.environ:  # then a quicker one comes first (blackstart/ansible/prefork.py)
            program = Path(shutil.which("ansible-playbook") or program)
        results = tmp_path / "results.jsonl"
        done = process.run([program, *words], env={"MOLECULE_RESULTS": str(results)}, check=False, timeout=300)
        assert results.exists(), f"Ansible did not get to run anything:\n{done.stdout}{done.stderr}"
        tasks: list[dict[str, Any]] = json.loads(results.read_text().splitlines()[-1])["tasks"]
        failed = [task for task in tasks if task["status"] == "failed"]
        assert failed, f"nothing was refused:\n{done.stdout}"
        assert failed[0]["role"] == role, f"another one refused: {failed[0]}"
        assert text in failed[0]["message"], f"refused for another reason: {failed[0]['message']}"
        return tasks

    return check
