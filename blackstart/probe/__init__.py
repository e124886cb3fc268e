"""The observed state: one read-only round trip per node, and what the API says."""
