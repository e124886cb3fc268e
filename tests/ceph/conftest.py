"""One real Ceph cluster for all tests here, the role as a run of blackstart plays it, and looks by our own module."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from blackstart import paths
from blackstart.ceph import facts
from blackstart.engine.journal import Journal
from blackstart.engine.lock import exclusive
from blackstart.engine.runner import Runner
from blackstart.lab import podman
from blackstart.lab.system import MACHINES, ensure_system_packages
from blackstart.node.ceph.client import Ceph as Ask
from blackstart.step import Play
from tests.support.ceph import image
from tests.support.ceph.cluster import Cluster
from tests.support.ceph.hosts import NAMES, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from blackstart.ceph.facts import CephFacts


class Role(Protocol):
    """Plays playbooks/ceph_quiet.yml for a node; returns how many tasks changed something, and the notes."""

    def __call__(self, node: str, state: str, **variables: Any) -> tuple[int, list[str]]:
        """Raise what blackstart's runner raises."""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a healthy cluster, gone at the end; its image is built when it is not there (a minute)."""
    terminal: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    ensure_system_packages(MACHINES)
    engine = podman.local()
    # There is one such cluster on a machine: a second session would take it away from under the first.
    with exclusive(paths.state("ceph-test") / "tests.lock", "tests/ceph"), ExitStack() as stack:
        room = Room(engine, image.ensure(engine, terminal.write_line), tmp_path_factory.mktemp("ceph"), stack)
        made = Cluster(room, str(uuid.uuid4()))
        made.up()
        yield made


@pytest.fixture(scope="session")
def look(cluster: Cluster) -> Callable[[], CephFacts]:
    """Look as the role's module does."""
    ask = Ask(cluster.room.argv("melchior-1", "ceph"))
    return lambda: facts.parse(ask.look())


@pytest.fixture(scope="session")
def role(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Role:
    """Play the role from this machine, with a command line that leads into a host instead of Rook's toolbox."""
    folder = tmp_path_factory.mktemp("role")
    (folder / "hosts.yml").write_text(json.dumps(inventory(cluster)))
    numbers = count()

    def play(node: str, state: str, **variables: Any) -> tuple[int, list[str]]:
        journal = Journal(folder / f"run-{next(numbers)}")
        runner = Runner([folder / "hosts.yml"], folder, journal, paths.cache() / "collections")
        given = {"ceph_quiet_node": node, "ceph_quiet_state": state, **variables}
        try:
            changed = runner.play([Play("ceph_quiet", (NAMES[0],), given)], {})
        finally:
            journal.close()
        lines = (json.loads(line) for line in (journal.folder / "journal.jsonl").read_text().splitlines())
        return sum(changed.values()), [line["text"] for line in lines if line["kind"] == "note"]

    return play


def inventory(cluster: Cluster) -> dict[str, Any]:
    """Return what the playbook reads of an inventory; every host has Ceph's disks."""
    hosts = {name: {"disks": {"ceph": [{"id": "a"}, {"id": "b"}]}} for name in NAMES}
    everyone = {
        "ansible_connection": "local",
        "ansible_host": "127.0.0.1",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "endpoint_port": 6443,
        "storage_ceph_fsid": cluster.fsid,
        "ceph_quiet_command": cluster.room.argv(NAMES[0], "ceph"),
    }
    return {"all": {"vars": everyone}, "control_plane": {"hosts": hosts}}
