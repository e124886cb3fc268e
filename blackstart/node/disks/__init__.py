"""The disks of a node: who each is, who uses it, what is on it, whether it is blank; and wiping one."""
