"""Whether the files can be read as what they are; without that no other rule has anything to go by."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.links import CHECKLIST, TROUBLESHOOTING

NEEDED = (CHECKLIST, TROUBLESHOOTING, "runbooks/contract.toml", "README.md", "Makefile")


def _find(tree: Tree) -> Iterator[Finding]:
    for needed in NEEDED:
        if not tree.exists(needed):
            yield Finding(needed, 1, "readable", "this file is not there", "Bring it back.")
    for pattern, read in _READERS.items():
        for path in sorted(tree.root.glob(pattern)):
            problem = _problem(path, read)
            if problem:
                name = path.relative_to(tree.root).as_posix()
                yield Finding(name, problem[0], "readable", f"it cannot be read: {problem[1]}", "Correct the file.")


def _problem(path: Path, read: Callable[[str], object]) -> tuple[int, str] | None:
    try:
        read(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        return 1, f"{type(error).__name__}: {error}"
    return None


def _notebook(text: str) -> None:
    for cell in json.loads(text)["cells"]:
        _ = cell["id"], cell["cell_type"], cell["metadata"], "".join(cell["source"])


# The package's own modules are imported by this command: only what is not is read here.
_READERS: dict[str, Callable[[str], object]] = {
    "docs/**/*.md": str,
    "runbooks/*.ipynb": _notebook,
    "runbooks/**/*.py": ast.parse,
    f"{PACKAGE}/checks/*.toml": tomllib.loads,
}

READABLE: Rule[Tree] = Rule(
    "readable",
    "The checklist, the troubleshooting page, the contract, README and Makefile are there; pages are UTF-8, notebooks JSON "
    "with cells, and the application's files Python. While this does not hold nothing else can be checked.",
    _find,
)
