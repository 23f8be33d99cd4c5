"""What the client reads of Vercel's answers, by operation of Vercel's published description."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from deploybook.clouds.answers import Answer, EpochMilliseconds, Flag, Many, Mapped, Text
from deploybook.clouds.waiting import Stage, States

# Schema of ``readyState`` (getDeployment, getDeployments); BLOCKED is in Vercel's own client alone (vercel/vercel, packages/client).
READY = "READY"
STATES = States(
    going_on=frozenset({"QUEUED", "INITIALIZING", "ANALYZING", "BUILDING", "DEPLOYING"}),
    good=frozenset({READY}),
    bad=frozenset({"ERROR", "BLOCKED", "CANCELED", "DELETED"}),
)
# Of ``readySubstate``: READY, and not given the production domains; given to a part of the visitors; given to all.
STAGED = "STAGED"
SUBSTATES = frozenset({"", STAGED, "ROLLING", "PROMOTED"})


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


class Owner(Answer):
    """A team (getTeam), or a user."""

    id: str
    slug: Text = ""
    username: Text = ""


class UserAnswer(Answer):
    """getAuthUser."""

    user: Owner


class Link(Answer):
    """A project's repository; ``org``, ``repo`` and ``repoId`` are GitHub's."""

    org: Text = ""
    repo: Text = ""
    repo_id: int | None = Field(default=None, alias="repoId")


class ProjectAnswer(Answer):
    """getProject, createProject, updateProject."""

    id: str
    account_id: str = Field(alias="accountId")
    framework: Text = ""
    root_directory: Text = Field(default="", alias="rootDirectory")
    link: Link | None = None
    created: EpochMilliseconds | None = Field(default=None, alias="createdAt")
    auto_assigns_domains: bool | None = Field(default=None, alias="autoAssignCustomDomains")


class Pagination(Answer):
    """``next`` is the ``until`` of the next page; null ends the list."""

    next: float | None = None


class Page(Answer):
    """What lists with a cursor share; one that comes whole has no ``pagination``."""

    pagination: Pagination | None = None


class TeamPage(Page):
    """getTeams: those of the token's user that the token reaches."""

    teams: Many[Owner]


class Domain(Answer):
    """A project's domain."""

    name: str
    verified: Flag = False
    redirect: Text = ""
    git_branch: Text = Field(default="", alias="gitBranch")
    custom_environment_id: Text = Field(default="", alias="customEnvironmentId")

    @property
    def serves_production(self) -> bool:
        """Whether it shows the production deployment itself."""
        return self.verified and not (self.redirect or self.git_branch or self.custom_environment_id)


class DomainPage(Page):
    """getProjectDomains."""

    domains: Many[Domain]


class VariableAnswer(Answer):
    """One environment variable; a sensitive one has no value."""

    key: str
    type: Text = ""
    value: Text = ""
    id: Text = ""
    # A single target comes as a text.
    targets: Annotated[Many[str], BeforeValidator(_one_or_many), AfterValidator(_sorted)] = Field(
        default=(), alias="target"
    )
    git_branch: Text = Field(default="", alias="gitBranch")
    comment: Text = ""
    updated: EpochMilliseconds | None = Field(default=None, alias="updatedAt")

    @property
    def updated_text(self) -> str:
        """When it was last written, as it is noted; empty where Vercel does not say."""
        return "" if self.updated is None else f"{self.updated:.0f}"


class VariablePage(Page):
    """filterProjectEnvs. The description allows three shapes: one variable, a page, and all of them."""

    variables: Many[VariableAnswer] = Field(alias="envs")


class FailureReason(Answer):
    """Why a variable was not set; ``key`` and ``envVarKey`` name it, or neither does."""

    code: Text = ""
    message: Text = ""
    key: Text = ""
    env_var_key: Text = Field(default="", alias="envVarKey")


class Failure(Answer):
    """One variable of several that was not set."""

    error: FailureReason = FailureReason()


class PutAnswer(Answer):
    """createProjectEnv with upsert."""

    created: Annotated[Many[VariableAnswer], BeforeValidator(_as_list)]
    failed: Many[Failure] = ()


class Reason(Answer):
    """Why the production domains were not assigned."""

    code: Text = ""
    message: Text = ""


class DeploymentAnswer(Answer):
    """getDeployment, createDeployment, and a row of getDeployments, which names the id ``uid``. Times in milliseconds."""

    id: str = Field(validation_alias=AliasChoices("id", "uid"))
    state: Text = Field(default="", validation_alias=AliasChoices("readyState", "state"))
    substate: Text = Field(default="", alias="readySubstate")
    created: EpochMilliseconds = Field(validation_alias=AliasChoices("createdAt", "created"))
    # A moment in a list, and false before it.
    alias_assigned: bool | float | None = Field(default=None, alias="aliasAssigned")
    alias_error: Reason | None = Field(default=None, alias="aliasError")
    meta: Mapped[Any] = Field(default_factory=dict)
    error_code: Text = Field(default="", alias="errorCode")
    error_message: Text = Field(default="", alias="errorMessage")
    error_step: Text = Field(default="", alias="errorStep")
    state_reason: Text = Field(default="", alias="readyStateReason")
    checks_conclusion: Text = Field(default="", alias="checksConclusion")

    def note(self, name: str) -> str:
        """A text of its ``meta``; empty if there is none of this name."""
        value = self.meta.get(name)
        return value if isinstance(value, str) else ""

    @property
    def ended_badly(self) -> bool:
        """Whether it will never serve."""
        return self.state in STATES.bad or self.alias_error is not None

    @property
    def is_staged(self) -> bool:
        """Whether it is ready, and waits for somebody to give it the production domains."""
        return self.state in STATES.good and not self.alias_assigned and self.substate == STAGED

    @property
    def unknown_state(self) -> str:
        """Its state, or its substate, where that is none of those that are known; empty for one that is."""
        if STATES.stage(self.state) is Stage.UNKNOWN:
            return self.state or "none"
        return "" if self.substate in SUBSTATES else self.substate

    @property
    def reasons(self) -> str:
        """Every reason that Vercel gives, each once."""
        alias = self.alias_error.message if self.alias_error else ""
        checks = f"its checks {self.checks_conclusion}" if self.checks_conclusion in {"failed", "canceled"} else ""
        texts = (self.error_message, alias, self.state_reason, checks)
        return "; ".join(dict.fromkeys(text.rstrip(".") for text in texts if text))


class DeploymentPage(Page):
    """getDeployments."""

    deployments: Many[DeploymentAnswer]


class Payload(Answer):
    """What an event of a build carries."""

    text: Text = ""


class EventAnswer(Answer):
    """One event of a build (getDeploymentEvents)."""

    created: float = 0
    text: Text = ""
    payload: Payload | None = None

    @property
    def line(self) -> str:
        """What the build printed."""
        return (self.payload.text if self.payload else "") or self.text
