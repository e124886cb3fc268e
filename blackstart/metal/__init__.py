"""Bare metal: what is ordered to be installed on which machine, and how a dark machine is taken there."""
