"""The doors to the outside: processes, ssh, Ansible, the Kubernetes API; and the run's journal, lock and progress."""
