"""What a network boot fetches over HTTP: a fixed script, an order while it is authorised, the live system's files.

Clients are not authenticated: HTTP has no secrets, and MAC addresses can be forged. While an install is authorised
(from power-on until the live system answers), everybody on the network can fetch the order and its seed, and with it
the live system's ssh host key; an attacker who answers in our place can boot the machine into anything, pass for the
live system and receive what an installed node receives. Hence: use a network that you trust; keys are made for one
order and used for nothing else; a seed holds no secret of the cluster; the installed system's host key goes over ssh.
"""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from blackstart.errors import InputError
from blackstart.metal.boot_progress import BootProgress, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PORT = 8470  # beside the bundle's
_POLL_SECONDS = 0.05  # shutting down takes as long; by default half a second
_SECONDS = 60.0  # after so long without data a client is disconnected
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_STEPS = {"order": Step.ORDER, "seed": Step.SEED, "live": Step.KERNEL}
# What stands in the place of an order is its machine's to choose: `exit 1` has the firmware go on to its next entry.
SCRIPT = """\
#!ipxe
chain {url}/order/${{netX/mac:hexhyp}} || echo no install is ordered for ${{netX/mac:hexhyp}}, on to the disk
exit 1
"""


def hyphens(mac: str) -> str:
    """Return a MAC address as iPXE's hexhyp and the kernel's BOOTIF write it: 52-54-00-aa-00-01."""
    return mac.lower().replace(":", "-")


class Boots:
    """What is served now. `live` maps names to files; orders and seeds are added and removed. Thread-safe.

    Paths are keys of one dictionary and never resolved, so none can lead to another file.
    """

    def __init__(self, live: Mapping[str, Path], asked: BootProgress) -> None:
        """Begin without an order."""
        self.asked = asked
        self.url = ""
        self._fixed: dict[str, bytes | Path] = {f"/live/{name}": path for name, path in live.items()}
        self._orders: dict[str, dict[str, bytes]] = {}

    def begin(self, url: str) -> None:
        """Set the URL that all of it is served at."""
        self.url = url
        self._fixed["/boot.ipxe"] = SCRIPT.format(url=url).encode()

    def authorise(self, mac: str, script: str, token: str, seed: Mapping[str, str]) -> None:
        """Serve this machine's order from now on, and the seed's files to clients that know the token."""
        paths = {f"/seed/{token}/{name}": text.encode() for name, text in seed.items()}
        self._orders[hyphens(mac)] = {f"/order/{hyphens(mac)}": script.encode(), **paths}

    def withdraw(self, mac: str) -> None:
        """Stop serving the order and the seed of this machine."""
        self._orders.pop(hyphens(mac), None)

    def find(self, path: str) -> bytes | Path | None:
        """Return what is served at a path, or None."""
        if path in self._fixed:
            return self._fixed[path]
        return next((order[path] for order in list(self._orders.values()) if path in order), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive, and a length with every answer
    server_version, sys_version = "blackstart", ""
    timeout = _SECONDS

    def __init__(self, boots: Boots, *rest: Any) -> None:  # noqa: ANN401 - the signature is the standard library's
        self._boots = boots
        super().__init__(*rest)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the signature is the standard library's
        """Do nothing: BootProgress records requests."""

    def do_GET(self) -> None:
        """Answer with a file, whole or in part."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer with its length."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = urlsplit(self.path).path
        found = self._boots.find(path)
        who, room = self.client_address[0], path.split("/")[1] if path.count("/") else ""
        if found is None:
            self._boots.asked.remark(f"{who} asked for {_shown(path)}: {_missing(room)}")
            self._begin(HTTPStatus.NOT_FOUND, 0)
            return
        self._boots.asked.note(_STEPS.get(room, Step.SCRIPT), f"{who} asked for {_shown(path)}")
        with BytesIO(found) if isinstance(found, bytes) else found.open("rb") as stream:
            self._send(stream, body=body)

    def _send(self, stream: BinaryIO, *, body: bool) -> None:
        """Send all of it, or the requested range: Arch's live system begins with a request for one byte."""
        size = stream.seek(0, 2)
        first, last, status = 0, size - 1, HTTPStatus.OK
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked and int(asked[1]) < size:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            status = HTTPStatus.PARTIAL_CONTENT
        length = max(last - first + 1, 0)
        self._begin(status, length, f"bytes {first}-{last}/{size}" if status == HTTPStatus.PARTIAL_CONTENT else "")
        if not body:
            return
        stream.seek(first)
        try:
            if status == HTTPStatus.OK:
                shutil.copyfileobj(stream, self.wfile, 1 << 20)
            else:
                self.wfile.write(stream.read(length))
        except OSError:  # the client closed the connection; it requests the rest again if it needs it
            self.close_connection = True

    def _begin(self, status: HTTPStatus, length: int, part: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(length))
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()


def _shown(path: str) -> str:
    """Return a path for a journal: the token of a seed is left out, and what is not printable."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in path[:80])
    return re.sub(r"^/seed/[^/]+", "/seed/…", clean)


def _missing(room: str) -> str:
    return "no install of it is authorised" if room in {"order", "seed"} else "not served"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401 - the signature is the standard library's
        """Do nothing: a client that disconnects ends its own connection only."""


def require_port(address: str, port: int = PORT) -> None:
    """Raise InputError when the port is taken."""
    _server(Boots({}, BootProgress(lambda _words: None)), address, port).server_close()


def _server(boots: Boots, address: str, port: int) -> _Server:
    try:
        return _Server((address, port), partial(_Handler, boots))
    except OSError as error:
        raise InputError(
            f"cannot serve network boots on {address}:{port}: {error.strerror}",
            hint=f"stop what uses it, perhaps another `blackstart netboot`: ss -ltnp 'sport = :{port}'",
        ) from error


@contextmanager
def serve(boots: Boots, address: str, port: int = PORT) -> Iterator[str]:
    """Serve on this one address while the block runs; yields the URL. InputError when the port is taken."""
    server = _server(boots, address, port)
    url = f"http://{address}:{server.server_port}"
    boots.begin(url)
    threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="netboot", daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
