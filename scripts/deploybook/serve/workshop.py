"""What one server works with: the checkout, what was typed, the runs and what happens in them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from deploybook.contract.model import Contract
from deploybook.contract.validation import DEFAULT_ENVIRONMENT
from deploybook.errors import UnknownParameter
from deploybook.layout import HOME_VARIABLE, Layout
from deploybook.redact import Redactor
from deploybook.runbook.credential_sources import complete
from deploybook.runbook.modes import Mode
from deploybook.runbook.notebook_file import read_parameters
from deploybook.runbook.settings import load_settings
from deploybook.serve.feed import Feed
from deploybook.serve.inputs import Memory
from deploybook.serve.jupyter import Jupyter
from deploybook.serve.runs import COMMAND, RunRequest, Runs
from deploybook.serve.states import section_states
from deploybook.serve.steps import steps_of
from deploybook.serve.watching import Watch
from deploybook.state.environments import known_environments
from deploybook.state.known_secrets import known_secrets

# Of the digest in a working copy's name.
DIGITS = 8


class Workshop:
    """``environ`` is the operator's, as it was when the server started; ``command`` is how this program is called."""

    def __init__(
        self, layout: Layout, contract: Contract, environ: Mapping[str, str], command: Sequence[str] = COMMAND
    ) -> None:
        self.layout = layout
        self.contract = contract
        self._environ = dict(environ) | {HOME_VARIABLE: str(layout.root)}
        self._command = tuple(command)
        self.memory = Memory(contract)
        self._redactor = Redactor(known_secrets(contract, environ))
        self.feed = Feed(self.clean)
        self.runs = Runs(self.feed, self._redactor.learn, command)
        self.jupyter = Jupyter(layout.root, self._environ, self._redactor.learn)
        self.watch = Watch(layout.runs, self.feed, lambda: self.runs.pids)

    def clean(self, data: dict[str, Any]) -> dict[str, Any]:
        """The same without what must not be seen: a process redacts what it says by what it knows, and here by what was typed since."""
        return self._redactor.tree(data)

    def guide(self) -> dict[str, Any]:
        """The sections with their steps, the environments, and the credentials' definitions."""
        environments = dict.fromkeys([DEFAULT_ENVIRONMENT, *known_environments(self.layout, self.contract)])
        return {
            "environments": list(environments),
            "sections": [
                {
                    "slug": slug,
                    "title": self.contract.section(slug).title,
                    "steps": steps_of(self.layout.notebook(slug)),
                }
                for slug in self.contract.order()
                if self.layout.notebook(slug).exists()
            ],
        }

    def state(self, environment: str) -> dict[str, Any]:
        """How far each section is, and which inputs are there."""
        self._require_name(environment)
        states = section_states(self.layout, self.contract, environment)
        return {
            "environment": environment,
            "sections": {slug: asdict(state) for slug, state in states.items()},
            "credentials": self._credentials(environment),
            "parameters": sorted(self.memory.of(environment).parameters),
        }

    def keep(self, environment: str, values: Mapping[str, str]) -> dict[str, str]:
        """Keep what was typed; returns what is wrong, by name."""
        self._require_name(environment)
        problems = self.memory.keep(environment, values)
        self._redactor.learn(self.memory.secrets())
        return problems

    async def start(self, request: RunRequest) -> str:
        """Start a run with what was typed for its environment; a dry run gets none of it."""
        self._require_name(request.environment)
        for slug in request.sections:
            self.contract.section(slug)
        parameters = self._parameters(request) if request.mode.live else {}
        return await self.runs.start(request, self._environ_of(request.environment), parameters)

    async def check(self, environment: str) -> dict[str, Any]:
        """What each provider says of the credentials."""
        self._require_name(environment)
        return await self._output(environment, "init", environment, "--check", "--json", *self._pairs(environment))

    async def examine(self, *words: str, environment: str) -> dict[str, Any]:
        """What a command that looks at the clouds says of an environment, as JSON; or its error, as ``{"error": …}``."""
        return await self.command(*words, *self._pairs(environment), environment=environment)

    async def command(self, *words: str, environment: str) -> dict[str, Any]:
        """The same of one that takes no parameters."""
        self._require_name(environment)
        return await self._output(environment, *words, "--environment", environment)

    async def ticket(self, notebook: str) -> str:
        """What opens a runbook in JupyterLab, once. Raises UnknownParameter for a runbook that is not there."""
        path = self.layout.notebook(notebook)
        if not path.is_file():
            raise UnknownParameter(f"There is no runbook {notebook}.", "Reload the page.")
        copy = working_copy(path, self.layout.root / "build")
        return await self.jupyter.ticket(copy.relative_to(self.layout.root).as_posix())

    async def _output(self, environment: str, *words: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *(*self._command, *words),
            env=self._environ_of(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate()
        finally:
            # Its page went away, or the server ends: nobody waits for it.
            if process.returncode is None:
                process.kill()
                await process.communicate()
        try:
            return self.clean(json.loads(output))
        except ValueError:
            return self.clean({"error": errors.decode(errors="replace").strip()})

    def _pairs(self, environment: str) -> list[str]:
        parameters = self._parameters(RunRequest(Mode.APPLY, environment))
        return [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]

    def _parameters(self, request: RunRequest) -> dict[str, str]:
        """What was typed, as far as a selected section has a parameter of that name."""
        slugs = request.sections or [slug for slug in self.contract.order() if self.layout.notebook(slug).exists()]
        declared = {name for slug in slugs for name in read_parameters(self.layout.notebook(slug))}
        typed = self.memory.of(request.environment).parameters
        return {name: value for name, value in typed.items() if name in declared}

    def _environ_of(self, environment: str) -> dict[str, str]:
        typed = self.memory.of(environment).credentials
        return self._environ | {name: value.get_secret_value() for name, value in typed.items()}

    def _credentials(self, environment: str) -> list[dict[str, Any]]:
        """Each credential, and where it comes from; a password manager is not asked for it."""
        settings = load_settings(self.layout, self.contract, environment)
        typed = self.memory.of(environment).credentials
        names = [credential.name for credential in self.contract.credentials]
        sources = complete(self.contract, replace(settings, commands={}), dict(self._environ), names)
        origins = sources.origins | {name: f"`{words.split()[0]}`" for name, words in settings.commands.items()}
        return [
            {
                "name": credential.name,
                "provider": self.contract.provider(credential.provider).title,
                "secret": credential.secret,
                "optional": credential.optional,
                "made_at": credential.made_at,
                "permissions": credential.permissions,
                "from": "typed here" if credential.name in typed else origins.get(credential.name, ""),
            }
            for credential in self.contract.credentials
        ]

    def _require_name(self, environment: str) -> None:
        self.contract.parameters["environment"].validate_value("environment", environment)


def working_copy(notebook: Path, folder: Path) -> Path:
    """The copy of a runbook that JupyterLab opens: what it saves changes no file of git's.

    Its name has the digest of the runbook. A runbook that has changed gets another copy, and no copy that somebody worked in is replaced.
    ``folder`` is a neighbour of the runbooks' own, so that the links of the notebook and of its output lead to the same pages.
    """
    content = notebook.read_bytes()
    copy = folder / f"{notebook.stem}-{hashlib.sha256(content).hexdigest()[:DIGITS]}.ipynb"
    if not copy.exists():
        folder.mkdir(exist_ok=True)
        copy.write_bytes(content)
    return copy
