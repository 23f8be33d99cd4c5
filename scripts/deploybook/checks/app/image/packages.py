"""Names of npm packages in imports."""

from __future__ import annotations

import re

# Node.js, "Built-in modules" of version 20; each may be written with `node:`.
BUILT_IN = re.compile(
    r"assert|async_hooks|buffer|child_process|cluster|console|constants|crypto|dgram|diagnostics_channel|"
    r"dns|domain|events|fs|http|http2|https|inspector|module|net|os|path|perf_hooks|process|punycode|"
    r"querystring|readline|repl|stream|string_decoder|sys|timers|tls|trace_events|tty|url|util|v8|vm|wasi|"
    r"worker_threads|zlib|test"
)
_NAME = re.compile(r"(@[\w.~-]+/)?[\w.~-]+")


def package_of(specifier: str) -> str:
    """The package that an import names; empty for a file or a part of Node.js."""
    if specifier.startswith((".", "/", "node:", "#", "http:", "https:", "data:", "bun:")):
        return ""
    match = _NAME.match(specifier)
    name = match[0] if match else ""
    return "" if BUILT_IN.fullmatch(name) or not name else name
