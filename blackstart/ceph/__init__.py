"""Ceph as a rebuild needs it: what was seen of it, whether a host may go, and whether it is back; all pure."""
