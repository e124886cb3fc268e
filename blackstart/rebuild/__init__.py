"""Rebuilding one node: the legs of its path that `up` does not have, from a member to an empty system."""
