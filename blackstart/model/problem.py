"""What is wrong with an inventory: where, what was found, what was wanted, what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

Keys = tuple[str | int, ...]


class Severity(StrEnum):
    """An error stops every verb; a placeholder stops only what needs the value: installing a machine."""

    ERROR = "error"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before it has a place: the keys that lead to the value, and the node whose value it is, if it is one's.

    The message says what was found and what was wanted, the hint what to do.
    """

    keys: Keys
    message: str
    hint: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem with its place; line is 0 when the value is missing, key is as in `disks.ceph[0].id`."""

    file: str
    line: int
    key: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return it on one line, as compilers do."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def document(self) -> dict[str, Any]:
        """Return it as plain values for --json."""
        return asdict(self)


class InventoryError(InputError):
    """An inventory that cannot be used; carries every problem that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Put all problems into one message."""
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join([f"the inventory has {count}:", *map(str, problems)]),
            hint="nothing was touched; `blackstart check` shows each with a hint",
        )
        self.problems = tuple(problems)


def spell(keys: Keys) -> str:
    """Write keys as people do: ("disks", "ceph", 0, "id") is `disks.ceph[0].id`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def shorten(file: Path) -> str:
    """Return a path as seen from the current folder when it lies below it."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
