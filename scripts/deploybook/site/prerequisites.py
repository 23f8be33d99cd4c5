"""The operator's credentials: where each is made, what to tick, under which name it is exported, how it is checked."""

from __future__ import annotations

from deploybook.site.guide import Guide
from deploybook.site.markdown import code, table


def credentials_table(guide: Guide) -> str:
    """One row for each, in the contract's order."""
    rows = [
        [
            code(credential.name) + (" (**secret**)" if credential.secret else ""),
            credential.made_at,
            credential.permissions,
            code(credential.check),
        ]
        for credential in guide.contract.credentials
    ]
    return table(("Export as", "Where it is made", "What to tick", "Check it with"), rows)
