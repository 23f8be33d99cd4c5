"""`.env.example`: the variables that it shows to whoever sets the application up."""

from __future__ import annotations

import io
import re

from dotenv.parser import parse_stream

from deploybook.checks.app.reads import Read
from deploybook.checks.app.sources import Sources

FILE = ".env.example"
PRODUCTION = ".env.production"
# One that may be left out stands there as a comment.
LEFT_OUT = re.compile(r"\s*#\s*([A-Z][A-Z0-9_]*)=")


def scan(sources: Sources, path: str) -> list[Read]:
    """The variables of a file, with their values; none if there is no such file."""
    if path not in sources.files:
        return []
    result = []
    for each in parse_stream(io.StringIO(sources.text(path))):
        written = each.original.string
        # What precedes a variable (empty lines) belongs to its binding.
        line = each.original.line + (len(written) - len(written.lstrip("\n")))
        if each.key:
            result.append(Read(each.key, path, line, each.value or ""))
        elif commented := LEFT_OUT.match(written.lstrip("\n")):
            result.append(Read(commented[1], path, line))
    return result
