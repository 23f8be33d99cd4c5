"""The operations of Render's API that the sandbox has, deploy hooks and the dashboard."""

from __future__ import annotations

from deploybook.sandbox.render.routes import dashboard, deploys, logs, services, variables, workspaces

OPERATIONS = (
    *workspaces.OPERATIONS,
    *services.OPERATIONS,
    *variables.OPERATIONS,
    *deploys.OPERATIONS,
    *logs.OPERATIONS,
    *dashboard.OPERATIONS,
)
