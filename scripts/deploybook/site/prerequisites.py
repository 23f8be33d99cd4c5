"""The operator's credentials: where each is made, what to tick, under which name it is exported, how it is checked."""

from __future__ import annotations

from collections.abc import Callable

from deploybook.contract.definitions import Credential
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, table


def credentials_with_boxes(guide: Guide) -> str:
    """For the site: each with a box to tick when it is exported and checked."""
    return (
        '<details class="db-fold db-open-by-hand" open markdown="1">\n<summary>Where each is made, and what to tick</summary>\n\n'
        f'<div class="db-dense db-credentials" markdown="1">\n\n{_table(guide, _box)}\n</div>\n\n</details>\n'
    )


def credentials_table(guide: Guide) -> str:
    """One row for each, in the contract's order."""
    return _table(guide, lambda credential: code(credential.name))


def _box(credential: Credential) -> str:
    identity = f"have-{credential.name.lower()}"
    box = f'<input type="checkbox" class="db-box" id="{identity}" aria-label="{credential.name}" disabled/>'
    return f"{box} {code(credential.name)}"


def _table(guide: Guide, named: Callable[[Credential], str]) -> str:
    rows = [
        [
            named(credential) + (" (**secret**)" if credential.secret else ""),
            credential.made_at,
            credential.permissions,
            code(credential.check),
        ]
        for credential in guide.contract.credentials
    ]
    return table(("Export as", "Where it is made", "What to tick", "Check it with"), rows)
