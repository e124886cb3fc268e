"""The bundle over HTTP, read-only, for the length of a run: nodes fetch from the machine that they already trust.

Nothing secret is in a bundle, and a node compares what it fetched with the digests that came over ssh.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = 8471  # fixed, so that the address written into a node's pacman mirror list stays the same from run to run
_POLL_SECONDS = 0.05  # shutting down takes as long; by default half a second


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive, and a length with every answer

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the signature is the standard library's
        """Stay silent: nodes report what they could not fetch."""

    def list_directory(self, path: Any) -> None:  # noqa: ANN401, ARG002 - the standard library's signature
        """Refuse listings: only files that bundle.json names are asked for."""
        self.send_error(404)


@contextmanager
def serve(folder: Path, address: str, port: int = PORT) -> Iterator[str]:
    """Serve folder on address while the block runs; yields the URL. InputError when the port is taken."""
    try:
        server = ThreadingHTTPServer((address, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise InputError(
            f"cannot serve the bundle on {address}:{port}: {error.strerror}",
            hint=f"free port {port} on this machine (`ss -ltnp 'sport = :{port}'` names who holds it)",
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="bundle", daemon=True).start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
