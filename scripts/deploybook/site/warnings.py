"""The warnings of the guide and its tables of modes, from the properties in the contract."""

from __future__ import annotations

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, table


def warning(guide: Guide, *names: str) -> str:
    """One warning, of these properties in this order."""
    return f"> [!WARNING]\n> {' '.join(guide.contract.property_of(name).warning for name in names)}\n"


def modes(guide: Guide) -> str:
    """What each mode talks to and does."""
    rows = [[code(mode.name), mode.talks_to, mode.does] for mode in guide.contract.modes]
    return table(("Mode", "Talks to", "Does"), rows)


def proofs_of_modes(guide: Guide) -> str:
    """What each mode proves."""
    return table(("Mode", "Proves"), [[code(mode.name), mode.proves] for mode in guide.contract.modes])
