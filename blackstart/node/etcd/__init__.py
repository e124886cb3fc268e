"""etcd on a control plane: its members, when one may leave, and snapshots."""
