"""Through Rook's toolbox: the mark is written before noout is set, and Rook is told to leave the monitor alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl
    from testinfra.host import Host

FSID = "f8b4d19e-477e-4fac-a319-71df99b40cbd"


def test_the_mark_comes_first(host: Host) -> None:
    asked = host.file("/srv/recorded/asked").content_string.splitlines()
    done = [line.strip() for line in asked if {"set", "set-group", "fail"} & set(line.split()[1:2])]
    assert [line.split(" {")[0] for line in done] == [
        "config-key set blackstart/noout/melchior-1",
        "osd set-group noout osd.0 osd.3",
        "mgr fail x",
    ]
    mark = json.loads(host.file("/srv/recorded/mark").content_string)
    assert mark == {"order": "order-of-a-test", "fsid": FSID, "osds": [0, 3], "noout": [0, 3]}


def test_rook_leaves_the_monitor_alone(kubectl: Kubectl) -> None:
    labels = kubectl("deployment", "rook-ceph-mon-a", "--namespace=rook-elsewhere")["metadata"]["labels"]
    assert labels == {"app": "rook-ceph-mon", "mon": "a", "ceph.rook.io/do-not-reconcile": "blackstart"}
