"""Installing Arch on a machine that runs a live system: its disk, its packages, its place in the boot order."""
