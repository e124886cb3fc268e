"""Ceph, asked and told by its own command from a control plane."""
