"""What is on a disk and who uses it, as reasons to refuse it; an OSD of our own is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.disks.facts import GIB
from blackstart.disks.verdict import Code, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.disks.facts import DiskFacts, Osd, Signature, Use
    from blackstart.model.cluster import Node

# The marks of what an OSD is kept in: with its labels in sight they say nothing more.
_OF_AN_OSD = {
    "bluestore": {"ceph_bluestore"},
    "lvm": {"LVM2_member"},
    "luks": {"crypto_LUKS"},
    "partition": {"gpt", "PMBR"},
}
_AT_WORK = frozenset({"open", "holder", "claim"})


@dataclass(frozen=True, slots=True)
class Ours:
    """How our own OSDs are known: the fsid of our Ceph cluster, and which OSDs are up (UUIDs, or our numbers)."""

    fsid: str
    live: frozenset[str] = frozenset()


def osd(seen: DiskFacts) -> Osd | None:
    """Return the OSD on a disk: the first label's, since that is the one that an OSD starts from."""
    return seen.bluestore[0] if seen.bluestore else None


def live(seen: DiskFacts, ours: Ours) -> bool:
    """Tell whether the OSD on a disk, whoever's it is, is at work: its disk is in use, or it is known to be up."""
    if not seen.bluestore:
        return False
    uuids = {label.osd_uuid for label in seen.bluestore if label.osd_uuid}
    numbers = {label.osd_id for label in seen.bluestore if label.osd_id and label.ceph_fsid == ours.fsid}
    return bool((uuids | numbers) & ours.live or seen.uses)


def reasons(node: Node, role: Role, name: str, seen: DiskFacts, ours: Ours) -> Iterator[Reason]:
    """Yield why a disk must not be used, as far as uses and contents say; nothing for a blank disk and for our OSD."""
    erase = _erase(node, name, seen)
    works = bool(seen.bluestore)
    if seen.runs_the_system:
        text = f"{seen.path} carries the running system: it or a part of it is mounted at /; wanted: a disk without one"
        yield Reason(
            Code.RUNS_THE_SYSTEM, text, f"name another disk in host_vars/{node.name}.yml: this is the boot disk"
        )
    for use in seen.uses:
        if not (works and use.kind in _AT_WORK):
            yield _use(node, seen, use)
    yield from _osds(node, role, seen, ours, erase)
    yield from _marks(seen, erase)
    yield from _bytes(node, seen, erase)


def _marks(seen: DiskFacts, erase: str) -> Iterator[Reason]:
    """Yield one reason for each known format, however many copies of its mark there are."""
    expected = {kind for label in seen.bluestore for kind in _OF_AN_OSD.get(label.how, set())}
    kinds: dict[str, list[Signature]] = {}
    for mark in seen.signatures:
        if mark.kind not in expected:
            kinds.setdefault(mark.kind, []).append(mark)
    for first, *copies in kinds.values():
        code = Code.PARTITIONS if first.usage == "partition-table" else Code.SIGNATURE
        more = f" (and at {len(copies)} more places)" if copies else ""
        found = f"found {_mark(first)} at byte {first.offset}{more}"
        yield Reason(code, f"{found}, wanted a blank disk", erase)


def _bytes(node: Node, seen: DiskFacts, erase: str) -> Iterator[Reason]:
    blank = seen.blank
    if blank.error_at is not None:
        yield Reason(
            Code.UNREADABLE,
            f"{seen.path} cannot be read at byte {blank.error_at} ({_where(blank.error_at)}): it is failing",
            f"on {node.name}: smartctl -a {seen.path}; replace the disk",
        )
    if blank.nonzero_at is not None:
        text = f"found unknown data at byte {blank.nonzero_at} ({_where(blank.nonzero_at)}), wanted a blank disk"
        yield Reason(Code.DATA, text, erase)
    known = seen.uses or seen.signatures or seen.bluestore
    if not known and not blank.looked:
        text = f"{seen.path} was not read ({blank.why or 'no reason given'}), so that it may hold anything"
        yield Reason(Code.UNREAD, text, f"on {node.name}: ls -l {seen.path}; blackstart must look as root")


def _osds(node: Node, role: Role, seen: DiskFacts, ours: Ours, erase: str) -> Iterator[Reason]:
    if not seen.bluestore:
        return
    first = seen.bluestore[0]
    at = f"found {first} at byte {first.offset}{'' if first.how == 'bluestore' else f' (by {first.how})'}"
    if role is Role.BOOT:
        yield Reason(Code.OSD_ON_BOOT_DISK, f"{at} of the disk that is named for booting, wanted no OSD", erase)
    elif any(not label.ceph_fsid for label in seen.bluestore):
        text = f"{at}; of which cluster it is cannot be read"
        yield Reason(Code.OSD_UNKNOWN, text, f"on {node.name}: ceph-bluestore-tool show-label --dev {seen.path}")
    elif not ours.fsid:
        text = f"{at}; the inventory does not say which cluster is ours"
        yield Reason(
            Code.OSD_UNKNOWN, text, f"if it is, storage_ceph_fsid: {first.ceph_fsid} in group_vars/all/storage.yml"
        )
    else:
        yield from _of_clusters(seen, ours, at, erase)


def _of_clusters(seen: DiskFacts, ours: Ours, at: str, erase: str) -> Iterator[Reason]:
    labels = seen.bluestore
    foreign = [label for label in labels if label.ceph_fsid != ours.fsid]
    if foreign:
        found = f"found {foreign[0]} at byte {foreign[0].offset}"
        yield Reason(Code.OSD_FOREIGN, f"{found}, wanted none or an OSD of our cluster {ours.fsid}", erase)
    elif not live(seen, ours):
        names = {(label.osd_uuid, label.osd_id) for label in labels}
        if len(names) > 1:
            text = f"{at}, and labels of {len(names) - 1} more OSDs at {_offsets(labels)}; wanted: those of one"
            yield Reason(Code.OSD_TORN, text, erase)
        elif labels[0].how == "bluestore" and labels[0].offset != 0:
            text = f"{at}, and no label at byte 0: its beginning was overwritten; wanted: a label there"
            yield Reason(Code.OSD_TORN, text, f"ceph-bluestore-tool show-label --dev {seen.path} first; {erase}")


def _offsets(labels: tuple[Osd, ...]) -> str:
    return ", ".join(f"{label.offset // GIB} GiB" for label in labels)


def _use(node: Node, seen: DiskFacts, use: Use) -> Reason:
    code, command = {
        "mount": (Code.MOUNTED, f"umount {use.what}"),
        "swap": (Code.SWAP, f"swapoff /dev/{use.on}"),
        "holder": (Code.HELD, _release(use)),
        "open": (Code.OPEN, f"fuser -v /dev/{use.on}, and stop that program"),
    }.get(use.kind, (Code.HELD, f"grep -l ' {seen.devno} ' /proc/*/mountinfo"))
    return Reason(code, f"{seen.path} is in use: {use.text(seen.name)}; wanted: a disk nobody uses", _on(node, command))


def _on(node: Node, command: str) -> str:
    return f"if that is no longer needed, on {node.name}: {command}"


def _release(use: Use) -> str:
    owner, _, name = use.detail.partition(" ")
    if use.what.startswith("md"):
        return f"mdadm --stop /dev/{use.what}"
    return {
        "LVM": f"vgs -o vg_name,pv_name, then vgchange -an of the one on /dev/{use.on}",
        "CRYPT": f"cryptsetup close {name}",
        "mpath": f"multipath -f {name}",
    }.get(owner, f"dmsetup info /dev/{use.what}")


def _mark(mark: Signature) -> str:
    table = mark.usage == "partition-table"
    words = f"the partition table {mark.kind}" if table else f"{mark.kind} ({mark.usage or 'unknown use'})"
    return f"{words} called {mark.label!r}" if mark.label else words


def _where(at: int) -> str:
    return f"{at / GIB:.2f} GiB into it" if at >= GIB else f"{at / 2**20:.2f} MiB into it"


def _erase(node: Node, name: str, seen: DiskFacts) -> str:
    look = f"look first, on {node.name}: wipefs -n /dev/disk/by-id/{name}"
    if not seen.serial:
        return f"{look}; it has no serial number, so blackstart will not erase it"
    return (
        f"{look}; to erase it, `wipe: {seen.serial}` at this disk in host_vars/{node.name}.yml, "
        f"then --yes-wipe {seen.serial}"
    )
