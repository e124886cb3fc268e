"""Through Rook's toolbox: the mark is written before noout is set, and Rook is told to leave the monitor alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl
    from testinfra.host import Host

FSID = "0f92ff89-36eb-4ddb-a18e-a13eaf1dde4c"


def test_the_mark_comes_first(host: Host) -> None:
    asked = host.file("/srv/recorded/asked").content_string.splitlines()
    done = [line.strip() for line in asked if line.split()[1] in {"set", "set-group", "fail"}]
    assert [line.split(" {")[0] for line in done] == [
        "config-key set blackstart/noout/melchior-1",
        "osd set-group noout osd.1 osd.3",
        "mgr fail x",
    ]
    mark = json.loads(host.file("/srv/recorded/mark").content_string)
    assert mark == {"order": "order-of-a-test", "fsid": FSID, "osds": [1, 3], "noout": [1, 3]}


def test_rook_leaves_the_monitor_alone(kubectl: Kubectl) -> None:
    labels = kubectl("deployment", "rook-ceph-mon-a", "--namespace=rook-elsewhere")["metadata"]["labels"]
    assert labels == {"app": "rook-ceph-mon", "mon": "a", "ceph.rook.io/do-not-reconcile": "blackstart"}
