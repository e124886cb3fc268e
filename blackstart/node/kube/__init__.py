"""Objects of the API, reduced to what decisions need, and the rules for draining and removing a node. Pure."""
