"""Lines that an operator types wrong: names, modes, values, files and credentials, each with the answer and what works then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Edit = Callable[[Path], object]


def write(name: str, text: str) -> Edit:
    """The edit after which a file has this text."""
    return lambda root: (root / name).write_text(text)


@dataclass(frozen=True)
class Wrong:
    """A line typed wrong: the answer's words, and the line that is pasted from it, or how a file is edited as the answer says.

    ``environ`` is exported in the shell, ``typed`` is what is typed after the pasted line, ``files`` are there before.
    """

    line: str
    said: str
    fix: str | Edit
    environ: Mapping[str, str] = field(default_factory=dict)
    typed: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    # The code with which the corrected line ends, where more than what was mistyped is missing here.
    code: int = 0


R2 = "runbooks/parameters/production.yaml"
TYPED_WRONG = [
    # Names
    Wrong(
        "run vercle --mode plan -p git_repository=a/b",
        "There is no section vercle.",
        "run vercel --mode plan -p git_repository=a/b",
    ),
    Wrong("run r3 --mode plan", "There is no section r3.", "run r2 --mode plan"),
    Wrong("run R2 --mode plan", "There is no section R2.", "run r2 --mode plan"),
    Wrong("run r2 tursso --mode plan", "There is no section tursso.", "run r2 turso --mode plan"),
    Wrong("run webhook --mode plan", "There is no section webhook.", "run webhook_secret --mode plan"),
    Wrong(
        "run ci-cd --mode destroy -p git_repository=a/b",
        "There is no section ci-cd.",
        "run ci_cd --mode destroy -p git_repository=a/b",
        typed="production\n",
    ),
    Wrong(
        "run --environment=stagin --mode verify",
        "There is no environment stagin.",
        "run --environment=staging --mode verify",
        code=2,
    ),
    Wrong("env list --environment Staging", "Parameter environment is 'Staging'.", "env list --environment staging"),
    Wrong(
        "env export --for Render",
        "Render is not a consumer whose variables can be exported.",
        "env export --for render",
        code=2,
    ),
    Wrong(
        "env set TURSO_DATABASE_URI",
        "TURSO_DATABASE_URI is not in the contract.",
        "env set TURSO_DATABASE_URL",
        typed="libsql://x-y.turso.io\n",
    ),
    Wrong("explain cors-", "There is no entry cors-.", "explain cors"),
    Wrong("explain docs/troubleshooting.md#r2_keys", "There is no entry r2_keys.", "explain r2-keys"),
    Wrong("check --explain name-exist", "There is no rule name-exist.", "check --explain name-exists"),
    Wrong("sandbox --only verzel", "There is no service verzel.", "sandbox --only vercel"),
    Wrong("rnu r2 --mode plan", "deploybook has no command rnu.", "run r2 --mode plan"),
    Wrong("env lst", "deploybook env has no command lst.", "env list"),
    Wrong(
        "run r2 --enviroment x --mode plan", "There is no option --enviroment.", "run r2 --environment x --mode plan"
    ),
    Wrong(
        "run r2 --mode plan -p bucket=acme-studio",
        "No selected runbook has a parameter bucket.",
        "run r2 --mode plan -p bucket_name=acme-studio",
    ),
    # Modes and other words of a choice
    Wrong("run r2 --mode paln", "--mode is 'paln'.", "run r2 --mode plan"),
    Wrong("run r2 --mode Verify", "--mode is 'Verify'.", "run r2 --mode verify"),
    Wrong(
        "check --explain link --format GitHub", "--format is 'GitHub'.", "check --explain link --format github", code=2
    ),
    Wrong("completion bsh", "shell is 'bsh'.", "completion bash"),
    # Values
    Wrong(
        "run r2 --mode plan -p location weurp", "Parameter location is 'weurp'.", "run r2 --mode plan -p location weur"
    ),
    Wrong(
        "run r2 --mode plan -p bucket_name 'Acme Studio'",
        "Parameter bucket_name is 'Acme Studio'.",
        "run r2 --mode plan -p bucket_name acme-studio",
    ),
    Wrong(
        "run render --mode plan -p git_repository=https://github.com/acme/studio.git",
        "Parameter git_repository is",
        "run render --mode plan -p git_repository=acme/studio",
    ),
    Wrong(
        "run r2 --mode plan -p app_origin studio.example.com/",
        "Parameter app_origin is",
        "run r2 --mode plan -p app_origin https://studio.example.com",
    ),
    Wrong("run turso --mode plan -p rotate yes", "Parameter rotate is 'yes'.", "run turso --mode plan -p rotate true"),
    Wrong(
        "run r2 turso --mode plan -p bucket acme -p rotate no",
        "No selected runbook has a parameter bucket. Parameter rotate is 'no'.",
        "run r2 turso --mode plan -p bucket_name acme -p rotate false",
    ),
    # Files
    Wrong(
        "run r2 --mode plan -f r2.yml",
        "r2.yml cannot be read",
        "run r2 --mode plan -f r2.yaml",
        files={"r2.yaml": "bucket_name: acme"},
    ),
    Wrong(
        "run r2 --mode plan -f r2.yaml",
        "r2.yaml:2: this is not YAML",
        write("r2.yaml", "bucket_name: acme\n"),
        files={"r2.yaml": "bucket_name: acme\n  x: ["},
    ),
    Wrong(
        "run r2 --mode plan -f r2.yaml",
        "r2.yaml is not a mapping of parameters.",
        write("r2.yaml", "bucket_name: acme\n"),
        files={"r2.yaml": "- acme"},
    ),
    Wrong(
        "run r2 --mode plan",
        "production.yaml:2: there is no parameter bucket_nam. Did you mean bucket_name?",
        write(R2, "environment: production\nbucket_name: acme\n"),
        files={R2: "environment: production\nbucket_nam: acme\n"},
    ),
    Wrong(
        "run r2 --mode plan",
        "production.yaml:1: the line `environment: production` is missing",
        write(R2, "environment: production\nbucket_name: acme\n"),
        files={R2: "bucket_name: acme\n"},
    ),
    Wrong(
        "run --mode apply --plan plan.jsn",
        "plan.jsn cannot be read",
        "run --mode apply --plan plan.json",
        files={
            "plan.json": '{"version": 1, "environment": "production", "sections": ["r2"], "parameters": {}, "changes": []}'
        },
    ),
    Wrong(
        "run --mode apply --plan r2.yaml -p git_repository=a/b",
        "--plan needs --mode apply, and takes sections",
        "run --mode apply --plan r2.yaml",
        files={"r2.yaml": "x"},
        code=2,
    ),
    # Credentials
    Wrong(
        "run render --mode plan -p git_repository=a/b",
        "RENDER_API_KEY contains left double quotation mark",
        "read RENDER_API_KEY",
        {"RENDER_API_KEY": "\u201crnd_hunter2\u201d"},
        "rnd_hunter2\n",
    ),
    Wrong(
        "run render --mode plan -p git_repository=a/b",
        "RENDER_API_KEY is not set.",
        "read RENDER_API_KEY",
        {"RENDER_API_KEY": ""},
        "rnd_hunter2\n",
    ),
    Wrong(
        "run vercel --mode plan -p git_repository=a/b",
        "VERCEL_TEAM_ID is not a team's id",
        "read VERCEL_TEAM_ID",
        {"VERCEL_TEAM_ID": "hunter2"},
        "team_hunter2\n",
    ),
]
