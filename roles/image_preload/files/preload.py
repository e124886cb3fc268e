#!/usr/bin/python3
"""Import the bundle's images into containerd, set by set, each once.

    preload --start URL   begin in a unit of its own (it outlives the run that asked for it) unless nothing is missing
    preload --import URL  import what is missing, in order; this is what the unit runs
    preload --wait SET    return when every image of the set is there, or say why it will not be

Each image streams from the bundle into `ctr images import`, with no copy on disk. containerd checks every blob against
its digest, and the manifest's own digest is compared with the one that came over ssh. An image counts as there once it
carries the label that is set last: one that was cut off is imported again, and what arrived of it is used.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, NoReturn, cast

LIST = Path("/etc/blackstart/images.json")
SETS = ("control-plane", "network", "gitops", "platform")
UNIT = "blackstart-preload"
FAILURE = Path("/run/blackstart/preload-failure")
CTR = ("ctr", "--namespace", "k8s.io")
# kubelet's garbage collection passes over images with this label (containerd, internal/cri/labels).
PINNED = "io.cri-containerd.pinned"
OURS = "blackstart.set"
CONTENT = Path("/var/lib/containerd")
# An image lies there twice, as compressed blobs and as a snapshot: 1.8 GB out of 428 MB, measured.
SPACE_PER_BYTE = 4.5
BLOCK = 1 << 20
RETRY_SECONDS = 120  # the bundle's server lives as long as a run, and another run may be about to start
WAIT_SECONDS = 600


class Image(NamedTuple):
    """An image of the bundle; `set` is its place in the order, `digest` its manifest's."""

    name: str
    file: str
    digest: str
    set: str
    bytes: int


class UnfinishedError(Exception):
    """The bundle's server went away in the middle."""


def wanted() -> list[Image]:
    """Return the images of the bundle in the order in which they are imported."""
    images = [Image(**image) for image in json.loads(LIST.read_text())]
    return sorted(images, key=lambda image: SETS.index(image.set))


def listed(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return digest and labels of each image out of what `ctr images ls` prints (pure)."""
    lines = (line.split() for line in text.splitlines()[1:])
    return {words[0]: (words[2], frozenset(words[-1].split(","))) for words in lines}


def run(argv: list[str]) -> tuple[int, str, str]:
    """Run a command to its end; return its status and what it said."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def present() -> dict[str, tuple[str, frozenset[str]]]:
    """Return digest and labels of every image in containerd."""
    status, out, err = run([*CTR, "images", "ls"])
    if status != 0:
        fail(f"containerd does not answer: {last_line(err)}")
    return listed(out)


def absent(images: list[Image], there: dict[str, tuple[str, frozenset[str]]]) -> list[Image]:
    """Return the images that are not there, not wholly there, or there with another digest (pure)."""

    def complete(image: Image) -> bool:
        digest, labels = there.get(image.name, ("", frozenset()))
        return digest == image.digest and f"{PINNED}=pinned" in labels

    return [image for image in images if not complete(image)]


def free() -> int:
    """Return the bytes that containerd's filesystem has left."""
    return shutil.disk_usage(CONTENT if CONTENT.exists() else "/var/lib").free


def require_space(images: list[Image]) -> None:
    """Stop before anything is written when it cannot fit."""
    need, left = int(sum(image.bytes for image in images) * SPACE_PER_BYTE), free()
    if need > left:
        fail(
            f"no space left for the images: {CONTENT} has {left >> 20} MiB free, {len(images)} images need about "
            f"{need >> 20} MiB. Make room there, then run again; `ctr -n k8s.io images ls` shows what is there"
        )


def last_line(text: str) -> str:
    """Return the last line of what a program said, which is its error."""
    return (text.strip().splitlines() or ["it said nothing"])[-1][-400:]


def fail(message: str) -> NoReturn:
    """Say why, for people and for --wait, and end."""
    FAILURE.parent.mkdir(mode=0o700, exist_ok=True)
    FAILURE.write_text(message + "\n")
    sys.exit(message)


def feed(source: IO[bytes], sink: IO[bytes]) -> int:
    """Copy until either side ends; return the bytes that came from the source."""
    copied = 0
    while block := source.read(BLOCK):
        copied += len(block)
        try:
            sink.write(block)
        except BrokenPipeError:
            break  # ctr ended early, and says why
    with suppress(BrokenPipeError):
        sink.close()
    return copied


def stream(url: str, image: Image) -> None:
    """Stream one image into containerd; raises UnfinishedError when the server went away, ends when ctr refuses it."""
    # --local: the transfer service copies the stream once more, for a quarter more processor time. --sync-fs: without
    # it a power cut leaves a snapshot that counts as whole, with files that are empty.
    argv = [*CTR, "images", "import", "--local", "--sync-fs", "-"]
    with (
        urllib.request.urlopen(f"{url}/{image.file}", timeout=60) as source,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ctr,
    ):
        try:
            copied = feed(source, cast("IO[bytes]", ctr.stdin))
        except OSError as error:
            ctr.kill()
            raise UnfinishedError(str(error)) from error
        errors = cast("IO[bytes]", ctr.stderr).read().decode(errors="replace")
    if ctr.returncode == 0:
        return
    if copied < image.bytes and "unexpected EOF" in errors:
        raise UnfinishedError(f"{copied} of {image.bytes} bytes came")
    said = f"{image.name} cannot be imported ({free() >> 20} MiB free in {CONTENT}): {last_line(errors)}"
    if "digest" in errors and "no space left" not in errors:
        said += f". {image.file} is not what the bundle says: build or copy it again"
    fail(said)


def load(url: str, image: Image) -> None:
    """Import one image, compare its digest, pin it; tries again for a while when the server goes away."""
    # What an attempt that failed left under this name must not pass for what this one brings.
    run([*CTR, "images", "rm", image.name])
    end = time.monotonic() + (RETRY_SECONDS if url.startswith("http") else 0)
    while True:
        try:
            stream(url, image)
            break
        except urllib.error.HTTPError as error:
            fail(f"{image.file} cannot be fetched from {url}: HTTP {error.code}; is it part of the bundle?")
        except (OSError, UnfinishedError) as error:
            if time.monotonic() > end:
                fail(f"{image.file} cannot be fetched from {url}: {error}. Run again: what is there is kept")
            time.sleep(1)
    found = present().get(image.name, ("nothing", frozenset()))[0]
    if found != image.digest:
        run([*CTR, "images", "rm", image.name])
        fail(f"{image.file} holds {found} as {image.name}, wanted: {image.digest}. Build or copy the bundle again")
    label(image.name, f"{PINNED}=pinned", f"{OURS}={image.set}")


def label(name: str, *labels: str) -> None:
    """Set labels; one with an empty value is removed."""
    status, _, err = run([*CTR, "images", "label", name, *labels])
    if status != 0:
        fail(f"{name} cannot be labelled: {last_line(err)}")


def release() -> None:
    """Leave images of an earlier bundle to the kubelet's garbage collection."""
    names = {image.name for image in wanted()}
    for name, (_, labels) in present().items():
        if name not in names and any(text.startswith(f"{OURS}=") for text in labels):
            label(name, f"{PINNED}=", f"{OURS}=")


def import_all(url: str) -> None:
    """Import what is missing; the list is read anew each time, for it may have been replaced meanwhile."""
    while todo := absent(wanted(), present()):
        load(url, todo[0])
    release()


def active() -> bool:
    """Tell whether the unit runs."""
    return run(["systemctl", "is-active", "--quiet", UNIT])[0] == 0


def start(url: str) -> None:
    """Begin the import in a transient unit, unless one runs or nothing is missing."""
    if active():
        print("an import is running already")
        return
    todo = absent(wanted(), present())
    if not todo:
        print("every image is there")
        return
    require_space(todo)
    FAILURE.unlink(missing_ok=True)
    argv = ["systemd-run", "--quiet", "--collect", f"--unit={UNIT}", "--description=Import the images of the bundle"]
    status, _, err = run([*argv, sys.executable, str(Path(__file__).resolve()), "--import", url])
    if status != 0:
        fail(f"systemd would not start the import: {last_line(err)}")
    print(f"importing {len(todo)} images")


def wait(name: str) -> None:
    """Return when a set is complete; end with the importer's own words when it gave up."""
    images = [image for image in wanted() if image.set == name]
    end = time.monotonic() + WAIT_SECONDS
    while True:
        # In this order: the import may end well between the two looks.
        running, todo = active(), absent(images, present())
        names = ", ".join(image.name for image in todo)
        if not todo:
            return
        if not running:
            said = FAILURE.read_text().strip() if FAILURE.exists() else f"see journalctl -u {UNIT}"
            sys.exit(f"missing: {names}; and no import runs: {said}")
        if time.monotonic() > end:
            sys.exit(f"after {WAIT_SECONDS} s still importing: {names}")
        time.sleep(0.3)


def main() -> None:
    """Do what the first argument says."""
    actions = {"--start": start, "--import": import_all, "--wait": wait}
    match sys.argv[1:]:
        case [flag, value] if flag in actions:
            actions[flag](value)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
