"""The operations of Vercel's API that the sandbox has."""

from __future__ import annotations

from deploybook.sandbox.vercel.routes import accounts, aliases, deployments, domains, projects, variables

OPERATIONS = (
    *accounts.OPERATIONS,
    *projects.OPERATIONS,
    *variables.OPERATIONS,
    *domains.OPERATIONS,
    *deployments.OPERATIONS,
    *aliases.OPERATIONS,
)
