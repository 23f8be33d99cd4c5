"""The reference of errors and exit codes, from the classes in ``errors.py``."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.errors import DeploybookError
from deploybook.site.guide import Guide
from deploybook.site.markdown import code, fenced, plain, table

# What is no error of ours: success, a bug, and an interrupt by the operator (cli.py).
OTHER_CODES = {
    0: "Everything that was asked for is done, and every check passed.",
    1: "A bug in deploybook; the traceback says where.",
    130: "Stopped by Ctrl-C. What is done is kept; the same command goes on from there.",
}


def error_tree(_: Guide) -> str:
    """The classes under one another, each with its exit code."""
    return fenced("text", "\n".join(_drawn(DeploybookError, "", "")))


def error_table(_: Guide) -> str:
    """Each class: its exit code, its meaning, the troubleshooting entry that it leads to by itself."""
    rows = [
        [code(kind.__name__), str(kind.exit_code), _meaning(kind), _entry(kind)]
        for kind in _family(DeploybookError)
        if kind is not DeploybookError
    ]
    return table(("Error", "Exit code", "What it means", "Entry"), rows)


def exit_codes(_: Guide) -> str:
    """Each exit code with the first class of the tree that has it."""
    return table(("Exit code", "Meaning"), [[str(each), meaning] for each, meaning in sorted(meanings().items())])


def meanings() -> dict[int, str]:
    """Every exit code, and what it means."""
    found = dict(OTHER_CODES)
    for kind in _family(DeploybookError):
        found.setdefault(kind.exit_code, _meaning(kind))
    return found


def _family(kind: type[DeploybookError]) -> Iterator[type[DeploybookError]]:
    yield kind
    for child in _children(kind):
        yield from _family(child)


def _children(kind: type[DeploybookError]) -> list[type[DeploybookError]]:
    """Those of the tree itself; a provider's module may have made others, which are private to it."""
    return [child for child in kind.__subclasses__() if child.__module__ == DeploybookError.__module__]


def _drawn(kind: type[DeploybookError], first: str, rest: str) -> Iterator[str]:
    label = first + kind.__name__
    yield f"{label:<38} exit {kind.exit_code}"
    children = _children(kind)
    for child in children:
        last = child is children[-1]
        yield from _drawn(child, rest + ("└ " if last else "├ "), rest + ("  " if last else "│ "))


def _meaning(kind: type[DeploybookError]) -> str:
    return plain((kind.__doc__ or "").split("\n\n")[0].replace("``", "").strip())


def _entry(kind: type[DeploybookError]) -> str:
    entry = kind.entry_default
    return f"[{entry}](troubleshooting.md#{entry})" if entry else "each names its own"
