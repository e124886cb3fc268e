"""One image alone is wanted, from elsewhere: it is imported, and all others are left to the kubelet's clearing up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Until
    from testinfra.host import Host

PAUSE = "registry.k8s.io/pause:3.10.1"
SOON = 60  # seconds for one small image


def test_that_image_alone_is_pinned(host: Host, until: Until) -> None:
    def pinned() -> tuple[bool, object]:
        lines = host.check_output("ctr --namespace k8s.io images list").splitlines()[1:]
        names = [line.split()[0] for line in lines if "io.cri-containerd.pinned=pinned" in line]
        return names == [PAUSE], names

    until(pinned, SOON)


def test_it_was_imported_from_the_other_place(host: Host) -> None:
    journal = host.check_output("journalctl --no-pager --output=json --unit=blackstart-preload --lines=50")
    commands = [json.loads(line).get("_CMDLINE", "") for line in journal.splitlines()]
    assert [name["name"] for name in json.loads(host.file("/etc/blackstart/images.json").content_string)] == [PAUSE]
    assert commands
