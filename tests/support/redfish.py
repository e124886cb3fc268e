"""The Redfish emulator of sushy-tools, whose fake machines change their power within two seconds.

By default it takes one to eleven, at random.
"""

from __future__ import annotations

import random
import sys

from sushy_tools.emulator import main
from sushy_tools.emulator.resources.systems import fakedriver


class Chance(random.Random):
    """Chance that always gives the least but one: a second at least passes."""

    def randint(self, a: int, b: int) -> int:
        return a + 1


if __name__ == "__main__":
    fakedriver.random = Chance()
    sys.exit(main.main())
