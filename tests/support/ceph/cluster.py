"""A real Ceph cluster: a monitor and two OSDs on each of three hosts, managers on two of them."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from tests.support.ceph.hosts import Room

MONS = {"melchior-1": "a", "balthasar-2": "b", "casper-3": "c"}  # named as Rook names them: not after their hosts
MGRS = {"melchior-1": "x", "balthasar-2": "y"}
ADMIN = "/etc/ceph/ceph.client.admin.keyring"
POOL = "kept"
CONF = """\
[global]
fsid = {fsid}
mon host = {mons}
public network = {subnet}
ms bind ipv6 = false
osd pool default pg num = 8
osd pool default pg autoscale mode = off
# What follows is for a small machine: no measuring of disks, less memory, and no warnings about either.
osd mclock skip benchmark = true
osd heartbeat grace = 15
osd memory target = 939524096
mon data avail warn = 1
"""


class Cluster:
    """The cluster on the hosts of a room."""

    def __init__(self, room: Room, fsid: str) -> None:
        """Start nothing yet."""
        self.room = room
        self.fsid = fsid

    def ceph(self, *words: str, at: str = "melchior-1", check: bool = True) -> str:
        """Run ceph on a host and return what it prints."""
        return self.room.run(at, "ceph", "--connect-timeout", "15", *words, check=check).stdout

    def json(self, *words: str, at: str = "melchior-1") -> Any:
        """Return the document that ceph prints."""
        return json.loads(self.ceph(*words, "--format", "json", at=at))

    def up(self) -> None:
        """Start all of it, with a pool of three copies."""
        for host in self.room.hosts:
            self.room.attach(host)
        self._everywhere(self.room.create)
        self._keys()
        self._everywhere(self.mon)
        self._everywhere(self.mgr)
        self._everywhere(self._osds)
        self.pool(POOL)

    def _everywhere(self, do: Callable[[str], None]) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(do, self.room.hosts))

    def _keys(self) -> None:
        addresses = {host: here.address for host, here in self.room.hosts.items()}
        both = {host: f"[v2:{address}:3300,v1:{address}:6789]" for host, address in addresses.items()}
        subnet = self.room.subnet
        (self.room.etc / "ceph.conf").write_text(
            CONF.format(fsid=self.fsid, mons=" ".join(both.values()), subnet=subnet)
        )
        caps = {"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
        self._key("/etc/ceph/mon.keyring", "mon.", {"mon": "allow *"})
        self._key(ADMIN, "client.admin", caps)
        self._key("/var/lib/ceph/bootstrap-osd/ceph.keyring", "client.bootstrap-osd", {"mon": "profile bootstrap-osd"})
        self._on_first("cp", "/var/lib/ceph/bootstrap-osd/ceph.keyring", "/etc/ceph/bootstrap-osd.keyring")
        for part in (ADMIN, "/etc/ceph/bootstrap-osd.keyring"):
            self._on_first("ceph-authtool", "/etc/ceph/mon.keyring", "--import-keyring", part)
        mons = [word for host, name in MONS.items() for word in ("--addv", name, both[host])]
        words = ["--create", "--fsid", self.fsid, "--set-min-mon-release", "20", *mons, "/etc/ceph/monmap"]
        self._on_first("monmaptool", *words)
        self._on_first("chown", "-R", "ceph:ceph", "/etc/ceph")

    def _on_first(self, *words: str) -> None:
        self.room.run("melchior-1", *words)

    def _key(self, path: str, name: str, caps: dict[str, str]) -> None:
        words = [word for service, cap in caps.items() for word in ("--cap", service, cap)]
        self._on_first("ceph-authtool", "--create-keyring", path, "--gen-key", "-n", name, *words)

    def mon(self, host: str) -> None:
        """Make a host's monitor, out of the map that the others have, and start it."""
        words = ["-i", MONS[host], "--setuser", "ceph", "--setgroup", "ceph"]
        files = ["--monmap", "/etc/ceph/monmap", "--keyring", "/etc/ceph/mon.keyring"]
        self.room.run(host, "ceph-mon", "--mkfs", *words, *files)
        self.room.run(host, "ceph-mon", *words, "--public-addr", str(self.room.hosts[host].address))

    def mgr(self, host: str) -> None:
        """Start a host's manager, where it has one."""
        if host in MGRS:
            name = MGRS[host]
            folder = f"/var/lib/ceph/mgr/ceph-{name}"
            caps = ["mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"]
            self.room.run(host, "install", "-d", "-o", "ceph", "-g", "ceph", folder)
            self.ceph("auth", "get-or-create", f"mgr.{name}", *caps, "-o", f"{folder}/keyring", at=host)
            self.room.run(host, "ceph-mgr", "-i", name, "--setuser", "ceph", "--setgroup", "ceph")

    def _osds(self, host: str) -> None:
        self.room.run(
            host, "install", "-D", "/etc/ceph/bootstrap-osd.keyring", "/var/lib/ceph/bootstrap-osd/ceph.keyring"
        )
        for disk in self.room.hosts[host].disks:
            device = self.room.device[disk]
            self.room.run(host, "ceph-volume", "raw", "prepare", "--objectstore", "bluestore", "--data", device)
            self.activate(host, device)

    def activate(self, host: str, device: str) -> int:
        """Start the OSD that a device holds, as Rook does; return its number. Its key is in its label."""
        number = json.loads(self.room.run(host, "ceph-bluestore-tool", "show-label", "--dev", device).stdout)
        osd = int(number[device]["whoami"])
        self.room.run(host, "ceph-volume", "raw", "activate", "--device", device, "--no-systemd")
        self.start_osd(host, osd)
        return osd

    def start_osd(self, host: str, osd: int) -> None:
        """Start an OSD that was activated."""
        self.room.run(host, "ceph-osd", "-i", str(osd), "--setuser", "ceph", "--setgroup", "ceph")

    def stop_osd(self, host: str, osd: int) -> None:
        """End an OSD as its pod's end does, and wait until the cluster has seen it."""
        self.room.run(host, "pkill", "-f", f"^ceph-osd -i {osd} ")
        self.until(lambda: osd not in self.osds_up(), f"osd.{osd} is down")

    def pool(self, name: str, size: int = 3, min_size: int = 2) -> None:
        """Make a replicated pool, and wait until all of the cluster is clean."""
        self.ceph("osd", "pool", "create", name, "8", "8", "replicated", "--size", str(size))
        self.ceph("osd", "pool", "set", name, "min_size", str(min_size))
        self.ceph("osd", "pool", "application", "enable", name, "test")
        self.until_clean()

    def osds_up(self) -> set[int]:
        """Return the numbers of the OSDs that are up."""
        return {entry["osd"] for entry in self.json("osd", "dump")["osds"] if entry["up"]}

    def osds_of(self, host: str) -> list[int]:
        """Return the numbers of a host's OSDs."""
        return sorted(self.json("node", "ls", "osd")[host])

    def put(self, count: int = 24) -> dict[str, str]:
        """Write objects and return the checksum of each."""
        folder = self.room.etc / "objects"
        folder.mkdir(exist_ok=True)
        for number in range(count):
            (folder / f"object-{number}").write_bytes(hashlib.sha256(str(number).encode()).digest() * 4096)
        self._each(f"rados -p {POOL} put $name /etc/ceph/objects/$name")
        return self._sums(folder)

    def get(self) -> dict[str, str]:
        """Read the objects and return the checksum of each."""
        folder = self.room.etc / "read"
        folder.mkdir()
        self._each(f"rados -p {POOL} get $name /etc/ceph/read/$name")
        return self._sums(folder)

    def _each(self, command: str) -> None:
        script = f"set -e; for name in $(ls /etc/ceph/objects); do {command}; done"
        self.room.run("melchior-1", "sh", "-c", script)

    @staticmethod
    def _sums(folder: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    def until(self, true: Callable[[], bool], what: str, seconds: float = 180) -> None:
        """Await a condition."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not true after {seconds} s: {what}\n{self.ceph('-s', check=False)}"
            time.sleep(0.5)

    def until_clean(self, seconds: float = 180) -> None:
        """Wait until every placement group is known, active and clean, and every OSD up."""

        def clean() -> bool:
            dump = self.json("osd", "dump")
            up = sum(osd["up"] for osd in dump["osds"])
            return up == 6 and all(state.startswith("active+clean") for state, _ in self._groups(dump))

        self.until(clean, "all placement groups are active and clean", seconds)

    def until_served_without(self, gone: Collection[int], seconds: float = 180) -> None:
        """Wait until every placement group has noticed that OSDs are down, and is served by others."""

        def served() -> bool:
            groups = self._groups(self.json("osd", "dump"))
            return all("active" in state and "stale" not in state and not acting & {*gone} for state, acting in groups)

        self.until(served, f"no placement group counts on OSDs {sorted(gone)}", seconds)

    def _groups(self, dump: dict[str, Any]) -> list[tuple[str, set[int]]]:
        """Return the state of each placement group of the OSD map's pools, and the OSDs that serve it."""
        found = [(pg["state"], set(pg["acting"])) for pg in self.json("pg", "dump", "pgs")["pg_stats"]]
        # A manager that was started just now learns of the groups one by one.
        wanted = sum(pool["pg_num"] for pool in dump["pools"])
        return found + [("not known", set())] * (wanted - len(found))
