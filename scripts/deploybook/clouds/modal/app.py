"""The render app: what is deployed from the application's file, and how a clone sees that nothing is to be deployed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from deploybook.clouds import dashboards
from deploybook.clouds.modal.client import AppState
from deploybook.clouds.modal.deploying import deploy
from deploybook.clouds.modal.secret import ModalSecret, placed
from deploybook.clouds.modal.source import Source
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.redact import fingerprint
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

# Any clone can compute its value, and so see that a deployment is as its own would be.
TAG = "deploybook"
# The account's own S3 endpoint: an app that mounts a bucket may read it at the deploy, and fall back on another account's.
ENDPOINT = "R2_ENDPOINT"

# Of an address such as https://<workspace>--<label>.modal.run.
LABEL = re.compile(r"--([^./]+)\.modal\.run/?$")


class ModalApp(Resource[AppState]):
    """The application's app, deployed from its file under a name, with two web functions.

    Modal does not show what was deployed. ``last_writes`` remembers the file's digest, the variables that it read and the secrets'
    writes: the app is deployed again only if one of these has changed, or somebody else has deployed since. Its tag says the same to
    every clone: one with the same file, variables and values has nothing to deploy, whoever deployed last.
    """

    kind: ClassVar[str] = "Modal app"
    provider: ClassVar[str] = "modal"
    absent_entry: ClassVar[str] = "modal-app-stopped"

    def __init__(
        self,
        name: str,
        source: Source,
        variables: Mapping[str, SecretStr],
        last_writes: LastWrites,
        *,
        label: str,
        functions: tuple[str, str],
        secrets: Iterable[ModalSecret],
        environment: str = "",
        minutes: int,
        on_progress: Callable[[str], object] = str,
    ) -> None:
        self.name = placed(name, environment)
        self.app = name
        self.environment = environment
        self.functions = functions
        self.variables = ("MODAL_ENDPOINT_URL", "MODAL_STATUS_URL")
        self._source = source
        values = {name: value.get_secret_value() for name, value in variables.items()}
        self._variables = values | {"MODAL_LABEL": label} | _endpoint(values)
        self._last_writes = last_writes
        self._secrets = tuple(secrets)
        self._seconds = minutes * 60.0
        self._on_progress = on_progress

    def identity(self, state: AppState) -> str:
        """The app's id: one that was stopped and deployed again has another."""
        return state.id

    def page(self, clouds: Connections, state: AppState) -> str:
        """Modal's page of the deployed app."""
        del state
        return dashboards.modal(clouds, self.environment, "apps", "deployed", self.app)

    def known(self, state: AppState | None, vault_values: VaultValues) -> bool:
        """The vault holds the address of its submit endpoint."""
        recorded = vault_values.get(self.variables[0])
        return state is not None and recorded is not None and recorded.get_secret_value() in (state.urls or {}).values()

    def read(self, clouds: Connections) -> AppState | None:
        """By name, with the URLs of its two web functions."""
        return clouds.modal.app(self.app, self.environment, self.functions)

    def differences(self, state: AppState) -> list[Change]:
        """What was deployed otherwise than it would be now."""
        record = self._last_writes.get(self._key)
        changes = [
            Change(function, "not there", "deployed")
            for function in self.functions
            if function not in (state.urls or {})
        ]
        if self._as_another_clone_deployed(state, record):
            return changes
        if not record:
            return [*changes, Change("deployment", "not known here", "deployed", requested=True, unknown=True)]
        if (record["id"], record["version"]) != (state.id, str(state.version)):
            changes.append(Change("deployment", f"version {state.version}, not by deploybook", "deployed"))
        changes += [
            Change(field, _shown(field, record.get(field)), _shown(field, value))
            for field, value in self._desired().items()
            if record.get(field) != value
        ]
        return changes + self._older_secrets(record)

    def create(self, clouds: Connections) -> AppState:
        """Deploy it, and note what was deployed."""
        place, credentials = (self.app, self.environment), clouds.modal.credentials()
        deploy(self._source, *place, self._variables, credentials, self._seconds, self._on_progress)
        state = self.read(clouds) or AppState()
        clouds.modal.tag_app(self.app, self.environment, TAG, self._mark(state))
        self._remember(state)
        return state

    def update(self, clouds: Connections, state: AppState, changes: list[Change]) -> AppState:
        """The same: a deploy replaces the one before, and its containers start with the secrets as they are now."""
        del state, changes
        return self.create(clouds)

    def delete(self, clouds: Connections, state: AppState) -> None:
        """Stop it: its endpoints answer no more, and its containers end."""
        del state
        clouds.modal.stop_app(self.app, self.environment)
        self._last_writes.forget(self._key)

    def examine(self, clouds: Connections, state: AppState, changes: list[Change]) -> list[Change]:
        """What another clone deployed as it is desired here is remembered, so that the next look is at our own record."""
        del clouds
        if not changes and self._as_another_clone_deployed(state, self._last_writes.get(self._key)):
            self._remember(state)
        return changes

    def taken_from(self, clouds: Connections) -> str:
        """A label belongs to the app of the environment that was deployed last. Only functions of the same names are looked at."""
        label = self._variables["MODAL_LABEL"]
        if self._last_writes.get(self._key).get("MODAL_LABEL") == label:
            return ""
        wanted = {f"{label}-submit", f"{label}-status"}
        for app, urls in clouds.modal.addresses(self.environment, self.functions).items():
            taken = wanted & {match[1] for url in urls if (match := LABEL.search(url))}
            if taken and app != self.app:
                return f"the app {app} answers to the label {min(taken)}, and would lose it"
        return ""

    def planned(self) -> AppState:
        """Its URLs are known only when it is deployed."""
        return AppState()

    @property
    def _key(self) -> str:
        return f"modal:app:{self.name}"

    def _remember(self, state: AppState) -> None:
        record = {"id": state.id, "version": str(state.version), **self._desired(), **self._stamps()}
        self._last_writes.put(self._key, record)

    def _as_another_clone_deployed(self, state: AppState, record: Mapping[str, str]) -> bool:
        """Whether the deployment is not ours, and its tag says that ours would be the same. What is written now makes it an old one."""
        is_ours = (record.get("id"), record.get("version")) == (state.id, str(state.version))
        settled = all(secret.stamp and not secret.rewritten for secret in self._secrets)
        return settled and not is_ours and state.tags.get(TAG) == self._mark(state)

    def _mark(self, state: AppState) -> str:
        """The tag's value: the version that it speaks of, and a hash of all that the deployment was made from.

        A tag outlives a deploy by hand; its version then is an older one.
        """
        salt = f"{state.id}:{self.app}"
        values = {
            f"{secret.secret} {name}": fingerprint(value, salt)
            for secret in self._secrets
            for name, value in secret.values.items()
        }
        made_from = json.dumps({**self._desired(), **values}, sort_keys=True)
        return f"{state.version}-{hashlib.sha256(made_from.encode()).hexdigest()[:32]}"

    def _desired(self) -> dict[str, str]:
        return {"source": self._source.digest(), **self._variables}

    def _stamps(self) -> dict[str, str]:
        return {f"secret {secret.secret}": secret.stamp for secret in self._secrets}

    def _older_secrets(self, record: Mapping[str, str]) -> list[Change]:
        """Containers keep the values with which they were started. A secret that is yet to be written is no drift of the app's."""
        return [
            Change(field, "deployed with older values", "deployed again", requested=not stamp, entry="modal-secrets")
            for field, stamp in self._stamps().items()
            if record.get(field) != stamp
        ]


def _endpoint(values: Mapping[str, str]) -> dict[str, str]:
    account = values.get("R2_ACCOUNT_ID")
    return {ENDPOINT: f"https://{account}.r2.cloudflarestorage.com"} if account else {}


def _shown(field: str, value: str | None) -> str:
    return (value or "none")[:12] if field == "source" else value or "none"
