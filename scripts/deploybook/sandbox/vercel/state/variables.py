"""Environment variables of a project: types, targets, conflicts, and what of their values can be read back.

Operations ``createProjectEnv``, ``filterProjectEnvs``, ``getProjectEnv``, ``editProjectEnv``, ``removeProjectEnv``;
reserved names: https://vercel.com/docs/environment-variables/reserved-environment-variables.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.state.identifiers import mint, now
from deploybook.sandbox.vercel.state.refusals import not_found

TARGETS = ("production", "preview", "development")
MAX_PER_TARGET = 1000
MAX_VALUE = 64 * 1024

_RESERVED = {
    "AWS_SECRET_KEY", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "NOW_REGION", "TZ",
    "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """One variable for one or more targets. ``value`` is in clear: ``readable`` decides what may leave the API."""

    key: str
    value: str
    type: str
    target: tuple[str, ...]
    created_by: str
    git_branch: str | None = None
    comment: str | None = None
    id: str = field(default_factory=lambda: mint(length=16))
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
    ciphertext: str = ""

    def sealed(self) -> Variable:
        """This variable with a ciphertext of its own: what a list shows of an encrypted value."""
        cipher = secrets.token_urlsafe(24 + len(self.value.encode()))
        text = base64.b64encode(json.dumps({"v": "v2", "c": cipher}).encode()).decode()
        return replace(self, ciphertext=text, updated_at=now())

    def readable(self, *, decrypt: bool) -> str | None:
        """The value as the API shows it; None where it is never shown again."""
        if self.type == "sensitive":
            return None
        if self.type == "encrypted" and not decrypt:
            return self.ciphertext
        return self.value

    def overlaps(self, other: Variable) -> bool:
        """Whether both would give a value to the same name in one deployment."""
        same_place = self.git_branch == other.git_branch and bool(set(self.target) & set(other.target))
        return self.key == other.key and same_place and self.id != other.id


def check(variable: Variable, *, linked: bool) -> None:
    """Refuse what Vercel refuses of one variable alone; ``linked`` says whether the project has a git repository."""

    def refuse(code: str, message: str) -> Refusal:
        return Refusal(400, message, code, key=variable.key)

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable.key):
        raise refuse(
            "KEY_INVALID_CHARACTERS",
            "The name contains invalid characters. Only letters, digits, and underscores are allowed. "
            "Furthermore, the name should not start with a digit.",
        )
    if len(variable.key) > 256:
        raise refuse("KEY_INVALID_LENGTH", "The name must not be longer than 256 characters.")
    if variable.key in _RESERVED:
        raise refuse("RESERVED_ENV_VARIABLE", f"The name `{variable.key}` is reserved.")
    if len(variable.value.encode()) > MAX_VALUE:
        raise refuse("VALUE_INVALID_LENGTH", "The value must not be larger than 64 KB.")
    if not variable.target:
        raise refuse("MISSING_TARGET", "At least one target is required.")
    if variable.type == "sensitive" and "development" in variable.target:
        raise refuse("BAD_REQUEST", "You cannot set a Sensitive Environment Variable's target to development.")
    if variable.git_branch is not None:
        if variable.target != ("preview",):
            raise refuse("BAD_REQUEST", "A git branch can only be set for the target preview.")
        if not linked:
            raise refuse("BAD_REQUEST", "Cannot set a git branch: the project isn't connected to a Git repository.")


class Variables:
    """The variables of one project, oldest first."""

    def __init__(self) -> None:
        self._all: dict[str, Variable] = {}

    def all(self) -> list[Variable]:
        """Every variable."""
        return list(self._all.values())

    def get(self, variable_id: str) -> Variable:
        """The variable of this id."""
        if variable_id not in self._all:
            raise not_found("Environment Variable not found.")
        return self._all[variable_id]

    def add(self, variable: Variable, *, upsert: bool) -> Variable:
        """Store a variable; one that is there already is replaced only when ``upsert`` is set."""
        clashing = [other for other in self._all.values() if other.overlaps(variable)]
        if not clashing:
            self._check_count(variable)
            return self._store(variable)
        # Whether Vercel would narrow or split a variable of more targets is not known: refused rather than guessed.
        replaceable = len(clashing) == 1 and set(clashing[0].target) <= set(variable.target)
        if not upsert or not replaceable:
            raise _conflict(clashing[0], variable)
        old = clashing[0]
        return self._store(replace(variable, id=old.id, created_at=old.created_at, created_by=old.created_by))

    def edit(self, changed: Variable) -> Variable:
        """Store a changed variable under its id."""
        for other in self._all.values():
            if other.overlaps(changed):
                raise _conflict(other, changed)
        return self._store(changed)

    def remove(self, variable_id: str) -> Variable:
        """Forget a variable."""
        removed = self.get(variable_id)
        del self._all[variable_id]
        return removed

    def snapshot(self, target: str, branch: str | None, system: Mapping[str, str]) -> dict[str, str]:
        """What a deployment for ``target`` sees, in clear, as of now; a branch's own variables win over general ones."""
        values: dict[str, str] = {}
        applying = [one for one in self._all.values() if target in one.target and one.git_branch in {None, branch}]
        for variable in sorted(applying, key=lambda one: one.git_branch is not None):
            values[variable.key] = system.get(variable.value, "") if variable.type == "system" else variable.value
        return values

    def _store(self, variable: Variable) -> Variable:
        self._all[variable.id] = variable.sealed()
        return self._all[variable.id]

    def _check_count(self, variable: Variable) -> None:
        for target in variable.target:
            if sum(target in other.target for other in self._all.values()) >= MAX_PER_TARGET:
                message = f"There can be at most {MAX_PER_TARGET} variables for {target}."
                raise Refusal(400, message, "MAX_ENVS_EXCEEDED")


def _conflict(existing: Variable, wanted: Variable) -> Refusal:
    shared = [target for target in TARGETS if target in existing.target and target in wanted.target]
    where = f"{', '.join(shared)} on branch {wanted.git_branch}" if wanted.git_branch else ", ".join(shared)
    message = f"A variable with the name `{wanted.key}` already exists for the target {where}"
    return Refusal(
        400, message, "ENV_CONFLICT", key=wanted.key, envVarId=existing.id, envVarKey=existing.key, target=shared
    )
