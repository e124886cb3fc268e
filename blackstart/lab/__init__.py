"""The practice cluster: real components built from source, three systemd containers, one machine."""
