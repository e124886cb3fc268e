"""The node of the role tests: `node.py up|down FOLDER`.

It is made and removed as the practice cluster's nodes are, behind the same guard, on a network of its own. FOLDER gets
what molecule needs to use it: `cluster/`, the practice cluster's inventory with this network's addresses, `ssh_config`,
and the playbooks of the scenario that molecule says it is about. The bundle is its read-only folder /bundle, so that no
server has to live between molecule's steps.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import nullcontext
from dataclasses import asdict
from ipaddress import IPv4Network
from pathlib import Path

import yaml

from blackstart import paths, verbs
from blackstart.bundle.manifest import Bundle
from blackstart.lab import keys, lifecycle
from blackstart.lab.layout import LAB, Layout
from blackstart.model.load import resolve
from tests.support.molecule import scenarios

NAME = LAB.names[0]
BUNDLE = paths.cache() / "bundles" / LAB.cluster
LAYOUT = Layout("molecule", IPv4Network("10.77.14.0/24"), (NAME,), shares=((BUNDLE, "/bundle"),))
SSH_CONFIG = """\
Host {name} {address}
  HostName {address}
  User root
  IdentityFile {state}/{key}
  IdentitiesOnly yes
  UserKnownHostsFile {state}/{known_hosts}
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
  ControlMaster auto
  ControlPersist 120s
  ControlPath {folder}/ssh
  ServerAliveInterval 5
"""


def up(folder: Path) -> None:
    """Start the node and write what molecule reads."""
    lifecycle.up(nullcontext, LAYOUT)
    # The connection that is shared may be one to a node that is gone.
    (folder / "ssh").unlink(missing_ok=True)
    (folder / "ssh_config").write_text(
        SSH_CONFIG.format(
            name=NAME,
            address=LAYOUT.machine(NAME).address,
            state=LAYOUT.state,
            key=keys.CLIENT,
            known_hosts=keys.KNOWN_HOSTS,
            folder=folder,
        )
    )
    write_inventory(folder / "cluster", resolve([str(lifecycle.inventory())], folder))
    # SCENARIO names an alternative that has no folder of its own (tests/support/molecule/scenarios.py).
    if name := os.environ.get("SCENARIO") or os.environ.get("MOLECULE_SCENARIO_NAME"):
        scenario = scenarios.find(name, [phase.name for phase in verbs.UP])
        scenarios.stage(folder, scenario, scenario.missing(()))


def write_inventory(folder: Path, sources: list[Path]) -> None:
    """Lay the practice cluster's inventories over each other in one folder, and this network's addresses on top."""
    shutil.rmtree(folder, ignore_errors=True)
    for index, source in enumerate(source if source.is_dir() else source.parent for source in sources):
        for path in sorted(source.glob("group_vars/all*")):
            link(folder / "group_vars/all" / f"{index}-{source.name}{path.suffix}", path)
        for path in sorted(source.glob("seed/*")):
            link(folder / "seed" / path.name, path)
        for path in sorted(source.glob("host_vars/*.yml")):
            link(folder / "host_vars" / path.stem / f"{index}-{source.name}.yml", path)
    bundle = Bundle.read(BUNDLE)
    ours = {
        "network_nodes": str(LAYOUT.subnet),
        "network_gateway": str(LAYOUT.gateway),
        "endpoint_address": str(LAYOUT.subnet[20]),
        "gitops_repository": f"git://{LAYOUT.git_address}/homelab.git",
        "bundle_url": "file:///bundle",
        "bundle_images": [asdict(image) for image in bundle.images],
        "bundle_files": {name: sha256 for name, (sha256, _) in bundle.files.items()},
    }
    (folder / "group_vars/all/9-molecule.yml").write_text(yaml.safe_dump(ours))
    # All nodes of the practice cluster are named, since roles write about their peers; only one of them exists.
    nodes = Layout(LAYOUT.cluster, LAYOUT.subnet, LAB.names).machines
    hosts = {node.name: {"ansible_host": str(node.address)} for node in nodes}
    (folder / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"children": {"control_plane": {"hosts": hosts}}}}, sort_keys=False)
    )


def link(name: Path, target: Path) -> None:
    """Make a symbolic link, with the folders that it lies in."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(target)


if __name__ == "__main__":
    verb, place = sys.argv[1:]
    if verb == "up":
        up(Path(place))
    else:
        lifecycle.down(nullcontext, LAYOUT)
