"""Apps and their functions: created, given functions, published (which makes them live), stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from modal_proto import api_pb2

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.modal.state.artifacts import Artifacts
from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.logs import LogBook
from deploybook.sandbox.modal.state.namespace import Namespace
from deploybook.sandbox.modal.state.refusals import already_exists, failed_precondition, not_found

# A web endpoint's address is ``<workspace>[-<environment>]--<label>``, one DNS label.
LIMIT = 63
LIVE_STATES = frozenset({api_pb2.APP_STATE_DEPLOYED, api_pb2.APP_STATE_EPHEMERAL, api_pb2.APP_STATE_DETACHED})


@dataclass
class Function:
    """A function of an app. Its ``definition`` is what its containers run; ``label`` is set if it is a web endpoint."""

    object_id: str
    app_id: str
    name: str
    announced: api_pb2.FunctionPrecreateRequest
    label: str = ""
    label_truncated: bool = False
    definition: api_pb2.Function = field(default_factory=api_pb2.Function)
    definition_id: str = field(default_factory=lambda: object_id("de"))

    @property
    def defined(self) -> bool:
        """Whether its definition has been sent: a precreated function has only an id."""
        return bool(self.definition.function_name)


@dataclass
class App:
    """``functions`` are live; ``draft`` holds what a running deploy has sent and AppPublish has not made live yet."""

    object_id: str
    name: str
    environment: str
    state: int
    created_at: float
    created_by: str
    version: int = 0
    deployed_at: float = 0.0
    stopped_at: float = 0.0
    client_versions: list[tuple[float, str]] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    draft: dict[str, Function] = field(default_factory=dict)
    logs: LogBook = field(default_factory=LogBook)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether its functions may be called."""
        return self.state in LIVE_STATES


class Apps:
    """The apps of one workspace."""

    def __init__(self, namespace: Namespace, artifacts: Artifacts) -> None:
        self._namespace = namespace
        self._artifacts = artifacts
        self.by_id: dict[str, App] = {}

    def get(self, app_id: str) -> App:
        """The app with this id."""
        if app_id not in self.by_id:
            raise not_found(f"App '{app_id}' not found")
        return self.by_id[app_id]

    def create(self, name: str, environment: str, state: int) -> App:
        """A new app, not yet deployed."""
        self._namespace.require_budget("App creation")
        place = self._namespace.environment(environment).name
        made = App(object_id("ap"), name, place, state, self._namespace.instant(), self._namespace.username)
        self.by_id[made.object_id] = made
        self._namespace.changes += 1
        return made

    def named(self, name: str, environment: str) -> list[App]:
        """The apps of this name, newest first: the deployed one, and those stopped before it."""
        place = self._namespace.environment(environment).name
        apps = [app for app in self.by_id.values() if app.name == name and app.environment == place]
        return sorted(apps, key=lambda app: app.created_at, reverse=True)

    def deployed(self, name: str, environment: str) -> App | None:
        """The app that is deployed under this name now."""
        return next((app for app in self.named(name, environment) if app.state == api_pb2.APP_STATE_DEPLOYED), None)

    def in_environment(self, environment: str) -> list[App]:
        """The apps of an environment, the ones whose deploy never finished left out."""
        place = self._namespace.environment(environment).name
        return [
            candidate
            for candidate in self.by_id.values()
            if candidate.environment == place and candidate.state != api_pb2.APP_STATE_INITIALIZING
        ]

    def precreate(self, announced: api_pb2.FunctionPrecreateRequest) -> Function:
        """Reserve an id and a web address for a function, before its definition is sent."""
        app = self.get(announced.app_id)
        if any(definition.webhook_config.type for definition in announced.method_definitions.values()):
            raise not_implemented("web endpoints on classes")
        made = Function(
            announced.existing_function_id or object_id("fu"), app.object_id, announced.function_name, announced
        )
        if announced.webhook_config.type:
            environment = self._namespace.environment(app.environment)
            wanted = announced.webhook_config.requested_suffix or f"{app.name}-{announced.function_name}"
            # An app that runs for its client only (modal run, modal serve) does not take a deployed one's address.
            passing = f"-{announced.webhook_config.ephemeral_suffix or 'dev'}"
            made.label, made.label_truncated = web_label(
                self._namespace.name,
                environment.suffix,
                wanted + (passing if app.state == api_pb2.APP_STATE_EPHEMERAL else ""),
            )
        app.draft[made.name] = made
        self._namespace.changes += 1
        return made

    def define(self, app_id: str, definition: api_pb2.Function) -> Function:
        """Give a precreated function its definition; everything that it refers to must be there."""
        function = self.get(app_id).draft.get(definition.function_name)
        if function is None:
            raise failed_precondition(f"Function '{definition.function_name}' was not precreated")
        _all_known("Image", [definition.image_id], self._artifacts.images)
        _all_known("Mount", definition.mount_ids, self._artifacts.mounts)
        mounts = [
            mount.credentials_secret_id for mount in definition.cloud_bucket_mounts if mount.credentials_secret_id
        ]
        _all_known("Secret", [*definition.secret_ids, *mounts], self._namespace.secrets)
        if definition.volume_mounts or definition.shared_volume_mounts:
            raise not_implemented("modal.Volume and modal.NetworkFileSystem")
        if definition.HasField("schedule"):
            raise not_implemented("scheduled functions")
        function.definition = definition
        self._namespace.changes += 1
        return function

    def publish(self, app_id: str, name: str, state: int, function_ids: Mapping[str, str], client_version: str) -> App:
        """Make the draft live under ``name``."""
        app = self.get(app_id)
        if app.state == api_pb2.APP_STATE_STOPPED:
            raise failed_precondition(f"App '{app_id}' is stopped")
        other = self.deployed(name, app.environment) if name else None
        if other is not None and other is not app:
            raise already_exists(f"App '{name}' is already deployed in environment '{app.environment}'")
        functions = {tag: app.draft.get(tag) or app.functions.get(tag) for tag in function_ids}
        undefined = [tag for tag, candidate in functions.items() if candidate is None or not candidate.defined]
        if undefined:
            raise failed_precondition(f"Functions without a definition: {', '.join(undefined)}")
        app.functions = {tag: candidate for tag, candidate in functions.items() if candidate is not None}
        app.draft = {}
        app.name = name or app.name
        app.state = state
        app.deployed_at = self._namespace.instant()
        app.version += 1
        app.client_versions.append((app.deployed_at, client_version))
        self._namespace.changes += 1
        return app

    def tag(self, app_id: str, tags: Mapping[str, str]) -> None:
        """Replace an app's tags."""
        self.get(app_id).tags = dict(tags)
        self._namespace.changes += 1

    def stop(self, app_id: str) -> App:
        """End an app for good; its name can be deployed again as a new app."""
        app = self.get(app_id)
        if app.state == api_pb2.APP_STATE_STOPPED:
            raise failed_precondition("App is already stopped.")
        app.state = api_pb2.APP_STATE_STOPPED
        app.stopped_at = self._namespace.instant()
        self._namespace.changes += 1
        return app

    def function(self, function_id: str) -> Function:
        """The live function with this id."""
        for app in self.by_id.values():
            for function in app.functions.values():
                if function.object_id == function_id:
                    return function
        raise not_found(f"Function with id '{function_id}' not found")

    def labelled(self, label: str) -> Function | None:
        """The web endpoint that answers to a label: of the app deployed last, which steals the label from others."""
        apps = sorted(self.by_id.values(), key=lambda app: (app.live, app.deployed_at), reverse=True)
        return next((function for app in apps for function in app.functions.values() if function.label == label), None)

    def label_is_stolen(self, function: Function) -> bool:
        """Whether another live app has this function's label until this one is published."""
        holder = self.labelled(function.label)
        return holder is not None and holder.app_id != function.app_id and self.get(holder.app_id).live


def web_label(workspace: str, environment_suffix: str, wanted: str) -> tuple[str, bool]:
    """The first label of the endpoint's host name, and whether it had to be cut short (then it ends in a hash)."""
    place = f"{workspace}-{environment_suffix}" if environment_suffix else workspace
    full = f"{place}--{re.sub(r'[^a-z0-9-]+', '-', wanted.lower()).strip('-')}"
    if len(full) <= LIMIT:
        return full, False
    return f"{full[: LIMIT - 7]}-{hashlib.sha256(full.encode()).hexdigest()[:6]}", True


def _all_known(kind: str, ids: Iterable[str], existing: Mapping[str, object]) -> None:
    for wanted in ids:
        if wanted not in existing:
            raise not_found(f"{kind} with id '{wanted}' not found")
