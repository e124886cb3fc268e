"""The desired state: what the inventory says, as typed models."""
