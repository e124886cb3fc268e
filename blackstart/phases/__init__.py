"""One file per phase: reasons, play and gate, all pure; blackstart/verbs.py says the order."""
