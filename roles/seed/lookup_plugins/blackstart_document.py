"""Read documents of the seed on the control machine: beside the inventory, or out of the bundle."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: blackstart_document
short_description: Text of files beside the inventory or in the bundle
description:
  - A name that begins with manifests/ is a file of the bundle; any other is looked for in the folders.
options:
  _terms: {description: Names of files., required: true}
  folders:
    description: Folders to look in; the first that has the file counts.
    type: list
    elements: str
    default: []
  bundle_url: {description: Where the bundle is served., type: str, default: ""}
author: blackstart
"""

TIMEOUT = 20.0  # seconds; the bundle is served by this machine itself


class LookupModule(LookupBase):
    """One call of the lookup."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[str]:  # noqa: ANN401 - as its base
        """Return the text of each file, in order; AnsibleLookupError names the one that is not there."""
        self.set_options(var_options=variables, direct=kwargs)
        return [self._read(name) for name in terms]

    def _read(self, name: str) -> str:
        if name.startswith("manifests/"):
            return self._fetch(f"{self.get_option('bundle_url')}/{name}")
        folders = [Path(folder) for folder in self.get_option("folders")]
        for path in (folder / name for folder in folders):
            if path.is_file():
                return path.read_text(encoding="utf-8")
        looked = ", ".join(str(folder) for folder in folders)
        raise AnsibleLookupError(f"the seed names {name}, which is in none of {looked}")

    def _fetch(self, url: str) -> str:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - the bundle's own address
                text: str = answer.read().decode()
        except (OSError, ValueError) as error:
            raise AnsibleLookupError(f"the seed names {url}, which the bundle does not have: {error}") from error
        return text
