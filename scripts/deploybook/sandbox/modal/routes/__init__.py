"""Modal's RPCs as far as the sandbox has them, and the two HTTP addresses beside them: web endpoints and blobs."""

from __future__ import annotations

from deploybook.sandbox.modal.routes import apps, calls, deploy, workspace


class OperatorRpcs(
    workspace.TokenRpcs,
    workspace.EnvironmentRpcs,
    workspace.SecretRpcs,
    deploy.FunctionRpcs,
    deploy.AppRpcs,
    deploy.AppLookupRpcs,
    deploy.ImageRpcs,
    deploy.ArtifactRpcs,
    calls.CallRpcs,
    calls.RunningRpcs,
    apps.AppListRpcs,
    apps.LogRpcs,
):
    """What the operator's SDK and CLI may call."""


class ContainerRpcs(OperatorRpcs, calls.WorkerRpcs):
    """The same for code in a container, and the worker protocol of its runtime."""
