"""Which machine is told from another before it is erased, by what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blackstart.metal.machine_identity import reasons
from tests.support.metal import orders

if TYPE_CHECKING:
    from pathlib import Path

BOARD, MAC, OTHER, LOOPBACK = "B-1", orders.MAC.lower(), "52:54:00:aa:00:02", "00:00:00:00:00:00"


@pytest.mark.parametrize(
    ("serial", "mac", "board", "addresses", "words"),
    [
        (BOARD, orders.MAC, BOARD, [LOOPBACK, OTHER, MAC], []),
        (BOARD, orders.MAC, "B-2", [MAC], ["its board's serial number is B-2, wanted B-1"]),
        (BOARD, orders.MAC, "", [MAC], ["its board's serial number is (none), wanted B-1"]),
        (BOARD, orders.MAC, BOARD, [LOOPBACK, OTHER], [f"the MAC addresses {OTHER}, wanted {MAC} among them"]),
        (BOARD, orders.MAC, "B-2", [], ["B-2, wanted B-1", f"(none), wanted {MAC}"]),
        # What the inventory does not know is not compared; knowing nothing is not enough.
        ("", orders.MAC, "B-2", [MAC], []),
        (BOARD, "CHANGE-ME-lan-mac", BOARD, [OTHER], []),
        ("CHANGE-ME", "", BOARD, [MAC], ["neither board_serial nor nic_lan.mac is in the inventory"]),
    ],
)
def test_another_machine_is_told_from_the_node(
    tmp_path: Path, serial: str, mac: str, board: str, addresses: list[str], words: list[str]
) -> None:
    node = orders.cluster(tmp_path, mac=mac).node(orders.NODE).model_copy(update={"board_serial": serial})
    found = list(reasons(node, board, addresses))
    assert len(found) == len(words)
    assert all(part in text for part, text in zip(words, found, strict=True)), found
