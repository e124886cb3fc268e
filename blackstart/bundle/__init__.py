"""Everything a start needs, pinned and checked before anything is touched."""
