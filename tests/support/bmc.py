"""A management controller on loopback that speaks IPMI 2.0: `bmc.py PORT`. Its user is admin, its password hunter2.

pyghmi's own server, with one thing mended: it speaks cipher suite 3 (HMAC-SHA1) only and does not say so to a client
that proposes another; real controllers do (IPMI 2.0, table 13-15), and the client then proposes suite 3 itself.
"""

from __future__ import annotations

import sys
from typing import Any

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private.serversession import ServerSession

_SHA1 = 1
_INVALID_AUTHENTICATION = 0x11


class Controller(Bmc):  # type: ignore[misc]  # it has no types - pyghmi ships none
    """A machine that is off at first and obeys at once."""

    state = "off"

    def get_power_state(self) -> str:
        return self.state

    def power_on(self) -> None:
        self.state = "on"

    def power_off(self) -> None:
        self.state = "off"

    def power_shutdown(self) -> None:
        self.state = "off"


def refuse_other_suites(accept: Any) -> Any:
    """Wrap the server's answer to an open request: tag, status, privilege, and the client's session id."""

    def answer(self: Any, request: Any) -> Any:
        if request[12] == _SHA1:
            return accept(self, request)
        return bytearray([request[0], _INVALID_AUTHENTICATION, 0, 0]) + bytearray(request[4:8])

    return answer


if __name__ == "__main__":
    ServerSession.create_open_session_response = refuse_other_suites(ServerSession.create_open_session_response)
    Controller({"admin": "hunter2"}, port=int(sys.argv[1]), address="127.0.0.1").listen()
