"""What Ansible reads beside the roles: modules and what they share."""
