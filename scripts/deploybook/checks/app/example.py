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
    for binding in parse_stream(io.StringIO(sources.text(path))):
        written = binding.original.string
        # What precedes a variable (empty lines) belongs to its binding.
        line = binding.original.line + (len(written) - len(written.lstrip("\n")))
        if binding.key:
            result.append(Read(binding.key, path, line, binding.value or ""))
        elif commented := LEFT_OUT.match(written.lstrip("\n")):
            result.append(Read(commented[1], path, line))
    return result
