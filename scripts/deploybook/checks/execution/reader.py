"""A reader at work: a checkout of his own, the sandbox for the clouds, the names that he chose, and what he types when asked."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from deploybook.checks.facts.knowledge import default_of
from deploybook.checks.facts.tree import Tree
from deploybook.errors import DocsError
from deploybook.guide.shell import PLACEHOLDER, commands
from deploybook.layout import HOME_VARIABLE, Layout
from deploybook.runbook import environment
from deploybook.runbook.sandbox_session import SESSION_VARIABLE, SandboxProcess
from deploybook.state.vault import Vault

ENVIRONMENT = "production"
# What is not in his checkout: runs, vaults and history are the operator's. His .venv is this program's, whatever the operator calls it.
OWN = frozenset({"build", ".deploybook", ".git", ".venv"})
# What a block may write, and what the operator may be writing meanwhile.
COPIED = frozenset({"docs", "runbooks", "scripts"})
READ = re.compile(r"read -rs ([A-Za-z_]\w*)")
# What only the dashboard shows, of something that the section's own runbook made.
IN_THE_DASHBOARD = "RENDER_DEPLOY_HOOK_URL"
# The application that he has checked out, as far as its code is only read: the tests' own.
APPLICATION = "tests/e2e/small_app"


@dataclass
class Reader:
    """``environ`` is the shell's: the sandbox's endpoints and credentials, and none of the operator's."""

    tree: Tree
    root: Path
    environ: dict[str, str]

    @classmethod
    @contextmanager
    def settle(cls, tree: Tree) -> Iterator[Reader]:
        """A checkout with copies of the guide and links to the rest, and a sandbox that ends with it."""
        sandbox = SandboxProcess()
        try:
            with tempfile.TemporaryDirectory(prefix="deploybook-check-") as name:
                root = Path(name)
                _check_out(tree.root, root)
                _as_after_make_guide(root)
                yield cls(tree, root, _environ(root, sandbox))
        finally:
            sandbox.close()

    def filled(self, text: str) -> str:
        """The block with his names in its placeholders. Raises DocsError for one that he could not know."""
        return PLACEHOLDER.sub(lambda match: self._name(match[1]), text)

    def typed(self, text: str) -> list[str]:
        """What he types while the block runs: what it reads, and the answers to what deploybook asks. Raises DocsError, as above."""
        lines = [self._secret(name) for name in READ.findall(text)]
        for command in commands(text):
            arguments = list(command.words)
            if arguments[:2] == ["deploybook", "run"] and "--yes" not in arguments:
                lines += ["y"] if "apply" in arguments else [ENVIRONMENT] if "destroy" in arguments else []
        return lines

    def _name(self, placeholder: str) -> str:
        if placeholder == "GIT_REPOSITORY":
            # The one that the sandbox's GitHub holds.
            return self.environ["GITHUB_REPOSITORY"]
        if placeholder == "APP_CHECKOUT":
            return APPLICATION
        default = default_of(self.tree, placeholder.lower())
        if not default:
            raise DocsError("docs", 1, f"nobody can execute a block with <{placeholder}>", "Mark it manual.")
        return default

    def _secret(self, name: str) -> str:
        """The deploy hook stands in Render's dashboard only; anything else that is read is a secret of the reader's own."""
        if name != IN_THE_DASHBOARD:
            return secrets.token_hex(32)
        service = Vault(Layout(self.root).state, ENVIRONMENT).all().get("RENDER_SERVICE_ID")
        if service is None:
            raise DocsError("docs", 1, f"no worker was made whose dashboard could show {name}", "Make it before.")
        api = urlsplit(self.environ["RENDER_API_URL"])
        page = httpx.get(
            f"{api.scheme}://{api.netloc}/dashboard/{service.get_secret_value()}/settings",
            headers={"Authorization": f"Bearer {self.environ['RENDER_API_KEY']}"},
            trust_env=False,
        )
        match = re.search(r'id="deploy-hook">([^<]+)<', page.text)
        return match[1].replace("&amp;", "&") if match else ""


def _environ(root: Path, sandbox: SandboxProcess) -> dict[str, str]:
    environ = environment.machine(os.environ) | sandbox.exports
    # A dry run starts a sandbox of its own, as it does for a reader.
    environ.pop(SESSION_VARIABLE, None)
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "")])
    return environ | {HOME_VARIABLE: str(root), "PATH": path, "NO_COLOR": "1", "NO_MKDOCS_2_WARNING": "1"}


def _check_out(source: Path, root: Path) -> None:
    for path in source.iterdir():
        if path.name in COPIED:
            shutil.copytree(path, root / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.name not in OWN:
            (root / path.name).symlink_to(path)


def _as_after_make_guide(root: Path) -> None:
    """Runbooks and site were made right before: `make guide` has nothing left to do, and must not set the operator's .venv up anew."""
    venv = root / ".venv"
    venv.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name not in {".installed", ".place"}:
            (venv / path.name).symlink_to(path)
    # Made here, as far as the Makefile can tell: one of another place it would make anew.
    (venv / ".place").write_text(f"{root.resolve()}\n", encoding="utf-8")
    for stamp in (".venv/.installed", "build/.dry-run", "build/site/index.html"):
        (root / stamp).parent.mkdir(parents=True, exist_ok=True)
        (root / stamp).touch()
