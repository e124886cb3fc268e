"""Power by a person: says which button, and sees nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from blackstart.power.base import Power, PowerFacts


@dataclass(frozen=True, slots=True)
class Ask:
    """The button of the machine `name`, which people also know by its address."""

    name: str
    address: str
    tells: bool = False
    repeat: float = 0.0

    @property
    def _machine(self) -> str:
        return f"{self.name} ({self.address})"

    def on(self) -> str:
        """Say what to press."""
        return f"please press the power button of {self._machine} once, and see its light come on"

    def off(self, *, force: bool = False) -> str:
        """Say what to press, and for how long."""
        if force:
            return f"please hold the power button of {self._machine} for five seconds, until its light is out"
        return f"please press the power button of {self._machine} once and let it shut down, until its light is out"

    def cycle(self) -> str:
        """Say both in one sentence."""
        return f"{self.off(force=True)}; then press it once more"

    def state(self) -> PowerFacts:
        """Nobody but a person sees the light."""
        return PowerFacts(Power.UNKNOWN, "only a person at the machine can see its light")
