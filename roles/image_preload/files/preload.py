#!/usr/bin/python3
"""Import the bundle's images into containerd, set by set, each once.

    preload --start URL   begin in a unit of its own (it outlives the run that asked for it) unless nothing is missing
    preload --import URL  import what is missing, in order; this is what the unit runs
    preload --wait SET    return when every image of the set is there, or say why it will not be

Each image streams from the bundle into `ctr images import`, with no copy on disk. containerd checks every blob
against its digest, and the manifest's own digest is compared with the one that came over ssh.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

LIST = Path("/etc/blackstart/images.json")
UNIT = "blackstart-preload"
FAILURE = Path("/run/blackstart/preload-failure")
CTR = ["ctr", "--namespace", "k8s.io"]
# kubelet's garbage collection passes over images with this label (containerd pkg/cri/labels).
PINNED = "io.cri-containerd.pinned=pinned"
CONTENT = Path("/var/lib/containerd")
# An image lies there twice, as compressed blobs and as a snapshot: 1.8 GB out of 428 MB, measured.
SPACE_PER_BYTE = 4.5
WAIT_SECONDS = 600


def wanted() -> list[dict[str, str]]:
    """Return the images of the bundle in the order in which they are imported."""
    images: list[dict[str, str]] = json.loads(LIST.read_text())
    return images


def present() -> dict[str, str]:
    """Return the digest of every image by its name."""
    done = subprocess.run([*CTR, "images", "ls"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()[1:]]
    return {words[0]: words[2] for words in lines}


def missing(images: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the images that are not there, or there with another digest."""
    there = present()
    return [image for image in images if there.get(image["name"]) != image["digest"]]


def require_space(images: list[dict[str, str]]) -> None:
    """Stop before anything is written when it cannot fit."""
    need = int(sum(int(image["bytes"]) for image in images) * SPACE_PER_BYTE)
    free = shutil.disk_usage(CONTENT).free
    if need > free:
        fail(
            f"{CONTENT} has {free // 2**20} MiB free, {len(images)} images need about {need // 2**20} MiB; "
            "make room there (`ctr -n k8s.io images ls` shows what is there), then run again"
        )


def fail(message: str) -> None:
    """Say why, for people and for --wait, and end."""
    FAILURE.parent.mkdir(mode=0o755, exist_ok=True)
    FAILURE.write_text(message + "\n")
    sys.exit(message)


def load(url: str, image: dict[str, str]) -> None:
    """Stream one image into containerd and pin it."""
    # --local: the transfer service copies the stream once more, for a quarter more processor time.
    argv = [*CTR, "images", "import", "--local", "--digests=false", "-"]
    try:
        with urllib.request.urlopen(f"{url}/{image['file']}", timeout=60) as source:  # noqa: S310 - our own bundle
            with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ctr:
                try:
                    shutil.copyfileobj(source, ctr.stdin, 1 << 20)
                    ctr.stdin.close()
                except BrokenPipeError:
                    pass  # ctr ended early: it says why below
                errors = ctr.stderr.read().decode(errors="replace")
    except OSError as error:
        fail(f"{image['file']} cannot be fetched from {url}: {error}")
    if ctr.returncode != 0:
        free = shutil.disk_usage(CONTENT).free // 2**20
        fail(f"{image['name']} cannot be imported ({free} MiB free): {errors.strip()[-400:]}")
    found = present().get(image["name"])
    if found != image["digest"]:
        fail(f"{image['name']} has digest {found}, the bundle says {image['digest']}: the bundle was altered")
    subprocess.run([*CTR, "images", "label", image["name"], PINNED], stdout=subprocess.DEVNULL, check=True)


def import_all(url: str) -> None:
    """Import what is missing."""
    for image in missing(wanted()):
        load(url, image)


def start(url: str) -> None:
    """Begin the import in a transient unit, unless it runs or nothing is missing."""
    if active():
        print("an import is running already")
        return
    todo = missing(wanted())
    if not todo:
        print("every image is there")
        return
    require_space(todo)
    FAILURE.unlink(missing_ok=True)
    subprocess.run(["systemctl", "reset-failed", UNIT], stderr=subprocess.DEVNULL, check=False)
    argv = ["systemd-run", "--quiet", "--collect", "--unit", UNIT, "--description", "Import the bundle's images"]
    subprocess.run([*argv, sys.executable, os.path.realpath(__file__), "--import", url], check=True)
    print(f"importing {len(todo)} images")


def active() -> bool:
    """Tell whether the unit runs."""
    return subprocess.run(["systemctl", "is-active", "--quiet", UNIT], check=False).returncode == 0


def wait(name: str) -> None:
    """Return when a set is complete; end with the importer's own words when it gave up."""
    images = [image for image in wanted() if image["set"] == name]
    end = time.monotonic() + WAIT_SECONDS
    while todo := missing(images):
        if not active() and missing(images):
            said = FAILURE.read_text().strip() if FAILURE.exists() else f"see journalctl -u {UNIT}"
            sys.exit(f"{', '.join(image['name'] for image in todo)} missing, and no import runs: {said}")
        if time.monotonic() > end:
            sys.exit(f"still importing after {WAIT_SECONDS} s: {todo[0]['name']}")
        time.sleep(0.3)


def main() -> None:
    """Do what the first argument says."""
    action = {"--start": start, "--import": import_all, "--wait": wait}.get(sys.argv[1] if len(sys.argv) == 3 else "")
    if action is None:
        sys.exit(__doc__)
    action(sys.argv[2])


if __name__ == "__main__":
    main()
