"""The bodies that the API takes, as the official description gives them; anything else is refused in Vercel's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from deploybook.sandbox.vercel.errors import VercelError, bad_request

Framework = Literal[
    "blitzjs", "nextjs", "gatsby", "remix", "react-router", "astro", "hexo", "eleventy", "docusaurus-2", "docusaurus",
    "preact", "solidstart-1", "solidstart", "dojo", "ember", "vue", "scully", "ionic-angular", "angular", "polymer",
    "svelte", "sveltekit", "sveltekit-1", "ionic-react", "create-react-app", "gridsome", "umijs", "sapper", "saber",
    "stencil", "nuxtjs", "redwoodjs", "hugo", "jekyll", "brunch", "middleman", "zola", "hydrogen", "vite",
    "vitepress", "vuepress", "parcel", "fastapi", "flask", "fasthtml", "sanity-v3", "sanity", "storybook", "nitro",
    "hono", "express", "h3", "nestjs", "fastify", "xmcp",
]  # fmt: skip
NodeVersion = Literal["22.x", "20.x", "18.x", "16.x", "14.x", "12.x", "10.x"]
Target = Literal["production", "preview", "development"]
VariableType = Literal["system", "encrypted", "plain", "sensitive"]
Command = Annotated[str, Field(max_length=256)]
Branch = Annotated[str, Field(max_length=250)]


class Body(BaseModel):
    """A request body: camelCase, no other members than those named."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)

    def given(self, *but: str) -> dict[str, Any]:
        """The members that the client sent, by Vercel's names, without those in ``but``."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude=set(but))


class SsoProtection(Body):
    """Which addresses Vercel Authentication guards."""

    deployment_type: Literal["all", "preview", "prod_deployment_urls_and_all_previews", "all_except_custom_domains"]


class GitRepository(Body):
    """The repository to link."""

    repo: str
    type: Literal["github", "github-limited", "gitlab", "bitbucket"]


class NewVariable(Body):
    """A variable to create: ``createProjectEnv``. ``visibility`` is what the CLI of 2026 adds."""

    key: str
    value: str
    type: VariableType
    target: list[Target] | None = None
    custom_environment_ids: list[str] | None = None
    git_branch: Branch | None = None
    comment: Annotated[str, Field(max_length=500)] | None = None
    visibility: Literal["config", "secret"] | None = None


class ProjectVariable(NewVariable):
    """A variable given with a new project: here ``target`` may be one word and ``type`` may be left out."""

    type: VariableType = "encrypted"
    target: Target | list[Target]  # type: ignore[assignment]


class EditedVariable(Body):
    """Changes of a variable: ``editProjectEnv``."""

    key: str = ""
    value: str = ""
    type: VariableType = "encrypted"
    target: list[Target] = Field(default_factory=list)
    custom_environment_ids: list[str] | None = None
    git_branch: Branch | None = None
    comment: Annotated[str, Field(max_length=500)] | None = None
    visibility: Literal["config", "secret"] | None = None


class VariableIds(Body):
    """The variables to remove together: ``batchRemoveProjectEnv``."""

    ids: list[str] = Field(max_length=1000)


class ProjectSettings(Body):
    """Settings that a project has and a deployment may bring with it."""

    build_command: Command | None = None
    command_for_ignoring_build_step: Command | None = None
    dev_command: Command | None = None
    framework: Framework | None = None
    install_command: Command | None = None
    node_version: NodeVersion | None = None
    output_directory: Command | None = None
    root_directory: Command | None = None
    serverless_function_region: Annotated[str, Field(max_length=4)] | None = None
    skip_git_connect_during_link: bool | None = None
    source_files_outside_root_directory: bool | None = None


class NewProject(ProjectSettings):
    """``createProject``."""

    name: Annotated[str, Field(max_length=100)]
    environment_variables: list[ProjectVariable] = Field(default_factory=list)
    git_repository: GitRepository | None = None
    public_source: bool | None = None
    enable_preview_feedback: bool | None = None
    enable_production_feedback: bool | None = None
    enable_affected_projects_deployments: bool | None = None
    preview_deployments_disabled: bool | None = None
    sso_protection: SsoProtection | None = None


class ChangedProject(ProjectSettings):
    """``updateProject``, without the members of plans that the sandbox's team doesn't have."""

    name: Annotated[str, Field(max_length=100)] | None = None
    auto_expose_system_envs: bool | None = None
    auto_assign_custom_domains: bool | None = None
    directory_listing: bool | None = None
    git_fork_protection: bool | None = None
    git_l_f_s: bool | None = Field(None, alias="gitLFS")
    public_source: bool | None = None
    enable_preview_feedback: bool | None = None
    enable_production_feedback: bool | None = None
    enable_affected_projects_deployments: bool | None = None
    preview_deployments_disabled: bool | None = None
    sso_protection: SsoProtection | None = None


class NewDomain(Body):
    """``addProjectDomain``."""

    name: str
    git_branch: Branch | None = None
    custom_environment_id: str | None = None
    redirect: str | None = None
    redirect_status_code: Literal[301, 302, 307, 308] | None = None


class ChangedDomain(Body):
    """``updateProjectDomain``."""

    git_branch: Branch | None = None
    redirect: str | None = None
    redirect_status_code: Literal[301, 302, 307, 308] | None = None


class NewAlias(Body):
    """``assignAlias``."""

    alias: str
    redirect: str | None = None


class NewToken(Body):
    """``createAuthToken``."""

    name: str
    expires_at: int | None = None


class RevokeBypass(Body):
    """A secret to revoke."""

    secret: str
    regenerate: bool


class GenerateBypass(Body):
    """A secret to make; without ``secret`` Vercel chooses it."""

    secret: Annotated[str, Field(pattern="^[a-zA-Z0-9]{32}$")] | None = None


class ChangedBypass(Body):
    """``updateProjectProtectionBypass``."""

    revoke: RevokeBypass | None = None
    generate: GenerateBypass | None = None


B = TypeVar("B", bound=Body)


def parse(kind: type[B], value: object) -> B:
    """The body as ``kind``, or 400 in the words of Vercel's schema validation."""
    try:
        return kind.model_validate(value)
    except ValidationError as problem:
        raise _refusal(problem) from None


def _refusal(problem: ValidationError) -> VercelError:
    first = problem.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"]]
    path, context = ".".join(location), first.get("ctx", {})
    match first["type"]:
        case "extra_forbidden":
            return bad_request(
                f"Invalid request: should NOT have additional property `{path}`.", keyword="additionalProperties"
            )
        case "missing":
            return bad_request(f"Invalid request: missing required property `{path}`.", keyword="required")
        case "string_too_long":
            limit = context["max_length"]
            text = f"Invalid request: `{path}` should NOT be longer than {limit} characters."
            return bad_request(text, keyword="maxLength")
        case "literal_error":
            text = f"Invalid request: `{path}` should be equal to one of the allowed values: {context['expected']}."
            return bad_request(text, keyword="enum")
        case _:
            return bad_request(f"Invalid request: `{path or 'body'}` is not valid ({first['msg']}).", keyword="type")
