"""What happened in a run, told from its journal: as one HTML file, as text for a terminal, as JSON for scripts.

`build` turns events into a Report (pure); `render_html`, `render_text` and `document` say it; `write` puts the HTML
beside the journal.
"""

from __future__ import annotations

from blackstart.report.build import build
from blackstart.report.document import document
from blackstart.report.html import render_html, write
from blackstart.report.read import read_journal
from blackstart.report.text import render_text

__all__ = ["build", "document", "read_journal", "render_html", "render_text", "write"]
