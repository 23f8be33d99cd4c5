"""Projects: ``createProject``, ``updateProject``, ``getProject``, ``updateProjectProtectionBypass``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasPath, Field, PlainSerializer

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import NotHere, if_any
from deploybook.sandbox.vercel.schema import Body, View
from deploybook.sandbox.vercel.schema.accounts import CreatorWithEmailView
from deploybook.sandbox.vercel.schema.variables import ProjectVariableBody, variable
from deploybook.sandbox.vercel.state import State
from deploybook.sandbox.vercel.state.projects import Project

Framework = Literal[
    "blitzjs", "nextjs", "gatsby", "remix", "react-router", "astro", "hexo", "eleventy", "docusaurus-2", "docusaurus",
    "preact", "solidstart-1", "solidstart", "dojo", "ember", "vue", "scully", "ionic-angular", "angular", "polymer",
    "svelte", "sveltekit", "sveltekit-1", "ionic-react", "create-react-app", "gridsome", "umijs", "sapper", "saber",
    "stencil", "nuxtjs", "redwoodjs", "hugo", "jekyll", "brunch", "middleman", "zola", "hydrogen", "vite",
    "vitepress", "vuepress", "parcel", "fastapi", "flask", "fasthtml", "sanity-v3", "sanity", "storybook", "nitro",
    "hono", "express", "h3", "nestjs", "fastify", "xmcp",
]  # fmt: skip
NodeVersion = Literal["22.x", "20.x", "18.x", "16.x", "14.x", "12.x", "10.x"]
Command = Annotated[str, Field(max_length=256)]


class SsoProtectionBody(Body):
    """Which addresses Vercel Authentication guards."""

    deployment_type: Literal["all", "preview", "prod_deployment_urls_and_all_previews", "all_except_custom_domains"]


class RepositoryBody(Body):
    """The repository to link."""

    repo: str
    type: Literal["github", "github-limited", "gitlab", "bitbucket"]


class SettingsBody(Body):
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


def _no_password(value: Any) -> Any:
    if value:
        raise Refusal(428, "Advanced Deployment Protection is not available for the user plan", "precondition_required")
    return value


def _no_trusted_ips(value: Any) -> Any:
    if value:
        raise Refusal(400, "Trusted IPs is only accessible for enterprise customers", "bad_request")
    return value


class _ProjectBody(SettingsBody):
    """What can be set of a project at any time. Keeping what has no effect here would be a lie: it answers 501."""

    public_source: bool | None = None
    enable_preview_feedback: bool | None = None
    enable_production_feedback: bool | None = None
    enable_affected_projects_deployments: bool | None = None
    preview_deployments_disabled: bool | None = None
    sso_protection: SsoProtectionBody | None = None
    connect_configurations: NotHere = None
    customer_support_code_visibility: NotHere = None
    oidc_token_config: NotHere = None
    options_allowlist: NotHere = None
    resource_config: NotHere = None
    serverless_function_zero_config_failover: NotHere = None
    skew_protection_boundary_at: NotHere = None
    skew_protection_max_age: NotHere = None
    static_ips: NotHere = None


class ProjectBody(_ProjectBody):
    """A project to make (``createProject``)."""

    name: Annotated[str, Field(max_length=100)]
    environment_variables: list[ProjectVariableBody] = Field(default_factory=list)
    git_repository: RepositoryBody | None = None


class ChangedProjectBody(_ProjectBody):
    """New settings of a project (``updateProject``); some members need a plan that the sandbox's team does not have."""

    name: Annotated[str, Field(max_length=100)] | None = None
    auto_expose_system_envs: bool | None = None
    auto_assign_custom_domains: bool | None = None
    directory_listing: bool | None = None
    git_fork_protection: bool | None = None
    git_lfs: bool | None = Field(None, alias="gitLFS")
    password_protection: Annotated[Any, AfterValidator(_no_password)] = None
    trusted_ips: Annotated[Any, AfterValidator(_no_trusted_ips)] = None


class RevokedBypassBody(Body):
    """A secret to revoke."""

    secret: str
    regenerate: bool


class GeneratedBypassBody(Body):
    """A secret to make; without ``secret`` Vercel chooses it."""

    secret: Annotated[str, Field(pattern="^[a-zA-Z0-9]{32}$")] | None = None


class BypassBody(Body):
    """Secrets that pass Deployment Protection, to revoke and to make (``updateProjectProtectionBypass``)."""

    revoke: RevokedBypassBody | None = None
    generate: GeneratedBypassBody | None = None


class LinkView(View):
    """A linked repository."""

    type: str
    org: str = Field(validation_alias="owner")
    repo: str = Field(validation_alias="name")
    repo_id: int = Field(validation_alias="id")
    created_at: int
    updated_at: int = Field(validation_alias="created_at")
    deploy_hooks: tuple[str, ...] = ()
    git_credential_id: str = Field(validation_alias="credential_id")
    sourceless: bool = False
    production_branch: str


class BriefDeploymentView(View):
    """A deployment as its project shows it."""

    id: str
    alias: list[str] = Field(validation_alias="aliases")
    alias_assigned: Annotated[int | None, PlainSerializer(lambda moment: moment or False)] = Field(
        validation_alias="alias_assigned_at"
    )
    created_at: int
    created_in: str = "iad1"
    creator: CreatorWithEmailView
    deployment_hostname: str = Field(validation_alias="url")
    name: str
    meta: dict[str, str]
    plan: str = "pro"
    private: bool = True
    ready_state: str = Field(validation_alias="state")
    ready_substate: str | None = if_any()
    target: str | None
    team_id: str | None = Field(default=None, validation_alias=AliasPath("team", "id"))
    type: str = "LAMBDAS"
    url: str
    user_id: str = Field(validation_alias=AliasPath("creator", "id"))


def project(one: Project, state: State) -> dict[str, Any]:
    """A project with its newest deployments (``getProject``)."""
    regions = {"functionDefaultRegions": ["iad1"]}
    current = state.production(one)
    optional = {
        "lastAliasRequest": one.last_alias_request,
        "protectionBypass": one.bypasses,
        "link": one.repository and LinkView.model_validate(one.repository),
    }
    return {
        "id": one.id,
        "name": one.name,
        "accountId": one.owner_id,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        **one.settings,
        "framework": one.framework,
        "ssoProtection": one.sso_protection,
        "resourceConfig": regions,
        "defaultResourceConfig": regions,
        "live": False,
        "latestDeployments": [
            BriefDeploymentView.model_validate(deployment) for deployment in state.deployments_of(one)[:10]
        ],
        "targets": {"production": BriefDeploymentView.model_validate(current)} if current else {},
        "env": [variable(item, decrypt=False) for item in one.variables.all()],
        **{name: value for name, value in optional.items() if value},
    }
