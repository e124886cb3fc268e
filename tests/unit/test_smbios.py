"""The tables that machines of tests are grown with are read by the real dmidecode."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import pytest

from blackstart.engine import process
from tests.support.machines import smbios, structures

MACHINES = Path(__file__).parents[1] / "machines"
DMIDECODE = shutil.which("dmidecode", path="/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.mark.skipif(DMIDECODE is None, reason="needs dmidecode (.config/test-packages.sh installs it)")
@pytest.mark.parametrize("path", sorted(MACHINES.glob("*/*.json")), ids=lambda path: path.stem)
def test_the_real_dmidecode_reads_it_off_the_table_that_is_grown(path: Path, tmp_path: Path) -> None:
    text: str = json.loads(path.read_text())["dmidecode"]
    table = smbios(text)
    # A dump as dmidecode makes them: an entry point whose bytes sum up to nothing, and the table behind it.
    entry = bytearray(struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, 3, 0, 0, 1, 0, len(table), 0x20))
    entry[5] = -sum(entry) & 0xFF
    (tmp_path / "dump").write_bytes(bytes(entry).ljust(0x20, b"\0") + table)
    done = process.run([str(DMIDECODE), "--from-dump", tmp_path / "dump"])
    read = structures(re.sub(r"(?m)^Handle .*\n", "", done.stdout.partition("present.\n")[2]))
    wanted = structures(text)
    assert [
        (name, {key: entries.get(key) for key in entries.keys() & want})
        for (name, entries), (_, want) in zip(read, wanted, strict=False)
    ] == wanted
