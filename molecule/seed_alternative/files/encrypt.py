"""Make an age identity and a file of Secrets that it opens: `encrypt.py FOLDER`. Both are for one test alone."""

from __future__ import annotations

import sys
from pathlib import Path

from pyrage import encrypt, x25519

SECRETS = """\
---
apiVersion: v1
kind: Secret
metadata:
  name: first
  namespace: elsewhere-a
stringData:
  word: sesame
"""

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(mode=0o700, exist_ok=True)
    identity = x25519.Identity.generate()
    key = folder / "identity.txt"
    key.touch(mode=0o600)
    key.write_text(f"{identity}\n")
    (folder / "secrets.age").write_bytes(encrypt(SECRETS.encode(), [identity.to_public()]))
