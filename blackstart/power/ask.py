"""Power by hand: prints which button to press; the driver itself sees nothing."""

from __future__ import annotations

from dataclasses import dataclass

from blackstart.power.base import Power, PowerFacts


@dataclass(frozen=True, slots=True)
class Ask:
    """Power of the machine `name`; the address helps a person to find it."""

    name: str
    address: str
    tells: bool = False
    repeat: float = 0.0

    @property
    def _machine(self) -> str:
        return f"{self.name} ({self.address})"

    def on(self) -> str:
        """Return what to press."""
        return f"please press the power button of {self._machine} once, and see its light come on"

    def off(self, *, force: bool = False) -> str:
        """Return what to press, and for how long."""
        if force:
            return f"please hold the power button of {self._machine} for five seconds, until its light is out"
        return f"please press the power button of {self._machine} once and let it shut down, until its light is out"

    def cycle(self) -> str:
        """Return both in one sentence."""
        return f"{self.off(force=True)}; then press it once more"

    def state(self) -> PowerFacts:
        """Return unknown: only a person sees the power light."""
        return PowerFacts(Power.UNKNOWN, "only a person at the machine can see its light")
