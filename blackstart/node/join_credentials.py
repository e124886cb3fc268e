"""Make or revoke what a joining control plane needs: a bootstrap token and the uploaded certificates.

Secrets reach programs by file or standard input, never by their arguments. What is made also
expires without this run: a transient timer on this member revokes it.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import run
from .kubectl import Kubectl
from .text import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .module import Module

ADMIN = Path("/etc/kubernetes/admin.conf")
CA = Path("/etc/kubernetes/pki/ca.crt")
RUN = Path("/run/blackstart")
CERTS = "kubeadm-certs"
NAMESPACE = "--namespace=kube-system"
TIMER = "blackstart-revoke"


def token_secret(token: str, expires: datetime) -> dict[str, Any]:
    """Return the Secret that is a bootstrap token.

    Its form is upstream's: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
    """
    identity, _, secret = token.partition(".")
    fields = {
        "token-id": identity,
        "token-secret": secret,
        "description": "made by blackstart for one run of joins",
        "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": f"bootstrap-token-{identity}", "namespace": "kube-system"},
        "data": {name: base64.b64encode(value.encode()).decode() for name, value in fields.items()},
    }


class Credentials:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.module = module
        self.token: str = module.params["token"]
        self.kubectl = Kubectl(str(ADMIN), module.params["server"])

    def run(self, words: Sequence[str]) -> str:
        """Run a program and return its output; fails the module with its last lines."""
        ended = run(words)
        if ended.status != 0:
            self.module.fail_json(msg=f"{' '.join(words[:4])} failed: {ended.said(6)}")
        return ended.out

    def names(self) -> list[str]:
        """Return the names of all Secrets that a run makes; upload-certs ties its own to a token that it makes."""
        found = self.kubectl.get("secret", CERTS, NAMESPACE)
        owners = found[0]["metadata"].get("ownerReferences", []) if found else []
        return [CERTS, f"bootstrap-token-{self.token.partition('.')[0]}", *(owner["name"] for owner in owners)]

    def delete(self) -> list[str]:
        """Return the command that revokes everything."""
        return self.kubectl.words("delete", "secret", NAMESPACE, "--ignore-not-found", "--wait=false", *self.names())

    def make(self) -> dict[str, Any]:
        """Upload the certificates, make the token, and arm the timer; returns the cluster's CA, which is public.

        Raises KubectlError.
        """
        ttl: int = self.module.params["ttl"]
        self.disarm()
        RUN.mkdir(mode=0o700, exist_ok=True)
        path = RUN / "upload-certs.yaml"
        try:
            write(path, self.module.params["configuration"])
            phase = ["kubeadm", "init", "phase", "upload-certs"]
            self.run([*phase, "--upload-certs", "--skip-certificate-key-print", f"--config={path}"])
        finally:
            path.unlink(missing_ok=True)
        expires = datetime.now(timezone.utc) + timedelta(seconds=ttl)
        self.kubectl.run("create", "--filename=-", stdin=json.dumps(token_secret(self.token, expires)))
        timer = ["systemd-run", "--quiet", "--collect", f"--unit={TIMER}", f"--on-active={ttl}"]
        self.run([*timer, *self.delete()])
        return {"changed": True, "ca": CA.read_text()}

    def revoke(self) -> dict[str, Any]:
        """Delete what was made."""
        said = self.run(self.delete())
        self.disarm()
        return {"changed": bool(said.strip())}

    def disarm(self) -> None:
        """Stop the timer of this or an earlier run; there may be none."""
        run(["systemctl", "stop", f"{TIMER}.timer"])
