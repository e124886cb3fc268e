"""A machine without a GPU is left as it is, and nothing that it could not be is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Refused
    from testinfra.host import Host

FILE = "/etc/modprobe.d/blackstart-ttm.conf"


def test_nothing_is_set(host: Host) -> None:
    assert not host.file(FILE).exists


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ("48 GiB of GTT beside a carve-out of 48 GiB", {"carve_out_gib": 48, "gtt_gib": 48}),
        ("87 GiB of GTT, firmware leaves 96 GiB of memory", {"gtt_gib": 87}),
        # A number that Debian and Arch give to groups of their own.
        ("has the number 4 that render is to have", {"render_gid": 4}),
    ],
    ids=["apu_prefer_gtt", "nothing left for the system", "number of another group"],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    host: Host, refused: Refused, said: str, changes: dict[str, int]
) -> None:
    given = {f"gpu_memory_{name}": value for name, value in {"ram_gib": 96, "gtt_gib": 16, **changes}.items()}
    refused("gpu_memory", said, **given)
    assert not host.file(FILE).exists
