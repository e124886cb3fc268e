"""One exception tree; every error carries its exit code, what was found and the way out."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every verb: the contract with scripts and with tired people."""

    OK = 0
    BUG = 1
    INPUT = 2
    REFUSED = 3
    UNREACHABLE = 4
    TIMEOUT = 5
    LOCKED = 6
    ROLE_FAILED = 7
    INTERRUPTED = 130


class BlackstartError(Exception):
    """Root of all errors that are shown to a person as one message and a hint."""

    exit_code = Exit.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message (what was found, what was wanted) apart from the hint (what to do)."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(BlackstartError):
    """The inventory, the arguments or the bundle are wrong; nothing was touched."""

    exit_code = Exit.INPUT


class RefusedError(BlackstartError):
    """Going on would risk data or quorum."""

    exit_code = Exit.REFUSED


class NotWellError(RefusedError):
    """Others that this relies on are not well now; at another look they may be (engine/retry.py)."""


class UnreachableError(BlackstartError):
    """A node or the API cannot be reached, or does not prove to be what it should be."""

    exit_code = Exit.UNREACHABLE


class GateTimeoutError(BlackstartError):
    """A gate did not open in time."""

    exit_code = Exit.TIMEOUT


class LockedError(BlackstartError):
    """Another run works on the same cluster."""

    exit_code = Exit.LOCKED


class RoleFailedError(BlackstartError):
    """A role failed on a node."""

    exit_code = Exit.ROLE_FAILED


class InterruptedRunError(BlackstartError):
    """The person pressed Ctrl-C; the run can be repeated."""

    exit_code = Exit.INTERRUPTED

    def __init__(self, message: str = "interrupted") -> None:
        """Say what was interrupted."""
        said = "nothing is lost: kubeadm and image imports end by themselves on the nodes"
        super().__init__(message, hint=f"{said}; run the same command to go on")
