"""Real disks, as far as this machine has any: loop devices over sparse files with somebody's data prepared for real."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from blackstart.disks.judge import judge
from blackstart.disks.verdict import Code, Role, State, Verdict
from blackstart.disks.writes import to_write, wishes
from blackstart.engine import process
from blackstart.errors import RefusedError
from blackstart.lab.system import ensure_system_packages
from tests.support.disks import images
from tests.support.disks.bench import Bench, node, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.lab
TERABYTE = 10**12


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a bench whose loop devices are detached at the end."""
    ensure_system_packages(images.TOOLS)
    with ExitStack() as stack:
        yield Bench(tmp_path_factory.mktemp("disks"), stack)


def sparse(folder: Path, name: str, size: int) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.fixture(scope="module")
def prepared(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Prepare and attach every image."""
    folder = tmp_path_factory.mktemp("images")
    made = {}
    for name, image in images.IMAGES.items():
        made[name] = sparse(folder, name, image.size)
        image.make(made[name])
        bench.attach(name, made[name])
    return made


@pytest.fixture(scope="module")
def judged(bench: Bench, prepared: dict[str, Path]) -> dict[str, Verdict]:
    """Look at all of them in one round trip, and judge; nothing may have changed on any by that."""
    before = {name: images.fingerprint(path) for name, path in prepared.items()}
    table = bench.look(*prepared)
    after = {name: images.fingerprint(path) for name, path in prepared.items()}
    assert [name for name in prepared if after[name] != before[name]] == []
    here = node(*(wanted(name, images.IMAGES[name].size, wipe=name) for name in prepared))
    return {v.disk.removeprefix("ata-LAB_"): v for v in judge(here, table, fsid=images.OURS)}


@pytest.mark.parametrize("name", images.IMAGES)
def test_somebodys_data_is_refused(name: str, judged: dict[str, Verdict]) -> None:
    verdict, image = judged[name], images.IMAGES[name]
    assert verdict.state is State.REFUSED
    assert verdict.data_at_risk
    assert image.code in verdict.codes
    assert any(image.says in reason.text for reason in verdict.reasons), verdict.reasons
    assert all(f"--yes-wipe {name}" in reason.hint for reason in verdict.reasons)


@pytest.mark.parametrize("name", [name for name, image in images.IMAGES.items() if image.hidden])
def test_what_is_hidden_is_hidden_from_blkid_and_wipefs(name: str, bench: Bench, prepared: dict[str, Path]) -> None:
    device = bench.device[name]
    assert process.run(["wipefs", "--no-act", device]).stdout == ""
    assert process.run(["blkid", "-p", device], check=False).returncode == 2


@pytest.mark.parametrize("name", images.IMAGES)
def test_only_both_keys_put_it_on_the_list(name: str, judged: dict[str, Verdict]) -> None:
    here = node(*(wanted(other, images.IMAGES[other].size, wipe=other) for other in judged if other in images.IMAGES))
    assert [w.disk for w in to_write(judged.values(), wishes([here]), [name])] == [f"ata-LAB_{name}"]
    assert to_write(judged.values(), wishes([here]), []) == ()
    with pytest.raises(RefusedError, match="no disk of the inventory"):
        to_write(judged.values(), {}, [name])


def test_six_blank_disks_are_usable_in_two_seconds(bench: Bench, tmp_path: Path) -> None:
    names = [f"blank{number}" for number in range(6)]
    for name in names:
        bench.attach(name, sparse(tmp_path, name, 2 * TERABYTE))
    started = time.monotonic()
    table = bench.look(*names)
    assert time.monotonic() - started < 2.0
    here = node(*(wanted(name, 2 * TERABYTE, wipe=name) for name in names))
    verdicts = [verdict for verdict in judge(here, table, fsid=images.OURS) if verdict.role is Role.CEPH]
    assert [verdict.state for verdict in verdicts] == [State.USABLE] * 6
    assert to_write(verdicts, wishes([here]), names) == ()  # usable is never written


def test_reading_everything_finds_what_samples_miss(bench: Bench, tmp_path: Path) -> None:
    image = sparse(tmp_path, "needle", images.SIZE)
    images.write(image, 5 * images.GIB + 4242, images.CANARY)
    bench.attach("needle", image)
    here = node(wanted("needle", images.SIZE))
    assert judge(here, bench.look("needle"), fsid="")[1].state is State.USABLE  # 21 bytes in 15 GiB: the stated risk
    verdict = judge(here, bench.look("needle", full=True), fsid="")[1]
    assert verdict.codes == {Code.DATA}
    assert f"byte {5 * images.GIB + 4242}" in verdict.reasons[0].text


def test_a_mounted_disk_is_in_use(bench: Bench, tmp_path: Path) -> None:
    image, point = sparse(tmp_path, "mounted", images.SIZE), tmp_path / "a point"
    images.ext4(image)
    point.mkdir()
    device = bench.attach("mounted", image)
    process.run(["mount", device, point])
    try:
        verdict = judge(node(wanted("mounted", images.SIZE)), bench.look("mounted"), fsid="")[1]
    finally:
        canary = (point / "canary").read_bytes()
        process.run(["umount", point])
    assert canary == images.CANARY
    assert Code.MOUNTED in verdict.codes
    assert any(f"mounted at {point}" in reason.text for reason in verdict.reasons)


def test_a_mount_that_only_others_see_is_a_use(bench: Bench, tmp_path: Path) -> None:
    image, point = sparse(tmp_path, "elsewhere", images.SIZE), tmp_path / "point"
    images.ext4(image)
    point.mkdir()
    device = bench.attach("elsewhere", image)
    script = f"mount {device} {point} && echo up && exec sleep 60"
    with subprocess.Popen(
        ["/usr/bin/unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "up\n"
        verdict = judge(node(wanted("elsewhere", images.SIZE)), bench.look("elsewhere"), fsid="")[1]
        other.terminate()
    assert Code.HELD in verdict.codes
    assert any("claimed by the kernel" in reason.text for reason in verdict.reasons)


def test_our_osd_is_ours_and_at_work_when_its_disk_is_open(bench: Bench, tmp_path: Path) -> None:
    image = sparse(tmp_path, "osd", images.SIZE)
    for gib in (0, 1, 10):
        images.write(image, gib * images.GIB, images.label(images.OSD, images.OURS, 3))
    device = bench.attach("osd", image)
    here = node(wanted("osd", images.SIZE, wipe="osd"))
    idle = judge(here, bench.look("osd"), fsid=images.OURS)[1]
    assert (idle.state, idle.live, idle.reasons) == (State.OURS, False, ())
    assert idle.osd
    assert (idle.osd.osd_id, idle.osd.ceph_fsid, idle.osd.osd_uuid) == ("3", images.OURS, images.OSD)
    program = f"f = open({device!r}, 'rb'); print('open', flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        live = judge(here, bench.look("osd"), fsid=images.OURS)[1]
        other.terminate()
    assert (live.state, live.live) == (State.OURS, True)
    with pytest.raises(RefusedError, match=f"OSD 3 of cluster {images.OURS}.*no option forces it"):
        to_write([live], wishes([here]), ["osd"])


def test_a_sector_that_cannot_be_read_is_a_failing_disk(bench: Bench, tmp_path: Path) -> None:
    image = sparse(tmp_path, "failing", images.SIZE)
    bench.attach("failing", image)
    with image.open("r+b") as file:
        file.truncate(images.SIZE - 8 * images.MIB)  # what is past the file's end the loop device cannot read
    try:
        verdict = judge(node(wanted("failing", images.SIZE)), bench.look("failing"), fsid="")[1]
    finally:
        with image.open("r+b") as file:
            file.truncate(images.SIZE)
    assert verdict.codes == {Code.UNREADABLE}
    assert not verdict.data_at_risk
    assert "is failing" in verdict.reasons[0].text


def test_a_read_only_disk_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.attach("locked", sparse(tmp_path, "locked", images.SIZE), "--read-only")
    assert judge(node(wanted("locked", images.SIZE)), bench.look("locked"), fsid="")[1].codes == {Code.READ_ONLY}
