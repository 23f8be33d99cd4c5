"""The operations of Vercel's API that the sandbox has."""

from __future__ import annotations

from deploybook.sandbox.vercel.routes import accounts, deployments, names, projects, variables

OPERATIONS = (
    *accounts.OPERATIONS,
    *projects.OPERATIONS,
    *variables.OPERATIONS,
    *names.OPERATIONS,
    *deployments.OPERATIONS,
)
