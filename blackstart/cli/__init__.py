"""One file per verb: its arguments, then one call; the only place that prints."""
