"""What runs on the nodes: standard library alone, python >= 3.9, sent over ssh and never installed.

Each module's `main(request)` takes plain JSON values and returns plain JSON values whose keys are the fields of the
dataclasses in probe/observed.py; blackstart/probe/send.py packs a module with those that it imports from here.
"""
