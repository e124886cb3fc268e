"""What of Ansible's AnsibleModule the programs here use: whoever calls them from Ansible hands theirs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import NoReturn


class Module(Protocol):
    """One call of a module."""

    params: dict[str, Any]
    check_mode: bool

    def fail_json(self, msg: str, **result: Any) -> NoReturn:  # noqa: ANN401 - whatever a result may hold
        """End the call as failed; `blackstart_refused=True` says that it was for the sake of data or quorum."""
