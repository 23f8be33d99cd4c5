"""The commands that set a consumer's variables by hand, with the contract's names."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import fenced

VERCEL = "vercel"
_WIDTH = 120


def vercel_by_hand(guide: Guide) -> str:
    """Vercel's command line sets every required variable that is known before the section: secrets as sensitive, the others readable."""
    variables = [
        variable
        for variable in guide.contract.consumed_by(VERCEL)
        if not variable.optional and variable.section != VERCEL
    ]
    fixed = [f"{variable.name}={shlex.quote(variable.value)}" for variable in variables if variable.value is not None]
    lines = ["(", "  set -a", "  . .deploybook/<ENVIRONMENT>.env", *(f"  {line}" for line in fixed)]
    lines += _each((variable.name for variable in variables if variable.secret), "--sensitive")
    lines += _each((variable.name for variable in variables if not variable.secret), "--type config")
    return fenced("sh", "\n".join([*lines, ")"]))


def _each(names: Iterable[str], kind: str) -> list[str]:
    listed = textwrap.wrap(f"for name in {' '.join(names)}; do", _WIDTH, break_long_words=False, break_on_hyphens=False)
    first, *others = listed
    command = f'printenv "$name" | tr -d \'\\n\' | vercel env add "$name" production {kind} --cwd <WEB_PATH>'
    head = [f"  {first}", *(f"    {line}" for line in others)]
    return [" \\\n".join(head), f"    {command}", "  done"]
