"""Where a description and the provider itself are known to differ, so that a difference there is no finding.

Each entry: the operation (or field) and what the comparison says of it, then why it is no fault of ours.
"""

from __future__ import annotations

KNOWN: dict[tuple[str, str], str] = {
    ("account-api-tokens-delete-token", "a body must be given"): "The official SDK sends none.",
    (
        "getTeam",
        "there is no teamId",
    ): "The client adds it to each request; the team is in the path here, and the parameter is passed over.",
    ("getAuthUser", "there is no teamId"): "Asked only where no team is set.",
    ("readyState", "BLOCKED"): "The official SDK has it: newer than the description.",
}
