"""What several rooms say in the same way."""

from __future__ import annotations

import pytest

from blackstart.words import some


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["vault"], "vault"),
        (["vault", "loki", "harbor"], "vault, loki, harbor"),
        (["vault", "loki", "harbor", "mimir"], "vault, loki, harbor and 1 more"),
        ([f"app-{number}" for number in range(75)], "app-0, app-1, app-2 and 72 more"),
    ],
)
def test_at_most_three_names_and_then_a_number(names: list[str], said: str) -> None:
    assert some(iter(names)) == said


def test_how_many_is_the_callers_choice() -> None:
    assert some(["a", "b", "c"], 1) == "a and 2 more"
