"""What the package can say, and what only looks like it."""

from __future__ import annotations

import pytest
from tests.checks.mutate import ROOT
from tests.checks.trees import tree_at

from deploybook.checks.facts.knowledge import knowledge
from deploybook.checks.facts.sources import HOLE
from deploybook.checks.facts.speech import Speech

SPEECH = Speech([f"{HOLE} could not {HOLE}: {HOLE}", "read the team", "user", f"permission {HOLE}", "The job failed."])


@pytest.mark.parametrize(
    "quotation", ["Vercel could not read the team", "The job failed", "… could not …", "permission denied"]
)
def test_what_a_template_makes_is_said(quotation: str) -> None:
    assert SPEECH.says(quotation)


@pytest.mark.parametrize(
    "quotation",
    ["permission denied for user", "Vercel read the team", "Vercel could not read the user", "The job has failed"],
)
def test_what_no_template_makes_is_not_said(quotation: str) -> None:
    assert not SPEECH.says(quotation)


def test_the_package_does_not_say_what_it_cannot() -> None:
    assert not knowledge(tree_at(ROOT)).speech.says("permission denied for user")
