"""`deploybook check --specs DIR`: a dry run's requests, and the sandbox's answers, against the providers' own descriptions of today.

Here are the rules alone, which every check lists; ``comparison`` finds by them, and imports a reader of OpenAPI.
"""

from __future__ import annotations

from collections.abc import Iterable

from deploybook.checks.finding import Finding, Rule

OPERATION, DEPRECATED, PARAMETER, BODY, ANSWER = "operation", "deprecated", "parameter", "body", "answer"


def _listed(specs: Iterable[Finding]) -> Iterable[Finding]:
    """All rules are looked for at once, by ``find``."""
    return specs


RULES: tuple[Rule[Iterable[Finding]], ...] = tuple(
    Rule(f"spec-{name}", explain, _listed)
    for name, explain in (
        (
            "absent",
            "Each provider that publishes a description has one in the folder, of the address that its client speaks to.",
        ),
        ("sent", "A dry run of all sections passes: what it sends to the sandbox is what is compared."),
        (
            OPERATION,
            "Every operation that a dry run asks for, or that a client can ask for, is described, by path and method.",
        ),
        (DEPRECATED, "No operation and no query parameter that is sent is marked as deprecated."),
        (
            PARAMETER,
            "Every query parameter and header that is sent is described and has an allowed value; none that must be there is missing.",
        ),
        (
            BODY,
            "Every body that is sent has the required fields, no undescribed or deprecated one, and values of the described types.",
        ),
        (
            ANSWER,
            "Every success that the sandbox answers is as described, in status, fields and values: the clients read nothing else.",
        ),
    )
)
