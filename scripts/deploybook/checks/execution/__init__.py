"""`deploybook check --run`: what the guide says is done, in the sandbox.

The runbooks run as a whole, the site is built with every warning an error, and each block of deploybook, papermill or make commands is
executed as a reader would paste it; what a page quotes of its output is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deploybook.checks.execution.attempt import Attempt, execute
from deploybook.checks.execution.blocks import executable, in_order
from deploybook.checks.execution.build import build_site, run_everything
from deploybook.checks.execution.output import compared
from deploybook.checks.execution.reader import Reader
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule

Say = Callable[[str], None]


def rehearse(tree: Tree, say: Say) -> list[Finding]:
    """Everything, in this order; a runbook that fails would fail its blocks too, so the blocks wait until all runbooks pass."""
    layout = tree.layout
    say("the dry run of all runbooks")
    findings = list(run_everything(layout))
    if not findings:
        say("the site")
        findings += build_site(layout)
    if not findings:
        findings += [finding for attempt in _attempts(tree, say) for rule in RULES for finding in rule.find(attempt)]
    return sorted(findings)


def _attempts(tree: Tree, say: Say) -> list[Attempt]:
    attempts = []
    with Reader.settle(tree) as reader:
        for page, block in in_order(executable(tree), tree.contract):
            attempt = execute(reader, page, block)
            attempts.append(attempt)
            say(f"{attempt.place}: {'as it says' if attempt.code == 0 else 'failed'}, {attempt.seconds:.0f} s")
    return attempts


def _ran(attempt: Attempt) -> Iterable[Finding]:
    if attempt.code != 0:
        message = f"this block ends with exit code {attempt.code}: {attempt.last_line()}"
        hint = "Correct it, or mark it manual with a reason (docs/STYLE.md)."
        yield Finding(attempt.page.path, attempt.block.line, "block-runs", message, hint)


RULES: tuple[Rule[Attempt], ...] = (
    Rule(
        "block-runs",
        "A block of deploybook, papermill or make commands, pasted as it stands with the names of the checklist's table in its "
        "placeholders, ends well in the sandbox, in the order of the sections; the blocks that undo come last, the latest section first.",
        _ran,
    ),
    Rule(
        "output-printed",
        "What the sentence after an executed block says that you should see, as far as it is set as code or, of several words, in italics, "
        "and every line of a text block right after it, is in what the block printed; … stands for what differs.",
        compared,
    ),
)
