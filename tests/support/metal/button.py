"""A practice machine's power button for other processes: its folder, then on, off, force-off or state."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.metal.machine import load

if __name__ == "__main__":
    machine = load(Path(sys.argv[1]))
    match sys.argv[2]:
        case "on":
            said = machine.on()
        case "off" | "force-off" as action:
            said = machine.off(force=action == "force-off")
        case "state":
            said = machine.state().power
        case action:
            raise SystemExit(f"{action} is no action")
    sys.stdout.write(f"{said}\n")
