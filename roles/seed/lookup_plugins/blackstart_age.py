"""Decrypt age files on the control machine, in memory only: nothing decrypted is ever written to a disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyrage
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: blackstart_age
short_description: Text of age-encrypted files
description:
  - Decrypts with an X25519 identity (https://age-encryption.org/v1), armored or not.
options:
  _terms: {description: Names of encrypted files., required: true}
  identity: {description: The file that age-keygen wrote., type: str, required: true}
  folders:
    description: Folders to look in; the first that has the file counts.
    type: list
    elements: str
    default: []
author: blackstart
"""


def identities(text: str) -> list[pyrage.x25519.Identity]:
    """Return the identities of a file as age-keygen writes it: one per line, comments begin with #."""
    lines = (line.strip() for line in text.splitlines())
    return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]


class LookupModule(LookupBase):
    """One call of the lookup."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[str]:  # noqa: ANN401 - as its base
        """Return the text of each file; AnsibleLookupError says which file, never what is in it."""
        self.set_options(var_options=variables, direct=kwargs)
        key = self._find(self.get_option("identity"))
        try:
            mine = identities(key.read_text(encoding="utf-8"))
        except pyrage.IdentityError as error:
            raise AnsibleLookupError(f"{key} holds no age identity; it is the file that age-keygen wrote") from error
        return [self._decrypt(self._find(name), mine, key) for name in terms]

    def _find(self, name: str) -> Path:
        # An absolute name, or one that begins with ~, stands for itself.
        paths = [Path(folder) / Path(name).expanduser() for folder in ["", *self.get_option("folders")]]
        for path in paths:
            if path.is_file():
                return path
        raise AnsibleLookupError(f"{name} is not there; looked for {', '.join(map(str, paths))}")

    def _decrypt(self, path: Path, mine: list[pyrage.x25519.Identity], key: Path) -> str:
        try:
            return pyrage.decrypt(path.read_bytes(), mine).decode()
        except pyrage.DecryptError as error:
            raise AnsibleLookupError(f"{path} cannot be decrypted with {key}: {error}") from error
