"""What a project has: variables (``createProjectEnv`` and its like) and domains (``addProjectDomain`` and its like)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import if_any
from deploybook.sandbox.vercel.schema import Body, View
from deploybook.sandbox.vercel.state.refusals import bad_request
from deploybook.sandbox.vercel.state.variables import TARGETS, Variable

Target = Literal["production", "preview", "development"]
VariableType = Literal["system", "encrypted", "plain", "sensitive"]
Branch = Annotated[str, Field(max_length=250)]


def in_order(targets: Sequence[str]) -> tuple[str, ...]:
    """Targets in the order in which Vercel lists them."""
    return tuple(name for name in TARGETS if name in targets)


def refuse_environments(ids: Sequence[str] | None) -> None:
    """Refuse custom environments: the sandbox has none."""
    if ids:
        raise Refusal(400, f"The custom environment `{ids[0]}` does not exist.", "BAD_REQUEST")


class VariableBody(Body):
    """A variable to make (``createProjectEnv``). ``visibility`` is what the CLI of 2026 adds."""

    key: str
    value: str
    type: VariableType
    target: list[Target] | None = None
    custom_environment_ids: list[str] | None = None
    git_branch: Branch | None = None
    comment: Annotated[str, Field(max_length=500)] | None = None
    visibility: Literal["config", "secret"] | None = None

    def variable(self, user_id: str) -> Variable:
        """The variable that ``user_id`` makes."""
        refuse_environments(self.custom_environment_ids)
        if self.target is None and self.custom_environment_ids is None:
            raise bad_request("Invalid request: missing required property `target`.", keyword="required")
        targets = [self.target] if isinstance(self.target, str) else self.target or []
        return Variable(
            self.key,
            self.value,
            self.type,
            in_order(targets),
            user_id,
            git_branch=self.git_branch,
            comment=self.comment,
        )


class ProjectVariableBody(VariableBody):
    """A variable of a project to make: here ``target`` may be one word and ``type`` may be left out."""

    type: VariableType = "encrypted"
    target: Target | list[Target]  # type: ignore[assignment]


class ChangedVariableBody(Body):
    """Changes of a variable (``editProjectEnv``)."""

    key: str = ""
    value: str = ""
    type: VariableType = "encrypted"
    target: list[Target] = Field(default_factory=list)
    custom_environment_ids: list[str] | None = None
    git_branch: Branch | None = None
    comment: Annotated[str, Field(max_length=500)] | None = None
    visibility: Literal["config", "secret"] | None = None

    def applied(self, variable: Variable) -> Variable:
        """``variable`` with these changes."""
        refuse_environments(self.custom_environment_ids)
        changes = self.model_dump(exclude_unset=True, exclude={"custom_environment_ids", "visibility"})
        if variable.type == "sensitive" and changes.get("type", "sensitive") != "sensitive":
            raise Refusal(400, "You cannot change the type of a Sensitive Environment Variable.", "BAD_REQUEST")
        if "target" in changes:
            changes["target"] = in_order(self.target)
        return replace(variable, **changes)


class VariableIdsBody(Body):
    """The variables to remove together (``batchRemoveProjectEnv``)."""

    ids: list[str] = Field(max_length=1000)


def variable(item: Variable, *, decrypt: bool, by_id: bool = False) -> dict[str, Any]:
    """A variable (``filterProjectEnvs``, or ``getProjectEnv`` by id, which leaves a value out where the lists have an empty one)."""
    value = item.readable(decrypt=decrypt)
    optional = {"gitBranch": item.git_branch, "comment": item.comment, "value": value if by_id else value or ""}
    return {
        "id": item.id,
        "key": item.key,
        "type": item.type,
        "target": item.target,
        "configurationId": None,
        "createdAt": item.created_at,
        "updatedAt": item.updated_at,
        "createdBy": item.created_by,
        "updatedBy": None,
        "customEnvironmentIds": [],
        "decrypted": decrypt and value is not None,
        **{name: text for name, text in optional.items() if text is not None},
    }


class DomainBody(Body):
    """A domain to add (``addProjectDomain``)."""

    name: str
    git_branch: Branch | None = None
    custom_environment_id: str | None = None
    redirect: str | None = None
    redirect_status_code: Literal[301, 302, 307, 308] | None = None


class ChangedDomainBody(Body):
    """Changes of a domain (``updateProjectDomain``)."""

    git_branch: Branch | None = None
    redirect: str | None = None
    redirect_status_code: Literal[301, 302, 307, 308] | None = None


class DomainView(View):
    """A domain (``getProjectDomain``)."""

    name: str
    apex_name: str = Field(validation_alias="apex")
    project_id: str
    redirect: str | None
    redirect_status_code: int | None = if_any()
    git_branch: str | None
    created_at: int
    updated_at: int
    verified: bool = True
