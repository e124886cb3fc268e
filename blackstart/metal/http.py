"""What a network boot fetches over HTTP: a fixed script, an order while it is authorised, the live system's files.

Nothing on that network proves who asks: HTTP has no secrets, and a MAC address is what anybody says it is. So while an
install is authorised, which is from the moment that the machine is switched on until its live system answers, whoever
is on the network can fetch the order and its seed, and learns the live system's ssh host key; whoever can answer in our
place can boot the machine into anything. Such a one could pass for the live system and be given what an installed node
is given. Hence: a network that is yours, keys that are made for one order and used for nothing else, and no secret of
the cluster in a seed; the installed system's own host key goes over ssh.
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
_SECONDS = 60.0  # a client that is silent for so long is let go
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
    """What is served now. `live` maps names to files; orders and seeds come and go. Safe to use from several threads.

    Every path is looked up whole in one dictionary, so that none can lead anywhere else.
    """

    def __init__(self, live: Mapping[str, Path], asked: BootProgress) -> None:
        """Begin with no order."""
        self.asked = asked
        self._fixed: dict[str, bytes | Path] = {f"/live/{name}": path for name, path in live.items()}
        self._orders: dict[str, dict[str, bytes]] = {}

    def begin(self, url: str) -> None:
        """Learn the address that all of it is served at."""
        self._fixed["/boot.ipxe"] = SCRIPT.format(url=url).encode()

    def authorise(self, mac: str, script: str, token: str, seed: Mapping[str, str]) -> None:
        """From now on give this machine its order, and whoever knows the token the seed's files."""
        paths = {f"/seed/{token}/{name}": text.encode() for name, text in seed.items()}
        self._orders[hyphens(mac)] = {f"/order/{hyphens(mac)}": script.encode(), **paths}

    def withdraw(self, mac: str) -> None:
        """From now on there is no order for this machine, and no seed."""
        self._orders.pop(hyphens(mac), None)

    def find(self, path: str) -> bytes | Path | None:
        """Return what is served under a path, None for nothing."""
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
        """Stay silent: what was asked is noted in words."""

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
        """Send all of it, or the one range that is asked for: Arch's live system begins by asking for one byte."""
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
        except OSError:  # it went away, or asked for a part and closed: it asks again if it wants more
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
        """Say nothing: a client that goes away in the middle ends its own connection and nothing else."""


def require_port(address: str, port: int = PORT) -> None:
    """Raise InputError when the port is taken."""
    _server(Boots({}, BootProgress(lambda _words: None)), address, port).server_close()


def _server(boots: Boots, address: str, port: int) -> _Server:
    try:
        return _Server((address, port), partial(_Handler, boots))
    except OSError as error:
        raise InputError(
            f"cannot serve network boots on {address}:{port}: {error.strerror}",
            hint=f"end what holds it, another `blackstart netboot` perhaps: ss -ltnp 'sport = :{port}'",
        ) from error


@contextmanager
def serve(boots: Boots, address: str, port: int = PORT) -> Iterator[str]:
    """Serve on this one address while the block runs; yields the URL. InputError when the port is taken."""
    server = _server(boots, address, port)
    url = f"http://{address}:{server.server_port}"
    boots.begin(url)
    threading.Thread(target=server.serve_forever, name="netboot", daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
