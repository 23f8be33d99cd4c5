"""``deploybook prove wires``: each variable of each consumer is taken away, or given a wrong value, in a stack that is brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.kept import Kept
from tests.e2e.stacks import provisioned_stack
from tests.e2e.unfelt import REASONS, comparison, named_by_the_comparison
from tests.e2e.wiring import Cut, Stack, every_cut, feel
from tests.runbooks.guide import Guide
from tests.sandboxes import CONTRACT

from deploybook.proving.scenarios import Proof, Scenario


class Wires:
    """The cuts by their lines, such as ``R2_BUCKET_NAME × vercel × missing``."""

    def scenarios(self) -> list[Scenario]:
        """Every cut."""
        return [Scenario(str(cut)) for cut in every_cut(CONTRACT)]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """A stack in which the whole check passes."""
        cuts = {str(cut): cut for cut in every_cut(CONTRACT)}
        with provisioned_stack() as (stack, sandbox):
            felt = stack.check()
            assert not felt.step, f"the whole stack fails at {felt.step}: {felt.message}"
            with Kept(sandbox, stack.home) as kept:

                def prove(name: str) -> Proof:
                    kept.restore()
                    felt = feel(stack, cuts[name])
                    if felt.step:
                        return Proof(True, f"{felt.step}: {felt.message}", {"felt": felt.step})
                    kept.restore()
                    return _explained(stack, cuts[name])

                yield prove


def _explained(stack: Stack, cut: Cut) -> Proof:
    """Why a cut cannot be felt, and the line in which the comparison names its variable: both must be there."""
    reason, line = REASONS.get(cut, ""), named_by_the_comparison(Guide(stack.home), stack, cut)
    detail = f"cannot be felt: {reason or 'NO REASON KNOWN'}; {comparison(cut)}: {line or 'DOES NOT NAME IT'}"
    return Proof(bool(reason and line), detail, {"felt": ""})
