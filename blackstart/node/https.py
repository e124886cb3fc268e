"""HTTPS to addresses, not to names; every way to fail is told apart, since servers may be half up."""

from __future__ import annotations

import base64
import http.client
import os
import re
import socket
import ssl
from pathlib import Path

CA = "/etc/kubernetes/pki/ca.crt"
ADMIN = "/etc/kubernetes/admin.conf"


class Connection(http.client.HTTPSConnection):
    """A kept connection to an address that must prove to be `name` (an address may be its own name)."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext, name: str, timeout: float) -> None:
        """Prepare; the first request connects. timeout in seconds, for each step."""
        super().__init__(address, port, timeout=timeout, context=tls)
        self._tls = tls
        self._name = name

    def connect(self) -> None:
        """Connect to the address and check the certificate against the name."""
        plain = socket.create_connection((self.host, self.port), self.timeout)
        # http.client sends head and body apart; without this the second waits 40 ms for the first's answer.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)

    def ask(
        self, path: str, *, body: str | None = None, accept: str = "application/json", within: float = 0
    ) -> tuple[int, bytes]:
        """GET path (POST when there is a body); return status and body. within: seconds, when not as ever.

        Raises OSError, or http.client.HTTPException when the other side does not speak HTTP.
        """
        if within:
            self.timeout = within
            if self.sock is not None:
                self.sock.settimeout(within)
        headers = {"Accept": accept, **({"Content-Type": "application/json"} if body is not None else {})}
        self.request("GET" if body is None else "POST", path, body=body, headers=headers)
        answer = self.getresponse()
        return answer.status, answer.read()


def admin_tls(path: str = ADMIN) -> ssl.SSLContext:
    """Return a context with the client certificate of a kubeconfig as kubeadm writes it; nothing touches a disk.

    Raises OSError when it cannot be read and ValueError when it holds no embedded certificate.
    """
    text = Path(path).read_text(encoding="utf-8")
    found: dict[str, str] = dict(re.findall(r"^\s*([a-z-]+)-data:\s*(\S+)\s*$", text, re.MULTILINE))
    missing = {"certificate-authority", "client-certificate", "client-key"} - set(found)
    if missing:
        raise ValueError(f"{path} holds no {', '.join(sorted(missing))}-data")
    plain = {name: base64.b64decode(text) for name, text in found.items()}
    tls = ssl.create_default_context(cadata=plain["certificate-authority"].decode())
    # ssl reads certificates from files only; this one is in memory and is freed with its descriptor.
    memory = os.memfd_create("client")
    try:
        os.write(memory, plain["client-certificate"] + b"\n" + plain["client-key"])
        tls.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return tls


def explain(error: OSError | http.client.HTTPException | ValueError, where: str, seconds: float) -> str:
    """Explain why there was no answer from `where`; seconds is the timeout."""
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused at {where}"
    if isinstance(error, socket.timeout):
        return f"no answer from {where} in {seconds:.0f} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate at {where} is not accepted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return f"{where}: {error.strerror}"
    return f"{where}: {str(error) or type(error).__name__}"


def readyz(address: str, port: int, name: str, seconds: float = 2.0) -> str:
    """Ask an API server whether it is ready, anonymously (kubeadm allows that); return why not, or nothing.

    It must prove itself by the cluster's CA; a node that has none yet is part of no cluster.
    A server that answers 500 names the checks that fail: "[-]etcd failed: reason withheld".
    """
    where = f"{address}:{port}"
    if not Path(CA).exists():
        return f"{CA} is not there"
    tls = ssl.create_default_context(cafile=CA)
    try:
        status, body = _once(Connection(address, port, tls, name, seconds), "/readyz?verbose")
    except socket.timeout as error:
        # Without quorum the server is still trying etcd; /livez/ping does not ask etcd.
        try:
            _once(Connection(address, port, tls, name, 1), "/livez/ping")
        except (OSError, http.client.HTTPException):
            return explain(error, where, seconds)
        return f"is up, but its checks did not end in {seconds:.0f} s: etcd hardly answers or has no quorum"
    except (OSError, http.client.HTTPException) as error:
        return explain(error, where, seconds)
    return "" if status == http.HTTPStatus.OK else unready(status, body.decode(errors="replace"))


def _once(connection: Connection, path: str) -> tuple[int, bytes]:
    try:
        return connection.ask(path)
    finally:
        connection.close()


def unready(status: int, body: str) -> str:
    """Say what an API server that is not ready says of itself."""
    failing = re.findall(r"^\[-\](\S+) failed", body, re.MULTILINE)
    if failing:
        return f"answers, but is not ready: {', '.join(failing)} failed"
    said = body.strip().splitlines()
    return f"answers with status {status}" + (f": {said[-1][:200]}" if said else "")
