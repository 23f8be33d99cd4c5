"""A YAML file that a person writes: one mapping, read with the line of each key, so that a problem is reported where it stands."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploybook.contract.nearest import nearest_path
from deploybook.errors import InvalidValue

# A file of parameters has some dozens of lines; what is larger, or never ends, is something else.
LARGEST = 256 * 1024


@dataclass(frozen=True)
class YamlFile:
    """The mapping in a file, and the line on which each of its own keys stands."""

    path: Path
    values: dict[str, Any]
    lines: dict[str, int]

    def place(self, key: str) -> str:
        """Where a key stands, as in ``production.yaml:7``."""
        return f"{self.path.name}:{self.lines.get(key, 1)}"


def read_yaml(path: Path) -> YamlFile:
    """Read a mapping. Raises InvalidValue, with the line, for a file that is no YAML mapping or names a key twice."""
    try:
        text = _text(path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        loaded = yaml.safe_load(text)
    except OSError as problem:
        error = InvalidValue(f"{path} cannot be read ({problem.strerror or problem}).", "Correct the file's name.")
        raise error.suggesting(str(path), nearest_path(path)) from None
    except UnicodeDecodeError:
        raise InvalidValue(f"{path} is not text in UTF-8.", "Save it as UTF-8.") from None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InvalidValue(f"{where}: this is not YAML: {problem.problem}.", "Correct that line.") from None
    except yaml.YAMLError as problem:
        # A character that YAML does not allow: it has no line of its own.
        first = str(problem).splitlines()[0]
        raise InvalidValue(f"{path} is not YAML: {first}.", "Remove that character.") from None
    if node is None:
        return YamlFile(path, {}, {})
    if not isinstance(node, yaml.MappingNode):
        raise InvalidValue(f"{path} is not a mapping of parameters.", "Write one `name: value` a line.")
    return YamlFile(path, loaded, _lines(path, node))


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise InvalidValue(f"{path} is not a file.", "Pass a YAML file of parameters.")
    if path.stat().st_size > LARGEST:
        raise InvalidValue(f"{path} is larger than {LARGEST // 1024} kB.", "Pass a YAML file of parameters.")
    return path.read_text(encoding="utf-8-sig")


def _lines(path: Path, mapping: yaml.MappingNode) -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, value in mapping.value:
        line = key.start_mark.line + 1
        name = key.value if isinstance(key.value, Hashable) else ""
        if not isinstance(name, str) or key.tag != "tag:yaml.org,2002:str":
            raise InvalidValue(f"{path}:{line}: the key is not a name.", "Write one `name: value` a line.")
        if name in lines:
            raise InvalidValue(
                f"{path}:{line}: {name} is set here again, and on line {lines[name]}.", "Remove one of them."
            )
        lines[name] = line
        if isinstance(value, yaml.MappingNode):
            _lines(path, value)
    return lines
