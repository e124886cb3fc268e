"""The hand-off to Argo CD when Git, the root app or what comes before it is wrong: said in those words, and mended."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pyrage
import pytest

from blackstart.lab import gitserver
from tests.support.lab.harness import NODES, Lab, blackstart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _mended(lab: Lab) -> Iterator[None]:
    """After each trouble the right inventory brings the cluster back to healthy."""
    yield
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_root_path_is_named(lab: Lab, overlay: Path) -> None:
    (overlay / "group_vars" / "all" / "gitops.yml").write_text("gitops_path: cluster/platform/nowhere\n")
    done = blackstart("-i", str(overlay), "up", "--timeout", "60")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "cluster/platform/nowhere" in done.stderr


@pytest.mark.long
def test_a_git_server_that_is_away_is_named(lab: Lab, overlay: Path) -> None:
    gitserver.stop()
    try:
        # Another revision asks Argo CD to look at Git again.
        (overlay / "group_vars" / "all" / "gitops.yml").write_text("gitops_revision: refs/heads/main\n")
        done = blackstart("-i", str(overlay), "up", "--timeout", "90")
    finally:
        gitserver.start()
    assert done.returncode == 5, done.stdout + done.stderr
    assert "10.77.13.2" in done.stderr


def test_without_the_seed_argo_refuses_the_whole_root(lab: Lab, overlay: Path) -> None:
    """The custom resource in the root needs a kind that a child installs: nothing of the root is applied."""
    lab.kubectl("-n", "argocd", "delete", "applications.argoproj.io", "--all", "--wait=true")
    lab.kubectl("delete", "customresourcedefinition", "beacons.lab.home", "--wait=true")
    (overlay / "group_vars" / "all" / "seed.yml").write_text("seed_crds: []\n")
    done = blackstart("-i", str(overlay), "up", "--timeout", "60")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "not valid" in done.stderr
    assert "Beacon" in done.stderr


def test_first_secrets_come_from_an_encrypted_file(lab: Lab, overlay: Path, tmp_path: Path) -> None:
    """They reach the cluster, and nothing else: no file on a node, no line of the journal, no output."""
    identity = pyrage.x25519.Identity.generate()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "first", "namespace": "argocd"},
        "stringData": {"password": "correct-horse-battery"},
    }
    (overlay / "seed").mkdir()
    encrypted = pyrage.encrypt(json.dumps(secret).encode(), [identity.to_public()])
    (overlay / "seed" / "secrets.age").write_bytes(encrypted)
    (tmp_path / "identity").write_text(str(identity))
    (tmp_path / "identity").chmod(0o600)
    lines = ["seed_secrets_file: seed/secrets.age", f"seed_identity_file: {tmp_path / 'identity'}"]
    (overlay / "group_vars" / "all" / "seed.yml").write_text("\n".join(lines) + "\n")
    done = blackstart("-i", str(overlay), "up", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    stored = lab.kubectl("-n", "argocd", "get", "secret", "first", "-o", "jsonpath={.data.password}")
    assert base64.b64decode(stored) == b"correct-horse-battery"
    assert "correct-horse" not in done.stdout + done.stderr + json.dumps(lab.events())
    for node in NODES:
        assert lab.ssh(node, "grep -rl correct-horse /etc /root /run/blackstart /var/lib/blackstart; true") == ""
