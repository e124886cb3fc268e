"""What runs on the nodes, by subject: standard library alone, Python >= 3.9, sent there and never installed.

A program's `main(request)` takes plain JSON values and returns plain JSON values whose keys are the fields of the
dataclasses in probe/observed.py; blackstart/engine/carrier.py sends it to `python3 -` with all that it imports here.

A role's module imports the same files as ansible.module_utils.blackstart_node, which is a link in
blackstart/ansible/module_utils; imports in this package are relative, so that they hold under both names. For modules
the carrier stays Ansible's: Mitogen (or AnsiballZ, where a playbook is run without blackstart) has a Python on the node
already. Forty calls of a module that asks etcd took 6.2 to 7.2 s by Mitogen from shared files beside each other and
6.1 to 7.9 s from this package, which is the same; ten of them took 6.5 s with a Python started for each.
"""
