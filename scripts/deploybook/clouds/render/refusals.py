"""Render's refusals: which answer means what, what to do about it, and which entry explains it."""

from __future__ import annotations

from typing import Any

from deploybook.clouds.refusals import Refusal
from deploybook.errors import PermissionDenied, UnexpectedResponse

REPOSITORY = "Check git_repository and production_branch, and that Render's GitHub app may read the repository."

REFUSALS = (
    Refusal(
        PermissionDenied,
        "Add a payment method to the workspace (Billing): background workers have no free plan.",
        "render-billing",
        status=402,
    ),
    # In Render's own words (recorded by terraform-provider-render); nothing else about a repository is a 400.
    Refusal(UnexpectedResponse, REPOSITORY, "render-repository", status=400, words="repo"),
)


def explain(body: Any) -> tuple[str, str]:
    """Render's error body: ``message``, and lately ``code``."""
    return str(body.get("code") or ""), str(body["message"])
