"""What of Ansible's AnsibleModule the programs here use, and how an entry hands a failure of theirs to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn


class Module(Protocol):
    """One call of a module."""

    params: dict[str, Any]
    check_mode: bool

    def fail_json(self, msg: str, **result: Any) -> NoReturn:  # noqa: ANN401 - whatever a result may hold
        """End the call as failed; `blackstart_refused=True` says that it was for the sake of data or quorum."""


@contextmanager
def failing_for(module: Module, *errors: type[Exception]) -> Iterator[None]:
    """Fail the module with the text of one of these errors, which say all that a person needs."""
    try:
        yield
    except errors as error:
        module.fail_json(msg=str(error))
