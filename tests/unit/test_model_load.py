"""From folders to the cluster: which inventories are meant, what Ansible makes of them, and what is kept of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.model import documents, merge
from blackstart.model.load import load, resolve
from blackstart.model.problem import InventoryError

INVENTORY = Path(__file__).parents[2] / "inventory"
HOMELAB = INVENTORY / "homelab"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache for all tests that read the repository's own inventories: each is asked for once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(autouse=True)
def _apart(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the user's own cache alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))


@pytest.fixture
def cache(_apart: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where answers are kept, for tests that look there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "blackstart" / "inventory"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the homelab that may be altered."""
    return Path(shutil.copytree(HOMELAB, tmp_path / "inventory" / "mine"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each program that is started."""
    started: list[str] = []
    real = process.run

    def run(argv: Any, **options: Any) -> Any:
        started.append(Path(argv[0]).name)
        return real(argv, **options)

    monkeypatch.setattr(process, "run", run)
    return started


def test_the_homelab_as_a_cluster() -> None:
    cluster, hostvars = load(resolve([str(HOMELAB)], Path.cwd()))
    assert cluster.name == "k8s-homelab"
    assert list(hostvars) == ["melchior-1", "balthasar-2", "casper-3"]  # as written, not sorted
    assert [str(node.ansible_host) for node in cluster.nodes] == ["192.168.1.13", "192.168.1.14", "192.168.1.15"]
    assert cluster.kubelet.config["memorySwap"] == {"swapBehavior": "LimitedSwap"}
    assert str(cluster.network.storage) == "172.16.100.0/24"


@pytest.mark.parametrize("name", ["lab", "lab-cgroup-v1"])
def test_an_overlay_changes_only_what_differs(name: str) -> None:
    sources = resolve([str(INVENTORY / name)], Path.cwd())
    assert sources[0] == HOMELAB
    assert sources[-1] == INVENTORY / name
    cluster, _ = load(sources)
    assert cluster.name == "lab"
    assert cluster.versions == load([HOMELAB])[0].versions


@pytest.mark.parametrize("name", ["homelab", "lab", "lab-cgroup-v1"])
def test_files_are_ranked_as_ansible_ranks_them(name: str) -> None:
    """The layers that give problems their places must agree with what Ansible merges."""
    sources = resolve([str(INVENTORY / name)], Path.cwd())
    values: dict[str, Any] = {}
    for layer in sorted(documents.read(sources).layers, key=lambda layer: layer.rank):
        if layer.name in ("casper-3", "all", "control_plane"):
            mapping = yaml.CSafeLoader("").construct_mapping(layer.node, deep=True)
            values.update({str(key): value for key, value in mapping.items()})
    assert merge.read(sources)["casper-3"] == {**values, "ansible_local": {}}  # Ansible's own addition


def test_the_strongest_place_of_a_variable_is_the_hosts_own_file(copy: Path) -> None:
    (copy / "group_vars" / "control_plane.yml").write_text("ram_gib: 1\ncluster_domain: group.local\n")
    hosts = (copy / "hosts.yml").read_text()
    (copy / "hosts.yml").write_text(hosts.replace("192.168.1.15\n", "192.168.1.15\n          cluster_id: 7\n"))
    found = merge.read([copy])["casper-3"]
    assert (found["ram_gib"], found["cluster_domain"], found["cluster_id"]) == (96, "group.local", 7)


def test_ansible_is_asked_once_while_nothing_changes(copy: Path, asked: list[str], cache: Path) -> None:
    first = merge.read([copy])
    assert merge.read([copy]) == first
    assert asked == ["ansible-inventory"]
    assert [oct(file.stat().st_mode & 0o777) for file in cache.iterdir()] == ["0o600"]
    (copy / "group_vars" / "all" / "cluster.yml").write_text("cluster_name: other\ncluster_id: 2\n")
    assert merge.read([copy])["casper-3"]["cluster_name"] == "other"
    assert asked == ["ansible-inventory"] * 2


def test_an_inventory_with_a_program_is_asked_each_time(copy: Path, asked: list[str], cache: Path) -> None:
    (copy / "hosts.yml").chmod(0o755)
    merge.read([copy])
    merge.read([copy])
    assert asked == ["ansible-inventory"] * 2
    assert not cache.exists()


def test_what_is_encrypted_is_not_kept(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    secret = copy / "group_vars" / "all" / "argo.yml"
    secret.write_text("argocd_url: https://hidden.lab.home\n")
    key = tmp_path / "key"
    key.write_text("only a test\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(key))
    process.run([merge._program().with_name("ansible-vault"), "encrypt", secret])  # noqa: SLF001 - the same Ansible
    assert documents.read([copy]).secret
    assert merge.read([copy])["casper-3"]["argocd_url"]
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_costs_time_only(copy: Path, cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    assert len(merge.read([copy])) == 3


def test_links_to_folders_are_followed(copy: Path, tmp_path: Path) -> None:
    (copy / "group_vars" / "all").rename(tmp_path / "elsewhere")
    (copy / "group_vars" / "all").mkdir()
    (copy / "group_vars" / "all" / "linked").symlink_to(tmp_path / "elsewhere")
    assert load([copy])[0].name == "k8s-homelab"
    assert any("linked" in layer.file.parts for layer in documents.read([copy]).layers)


def test_every_problem_is_named_when_there_can_be_no_cluster(copy: Path) -> None:
    (copy / "group_vars" / "all" / "cluster.yml").write_text("cluster_name: x\ncluster_id: many\n")
    (copy / "group_vars" / "all" / "versions.yml").unlink()
    with pytest.raises(InventoryError) as caught:
        load([copy])
    keys = {problem.key for problem in caught.value.problems}
    assert {"cluster_id", "version_kubernetes", "version_cilium"} <= keys
    assert "cluster.yml:2" in caught.value.message


def test_without_a_name_the_only_cluster_below_inventory_is_meant(copy: Path) -> None:
    overlay = copy.parent / "practice"
    overlay.mkdir()
    (overlay / "hosts.yml").write_text("all: {vars: {inventory_base: ../mine}}\n")
    assert resolve([], copy.parents[1]) == [copy]
    assert resolve([str(overlay)], Path.cwd()) == [copy, overlay]
    assert resolve([str(copy), str(overlay)], Path.cwd()) == [copy, overlay]


def test_two_clusters_must_be_told_apart(copy: Path) -> None:
    shutil.copytree(copy, copy.parent / "yours")
    with pytest.raises(InputError, match=r"2 clusters \(mine, yours\)"):
        resolve([], copy.parents[1])


def test_no_inventory_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no inventory below"):
        resolve([], tmp_path)
    with pytest.raises(InputError, match="nowhere does not exist"):
        resolve(["nowhere"], tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no hosts\.yml"):
        resolve(["empty"], tmp_path)


def test_bases_in_a_circle(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts.yml").write_text(f"all: {{vars: {{inventory_base: ../{base}}}}}\n")
    with pytest.raises(InputError, match="circle"):
        resolve(["a"], tmp_path)


def test_a_host_outside_the_control_plane_is_refused(copy: Path) -> None:
    with (copy / "hosts.yml").open("a") as stream:
        stream.write("    workers:\n      hosts:\n        leliel-4:\n          ansible_host: 192.168.1.17\n")
    with pytest.raises(InventoryError) as caught:
        merge.read([copy])
    assert [(problem.key, problem.line) for problem in caught.value.problems] == [("leliel-4", 15)]
    assert "control plane" in caught.value.problems[0].message


def test_ansible_missing_is_said_with_a_way_out(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="Ansible is missing") as caught:
        merge.read([copy])
    assert "install" in caught.value.hint


def test_what_ansible_itself_refuses_is_passed_on(copy: Path) -> None:
    (copy / "hosts.ini").write_text("[control_plane]\nmelchior-1\n")
    with pytest.raises(InputError, match=r"hosts\.ini"):
        merge.read([copy])
