"""Runbook parameters as the command line gives them: ``-f`` files and ``-p`` pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.layout import Layout
from deploybook.runbook.notebook_file import parse_parameter, read_parameters

# These have options of their own, and are the same for every section.
COMMON = frozenset({"mode", "environment"})


def parameter_values(files: Sequence[Path], pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """The values from files and pairs, by name; a pair overrides a file. Raises InvalidValue for a file that is not a mapping."""
    values: dict[str, object] = {}
    for path in files:
        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as problem:
            raise InvalidValue(
                f"{path} cannot be read as YAML ({type(problem).__name__}).", "Correct it, or its name."
            ) from None
        if not isinstance(loaded, dict):
            raise InvalidValue(f"{path} is not a mapping of parameters.", "Write one `name: value` a line.")
        values |= loaded
    return values | dict(pairs)


def parameters_of(
    layout: Layout, contract: Contract, sections: Sequence[str], values: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """The parsed values for each section; raises UnknownParameter for a parameter that no selected section has."""
    declared = {slug: read_parameters(layout.notebook(slug)) for slug in sections}
    for name in values:
        if name in COMMON:
            raise UnknownParameter(f"{name} is not given as a parameter.", f"Use --{name}.")
        if not any(name in parameters for parameters in declared.values()):
            known = sorted({parameter for parameters in declared.values() for parameter in parameters} - COMMON)
            raise UnknownParameter(f"No selected runbook has a parameter {name}.", f"They have {', '.join(known)}.")
    return {
        slug: {
            name: parse_parameter(contract, parameters[name], value)
            for name, value in values.items()
            if name in parameters
        }
        for slug, parameters in declared.items()
    }
