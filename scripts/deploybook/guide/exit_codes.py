"""What each exit code of the command line means, from the classes in ``errors.py``."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.errors import DeploybookError
from deploybook.guide.markdown import plain

# What is no error of ours: success, a bug, and a signal (cli.py, runner/stopping.py).
OTHER_CODES = {
    0: "Everything that was asked for is done, and every claim that was tested holds. What comes later, or was left out, is counted apart.",
    1: "A bug in deploybook; the traceback says where.",
    129: "Stopped by SIGHUP, as when a terminal is closed; otherwise as 130.",
    130: "Stopped by Ctrl-C. What is done is kept and reported; the same command continues from there.",
    143: "Stopped by SIGTERM; otherwise as 130.",
}


def meanings() -> dict[int, str]:
    """Every exit code, and what it means."""
    result = dict(OTHER_CODES)
    for kind in family(DeploybookError):
        result.setdefault(kind.exit_code, meaning(kind))
    return result


def family(kind: type[DeploybookError]) -> Iterator[type[DeploybookError]]:
    yield kind
    for child in children(kind):
        yield from family(child)


def children(kind: type[DeploybookError]) -> list[type[DeploybookError]]:
    """Those of the tree itself; a provider's module may have made others, which are private to it."""
    return [child for child in kind.__subclasses__() if child.__module__ == DeploybookError.__module__]


def meaning(kind: type[DeploybookError]) -> str:
    return plain((kind.__doc__ or "").split("\n\n")[0].replace("``", "").strip())
