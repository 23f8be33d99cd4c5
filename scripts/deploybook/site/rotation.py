"""Each secret that a runbook replaces: the command that does it, and the one that takes the new value to its consumers."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, fenced

# A block is executed in a sandbox in which no other section has been applied.
_ALONE = "<!-- manual: its consumers need every section before them; reviewed until 2027-06-30 -->"


def rotations(guide: Guide) -> str:
    """A heading for each such secret, with what it opens and both commands."""
    rotating = [variable for variable in guide.contract.variables if variable.rotates]
    return "\n".join(_rotation(guide.contract, variable) for variable in rotating)


def _rotation(contract: Contract, variable: Variable) -> str:
    section = variable.section or ""
    commands = f"deploybook run {section} --mode apply -p rotate true"
    if following := consumer_sections(contract, variable):
        commands += f"\ndeploybook run {' '.join(following)} --mode apply"
    title = contract.section(section).title
    heading = f"## Rotate {code(variable.name)} {{#{variable.name.lower()}}}"
    return f"{heading}\n\n{variable.description} Its section is {title}.\n\n{_ALONE}\n\n{fenced('sh', commands)}"


def consumer_sections(contract: Contract, variable: Variable) -> list[str]:
    """The sections that set the variable, or another name of it, at a consumer; in the order of the checklist, its own left out."""
    names = {name for shared in contract.variables if contract.origin(shared) == variable for name in shared.consumers}
    sections = set(_setting(contract, names)) - {variable.section}
    return [slug for slug in contract.order() if slug in sections]


def _setting(contract: Contract, names: set[str]) -> Iterator[str]:
    """The sections of the consumers that are at a provider; the others only read the vault."""
    return (consumer.section for consumer in contract.consumers if consumer.name in names and consumer.provider)
