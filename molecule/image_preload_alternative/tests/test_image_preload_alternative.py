"""One image alone is wanted, and lies elsewhere: it is imported, and all others are left to the kubelet to clear up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Until
    from testinfra.host import Host

PAUSE = "registry.k8s.io/pause:3.10.1"
SOON = 60  # seconds for one small image


def test_the_list_holds_that_image_alone(host: Host) -> None:
    images = json.loads(host.file("/etc/blackstart/images.json").content_string)
    assert [(image["name"], image["file"]) for image in images] == [(PAUSE, "images/other.tar")]


def test_it_was_imported_and_it_alone_is_pinned(host: Host, until: Until) -> None:
    def pinned() -> tuple[bool, object]:
        lines = host.check_output("ctr --namespace k8s.io images list").splitlines()[1:]
        # containerd itself lists an image a second time, by its number.
        names = [line.split()[0] for line in lines if "io.cri-containerd.pinned=pinned" in line]
        names = [name for name in names if not name.startswith("sha256:")]
        return names == [PAUSE], {"pinned": names, "unit": host.run("journalctl -u blackstart-preload -n 9").stdout}

    until(pinned, SOON)
