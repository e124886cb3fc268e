"""The node's look at itself, run for real on this machine, and the parsers of what it reads."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from blackstart.node import command, https, machine, parallel

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = {
    "address": "127.0.0.1",
    "endpoint": {"name": "k8s-api.lab.home", "address": "127.0.0.1", "port": 6443},
    "units": ["containerd.service"],
    "images": False,
    "dark": [],
}


def test_this_machine() -> None:
    seen = machine.main(REQUEST)
    assert seen["hostname"] == socket.gethostname()
    assert seen["cgroup"] in {"v1", "v2"}
    assert seen["memory_bytes"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert seen["free_bytes"]["/"] > 0
    assert 0 < seen["booted"] < time.time()
    assert seen["booted"] + seen["uptime"] == pytest.approx(time.time(), abs=5)
    assert isinstance(seen["packages"], dict)


def test_init_started_later_than_the_kernel_in_a_container() -> None:
    stat = "cpu  1 2 3\nbtime 1795515000\nprocesses 9\n"
    init = "1 (a) strange) name) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 456700 9 9\n"
    assert machine.booted(stat, init, 100) == 1795519567.0


def test_programs_that_are_missing_fail_or_hang_say_nothing() -> None:
    assert command.output(["blackstart-no-such-program"]) == ""
    assert command.output(["sh", "-c", "echo half; exit 1"]) == ""
    assert command.output(["sleep", "5"], seconds=0.1) == ""
    assert command.output(["echo", "said"]) == "said\n"


def test_jobs_run_at_once_and_an_exception_is_not_lost() -> None:
    started = time.monotonic()
    assert parallel.together({"a": (time.sleep, 0.3), "b": (max, 1, 2), "c": (time.sleep, 0.3)}) == {
        "a": None,
        "b": 2,
        "c": None,
    }
    assert time.monotonic() - started < 0.6
    with pytest.raises(ZeroDivisionError):
        parallel.together({"a": (divmod, 1, 0), "b": (max, 1, 2)})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused at 10.0.0.1:6443"),
        (TimeoutError("timed out"), "no answer from 10.0.0.1:6443 in 2 s"),
        (OSError(113, "No route to host"), "10.0.0.1:6443: No route to host"),
        (ConnectionResetError(104, "Connection reset by peer"), "10.0.0.1:6443: Connection reset by peer"),
        (http.client.RemoteDisconnected(""), "10.0.0.1:6443: RemoteDisconnected"),
        (http.client.BadStatusLine("SSH-2.0"), "10.0.0.1:6443: SSH-2.0"),
    ],
)
def test_silence_is_told_apart(error: OSError, said: str) -> None:
    assert https.explain(error, "10.0.0.1:6443", 2.0) == said


def test_a_certificate_that_is_not_accepted_says_why() -> None:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_message = "certificate is not yet valid"
    said = "the certificate at 10.0.0.1:6443 is not accepted: certificate is not yet valid"
    assert https.explain(error, "10.0.0.1:6443", 2.0) == said


def test_a_server_that_is_not_ready_names_its_failing_checks() -> None:
    # As kube-apiserver 1.35.1 answers when etcd has no quorum.
    body = "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed: reason withheld\n"
    body += "[+]informer-sync ok\nreadyz check failed\n"
    assert https.unready(500, body) == "answers, but is not ready: etcd, etcd-readiness failed"
    assert https.unready(401, '{"kind":"Status","code":401}') == 'answers with status 401: {"kind":"Status","code":401}'
    assert https.unready(503, "") == "answers with status 503"


def test_without_a_ca_a_node_is_part_of_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "CA", str(tmp_path / "ca.crt"))
    assert https.readyz("127.0.0.1", 1, "127.0.0.1") == f"{tmp_path}/ca.crt is not there"


def test_a_kubeconfig_without_embedded_certificates_is_said(tmp_path: Path) -> None:
    file = tmp_path / "admin.conf"
    file.write_text("users:\n- user:\n    client-certificate: /var/lib/kubelet/pki/x.pem\n    client-key-data: eA==\n")
    with pytest.raises(ValueError, match=r"holds no certificate-authority, client-certificate-data"):
        https.admin_tls(str(file))
