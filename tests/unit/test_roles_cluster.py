"""The cluster roles' modules, lookups and rendered files, without a cluster."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest
import yaml
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from blackstart.node import helm, join_credentials, kubeadm
from blackstart.node.kube import argocd
from tests.support.by_path import load

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
ADDRESSES = ["10.77.13.13", "10.77.13.14", "10.77.13.15"]
VARIABLES: dict[str, Any] = {
    "control_plane_address": "10.77.13.13",
    "control_plane_node_name": "melchior-1",
    "control_plane_cri_socket": "unix:///run/containerd/containerd.sock",
    "control_plane_image_repository": "registry.k8s.io",
    "control_plane_node_addresses": ADDRESSES,
    "control_plane_endpoint_name": "k8s-api.lab.home",
    "control_plane_endpoint_address": "10.77.13.20",
    "control_plane_endpoint_port": 6443,
    "control_plane_kubernetes_version": "v1.35.1",
    "control_plane_etcd_image_tag": "3.6.6-0",
    "control_plane_etcd_extra_args": {"heartbeat-interval": "300"},
    "control_plane_coredns_image_tag": "v1.13.1",
    "control_plane_pod_subnet": "10.44.0.0/16",
    "control_plane_service_subnet": "10.45.0.0/16",
    "control_plane_dns_domain": "cluster.local",
    "control_plane_kubelet_config": {"failSwapOn": False},
    "control_plane_ignore_preflight_errors": ["SystemVerification"],
    "control_plane_token": "abcdef.0123456789abcdef",
    "control_plane_certificate_key": "00" * 32,
    "control_plane_discovery_path": "/run/blackstart/discovery.yaml",
    "control_plane_member_address": "10.77.13.14",
    "control_plane_member_server": "https://10.77.13.14:6443",
    "control_plane_ca": "a certificate\n",
    "cilium_cluster_name": "lab",
    "cilium_cluster_id": 1,
    "cilium_api_urls": [f"https://{address}:6443" for address in ADDRESSES],
    "cilium_endpoint_address": "10.77.13.20",
    "cilium_endpoint_port": 6443,
    "cilium_pod_subnet": "10.44.0.0/16",
    "cilium_nodes": 3,
    "argocd_external_url": "https://argocd.lab.home",
    "argocd_dex": False,
    "root_application_repository": "git://10.77.13.2/homelab.git",
    "root_application_revision": "main",
    "root_application_path": "cluster/platform/gitops/argocd",
}


def render(path: str, **changes: Any) -> str:
    templar = Templar(DataLoader(), {**VARIABLES, **changes})
    result: str = templar.template(trust_as_template((ROOT / "bootstrap" / path).read_text()))
    return result


age = load("roles/seed/lookup_plugins/blackstart_age.py")
document = load("roles/seed/lookup_plugins/blackstart_document.py")


@pytest.mark.parametrize(
    "name",
    [
        "kubeadm/init.yaml",
        "kubeadm/join.yaml",
        "kubeadm/discovery.yaml",
        "kubeadm/upload-certs.yaml",
        "cilium/values.yaml",
        "argocd/kustomization.yaml",
        "root-application/root.yaml",
    ],
)
def test_a_rendered_file_is_the_whole_of_what_is_expected(name: str) -> None:
    text = render(f"{name}.j2")
    assert text == (GOLDEN / name).read_text()
    assert list(yaml.safe_load_all(text))


def test_dex_runs_where_its_image_is() -> None:
    patches = yaml.safe_load(render("argocd/kustomization.yaml.j2", argocd_dex=True))["patches"]
    assert "/spec/replicas" not in json.dumps(patches)


def test_what_an_earlier_init_left_is_ignored_by_name() -> None:
    names = kubeadm.ignorable("init", 6443)
    assert "DirAvailable--var-lib-etcd" in names
    assert "FileAvailable--etc-kubernetes-manifests-etcd.yaml" in names
    assert {"Port-6443", "Port-2379", "Port-2380", "Port-10250", "Port-10257", "Port-10259"} <= set(names)
    assert not any("kubelet.conf" in name for name in names)
    assert "FileAvailable--etc-kubernetes-kubelet.conf" in kubeadm.ignorable("join", 6443)


def test_a_join_that_bootstrapped_its_kubelet_does_not_do_so_again() -> None:
    assert kubeadm.skipped("join", bootstrapped=True) == ["kubelet-start", "etcd-join"]
    assert kubeadm.skipped("join", bootstrapped=False) == []
    assert kubeadm.skipped("init", bootstrapped=True) == []


def test_kubeadm_runs_in_a_unit_that_removes_its_files() -> None:
    files = [Path("/run/blackstart/kubeadm-join.yaml"), Path("/run/blackstart/discovery.yaml")]
    words = kubeadm.arguments("join", files, ["Port-6443"], ["etcd-join"])
    assert words == [
        "kubeadm",
        "join",
        "--config=/run/blackstart/kubeadm-join.yaml",
        "--ignore-preflight-errors=Port-6443",
        "--skip-phases=etcd-join",
    ]
    unit = kubeadm.unit(words, files, Path("/run/blackstart/kubeadm-join.log"), 600)
    assert unit[:3] == ["systemd-run", "--quiet", "--unit=blackstart-kubeadm"]
    assert f"--property=ExecStopPost=/usr/bin/rm -f {files[0]} {files[1]}" in unit
    assert unit[-len(words) :] == words


def test_init_prints_no_token() -> None:
    assert "--skip-token-print" in kubeadm.arguments("init", [Path("/run/x")], [], [])


def test_a_token_is_a_secret_with_an_end() -> None:
    secret = join_credentials.token_secret("abcdef.0123456789abcdef", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert secret["metadata"]["name"] == "bootstrap-token-abcdef"
    data = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    assert data["token-secret"] == "0123456789abcdef"
    assert data["expiration"] == "2026-01-02T03:04:05Z"
    assert data["usage-bootstrap-authentication"] == "true"
    # File discovery needs no signature of cluster-info, so the token cannot give one.
    assert "usage-bootstrap-signing" not in data


RELEASE = {"chart": "cilium-1.18.4", "status": "deployed"}
WANTED = {"chart": "cilium-1.18.4", "values": {"a": 1}}


@pytest.mark.parametrize(
    ("release", "values", "words"),
    [
        ({}, {}, ["it is not installed"]),
        (RELEASE, {"a": 1}, []),
        (RELEASE, {"a": 2, "b": 3}, ["its values differ in a, b"]),
        ({**RELEASE, "status": "pending-upgrade"}, {"a": 1}, ["its last operation is pending-upgrade"]),
        ({**RELEASE, "chart": "cilium-1.17.0"}, {"a": 1}, ["its chart is cilium-1.17.0, wanted is cilium-1.18.4"]),
    ],
)
def test_a_release_is_upgraded_for_a_difference_only(
    release: dict[str, Any], values: dict[str, Any], words: list[str]
) -> None:
    assert helm.differences(release, values, WANTED) == words


def test_the_one_config_map_is_found_in_a_manifest() -> None:
    manifest = (
        "---\nkind: Secret\nmetadata:\n  name: cilium-config\n---\nkind: ConfigMap\nmetadata:\n  name: cilium-config\n"
    )
    assert "Secret" not in helm._document(manifest, "cilium-config")  # noqa: SLF001 - a pure helper
    assert helm._document(manifest, "other") == ""  # noqa: SLF001 - a pure helper


def owner(name: str, **annotations: str) -> dict[str, Any]:
    resource = {"kind": "DaemonSet", "namespace": "kube-system", "name": "cilium"}
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"resources": [resource]}}


def test_only_what_owns_the_plugin_is_held_and_only_ours_let_go() -> None:
    theirs = owner("theirs", **{argocd.SKIP: "true"})
    ours = owner("ours", **{argocd.SKIP: "true", argocd.HELD: "network repair"})
    other = {"metadata": {"name": "other"}, "status": {}}
    free = owner("free")
    found = argocd.owners([theirs, ours, other, free], "DaemonSet", "kube-system", "cilium")
    assert [app["metadata"]["name"] for app in found] == ["free"]
    assert [app["metadata"]["name"] for app in argocd.held([theirs, ours, other, free])] == ["ours"]


def test_secrets_are_decrypted_in_memory(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# created: today\n{identity}\n")
    (tmp_path / "secrets.age").write_bytes(pyrage.encrypt(b"kind: Secret\n", [identity.to_public()]))
    lookup = age.LookupModule()
    lookup.set_options = lambda **_: None
    lookup.get_option = {"identity": str(tmp_path / "key.txt"), "folders": [str(tmp_path)]}.__getitem__
    assert lookup.run(["secrets.age"]) == ["kind: Secret\n"]


def test_a_wrong_identity_is_said_without_what_is_in_it(tmp_path: Path) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(str(other))
    (tmp_path / "secrets.age").write_bytes(pyrage.encrypt(b"kind: Secret\n", [mine.to_public()]))
    lookup = age.LookupModule()
    lookup.set_options = lambda **_: None
    lookup.get_option = {"identity": "key.txt", "folders": [str(tmp_path)]}.__getitem__
    with pytest.raises(AnsibleLookupError, match=r"secrets\.age cannot be decrypted with") as caught:
        lookup.run(["secrets.age"])
    assert str(other) not in str(caught.value)
    (tmp_path / "key.txt").write_text("not an identity")
    with pytest.raises(AnsibleLookupError, match="holds no age identity"):
        lookup.run(["secrets.age"])


def test_a_seed_document_comes_from_the_first_folder_or_the_bundle(tmp_path: Path) -> None:
    for name in ("overlay", "base", "bundle/manifests"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "overlay/crd.yaml").write_text("overlay")
    (tmp_path / "base/crd.yaml").write_text("base")
    (tmp_path / "bundle/manifests/big.yaml").write_text("bundle")
    lookup = document.LookupModule()
    lookup.set_options = lambda **_: None
    folders = [str(tmp_path / "overlay"), str(tmp_path / "base")]
    lookup.get_option = {"folders": folders, "bundle_url": (tmp_path / "bundle").as_uri()}.__getitem__
    assert lookup.run(["crd.yaml", "manifests/big.yaml"]) == ["overlay", "bundle"]
    with pytest.raises(AnsibleLookupError, match=r"none\.yaml, which is in none of"):
        lookup.run(["none.yaml"])
    with pytest.raises(AnsibleLookupError, match="which the bundle does not have"):
        lookup.run(["manifests/none.yaml"])


def test_the_practice_cluster_seeds_the_definition_that_its_platform_installs() -> None:
    seeded = ROOT / "inventory/lab/seed/beacons.yaml"
    installed = ROOT / "blackstart/lab/platform/cluster/platform/crds/beacons.yaml"
    assert seeded.read_text() == installed.read_text()
