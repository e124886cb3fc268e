"""Install or upgrade a Helm release when chart, values or what they once rendered differ, or one was cut off.

`helm upgrade --install` alone is no test for change: it writes a new revision each time, and charts that make
certificates while they render (Cilium's hubble.tls.auto.method helm) make new ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .command import run
from .kubectl import Kubectl, KubectlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .module import Module


def differences(release: dict[str, Any], values: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say what differs between the release as `helm list` and `helm get values` show it and what is wanted."""
    if not release:
        return ["it is not installed"]
    found = []
    if release["chart"] != wanted["chart"]:
        found.append(f"its chart is {release['chart']}, wanted is {wanted['chart']}")
    if release["status"] != "deployed":
        found.append(f"its last operation is {release['status']}")
    if values != wanted["values"]:
        keys = sorted(key for key in {*values, *wanted["values"]} if values.get(key) != wanted["values"].get(key))
        found.append(f"its values differ in {', '.join(keys)}")
    return found


class Release:
    """One call of the module."""

    def __init__(self, module: Module, home: str) -> None:
        """Read the parameters; home is an empty folder for what Helm wants to cache."""
        self.module = module
        self.name: str = module.params["name"]
        self.namespace: str = module.params["namespace"]
        folders = {f"HELM_{kind}_HOME": home for kind in ("CACHE", "CONFIG", "DATA")}
        self.environment = {**folders, "HOME": home, "KUBECONFIG": module.params["kubeconfig"]}
        self.helm = ["helm", f"--kube-apiserver={module.params['server']}", f"--namespace={self.namespace}"]
        self.kubectl = Kubectl(module.params["kubeconfig"], module.params["server"])

    def run(self, words: Sequence[str]) -> str:
        """Run a program and return what it printed; fails the module with its last lines."""
        ended = run(words, environment=self.environment)
        if ended.status != 0:
            self.module.fail_json(msg=f"{words[0]} {' '.join(words[3:6])} failed: {ended.said(8)}")
        return ended.out

    def apply(self) -> dict[str, Any]:
        """Install or upgrade when anything differs; returns the module's result. Raises KubectlError."""
        found = self.look()
        if self.module.params["force"]:
            found.append("an upgrade was asked for")
        if found and not self.module.check_mode:
            self.unlock()
            self.upgrade()
        return {"changed": bool(found), "msg": "; ".join(found) or "nothing differs"}

    def look(self) -> list[str]:
        """Say what differs from what is wanted."""
        listed = json.loads(self.run([*self.helm, "list", "--all", f"--filter=^{self.name}$", "--output=json"]))
        release = listed[0] if listed else {}
        values = json.loads(self.run([*self.helm, "get", "values", self.name, "--output=json"])) if release else {}
        with open(self.module.params["values_file"], encoding="utf-8") as stream:  # noqa: PTH123 - one line, no pathlib
            wanted = {"chart": f"{self.name}-{self.module.params['version']}", "values": json.load(stream)}
        found = differences(release, values or {}, wanted)
        if not found and self.drifted():
            found.append(f"ConfigMap {self.module.params['config_map']} is not as the chart made it")
        return found

    def drifted(self) -> bool:
        """Tell whether somebody changed the named ConfigMap by hand: the next upgrade would undo it unasked."""
        config_map = self.module.params["config_map"]
        if not config_map:
            return False
        live = self.kubectl.get("configmap", config_map, f"--namespace={self.namespace}")
        manifest = self.run([*self.helm, "get", "manifest", self.name])
        # kubectl reads the release's YAML, so that no YAML library is needed on the node.
        words = ("create", "--dry-run=client", "--validate=false", "--output=json", "--filename=-")
        try:
            wanted = json.loads(self.kubectl.run(*words, stdin=_document(manifest, config_map)))
        except KubectlError:  # the release has no such ConfigMap
            return False
        return not live or wanted.get("data") != live[0].get("data")

    def unlock(self) -> None:
        """Remove the record of an operation that was cut off: Helm refuses another one as long as it is there."""
        pending = f"owner=helm,name={self.name},status in (pending-install,pending-upgrade,pending-rollback)"
        where = f"--namespace={self.namespace}"
        self.kubectl.run("delete", "secret", where, f"--selector={pending}", "--ignore-not-found")

    def upgrade(self) -> None:
        """Install or upgrade without waiting: what comes up is observed by others."""
        params = self.module.params
        words = [*self.helm, "upgrade", self.name, params["chart"], "--install", f"--values={params['values_file']}"]
        self.run([*words, "--history-max=5"])


def _document(manifest: str, config_map: str) -> str:
    """Return the one YAML document that is this ConfigMap."""
    for document in manifest.split("\n---"):
        lines = document.splitlines()
        if "kind: ConfigMap" in lines and f"  name: {config_map}" in lines:
            return document
    return ""
