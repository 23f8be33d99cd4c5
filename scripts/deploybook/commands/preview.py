"""What an operator sees before something changes: ``apply``'s plan for all sections, and what ``destroy`` would remove."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from deploybook.commands.prose import wrapped
from deploybook.errors import ConfigurationError
from deploybook.runbook.events import Event
from deploybook.runner.plan import Plan
from deploybook.runner.progress import Progress
from deploybook.runner.report import SectionResult
from deploybook.state.ledger import Ledger, Proof

# The exit code of a run that the operator stopped, as with Ctrl-C.
STOPPED = 130


class QuietProgress(Progress):
    """Shows what is looked at, and of the lines only those that failed: the plan comes at the end, once."""

    def prints(self, event: Event) -> bool:
        """Print what failed."""
        return event.outcome == "failed"

    def section_done(self, result: SectionResult) -> None:
        """Print how a section ended that did not pass."""
        if result.status != "passed":
            super().section_done(result)
        else:
            self.ended(result.slug)


def confirmed(plan: Plan) -> bool:
    """Ask once, for all sections. Raises ConfigurationError where there is nobody to ask."""
    require_terminal()
    names = ", ".join(plan.order())
    click.echo()
    return click.confirm(wrapped(f"Change {names} of {plan.environment} in the real clouds?"))


def require_terminal() -> None:
    """Raise ConfigurationError where there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "apply asks before it changes the real clouds, and there is no terminal to ask on.",
            "Add --yes, or apply a plan that was written before with --plan FILE.",
            "not-confirmed",
        )


def removal_lines(plan: Plan) -> Iterator[str]:
    """What ``destroy`` would remove by this environment's ledger, newest first, and what it leaves."""
    entries = [
        entry for entry in Ledger(plan.layout.state, plan.environment).entries() if entry.section in plan.sections
    ]
    for entry in reversed(entries):
        made = f"made {entry.made_at:%Y-%m-%d %H:%M} UTC by {entry.run}"
        adopted = entry.proof is Proof.ADOPTED
        certain = entry.proof.certain
        sign, about = (
            ("-", made) if certain else ("=", "adopted: it stays" if adopted else "not proved to be ours: it stays")
        )
        identity = f" ({entry.id})" if entry.id not in {"", entry.name} else ""
        yield f"  {sign} {entry.kind} {entry.name}{identity}, {about}"
    produced = [variable.name for slug in plan.order() for variable in plan.contract.produced_by(slug)]
    forgotten = [name for name in produced if name in plan.vault.all()]
    if forgotten:
        yield f"  - from the vault: {', '.join(forgotten)}"
    if not entries and not forgotten:
        yield "  nothing: this environment's record lists nothing that was made here"
