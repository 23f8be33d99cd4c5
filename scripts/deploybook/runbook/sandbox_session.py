"""A dry run's sandbox: joined if the runner started one, else started for this process alone; the operator's environment is put aside."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from deploybook.errors import ConfigurationError

SESSION_VARIABLE = "DEPLOYBOOK_SANDBOX_EXPORTS"

# What a dry run must never see: credentials, endpoints and proxies of the operator.
PUT_ASIDE = ("CLOUDFLARE_", "R2_", "TURSO_", "MODAL_", "VERCEL_", "RENDER_", "GITHUB_", "AWS_")
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})


class SandboxProcess:
    """A sandbox in a process of its own, which ends when its standard input closes, that is: with its owner, however that ends."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "deploybook.sandbox", "--owned"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=without_operator(os.environ),
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ConfigurationError(
                "The sandbox did not start.", "Run deploybook sandbox to see why.", "sandbox-does-not-start"
            )
        self.exports: dict[str, str] = json.loads(line)

    @property
    def state(self) -> Path:
        """Where the dry run's vault and ledger are kept; gone with the sandbox."""
        return Path(self.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"]) / "state"

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """``environ`` with the operator's variables put aside and the sandbox's in their place."""
        return without_operator(environ) | self.exports | {SESSION_VARIABLE: json.dumps(self.exports)}

    def close(self) -> None:
        """End the sandbox and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def without_operator(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what belongs to the operator."""
    return {
        name: value for name, value in environ.items() if not name.startswith(PUT_ASIDE) and name.upper() not in PROXIES
    }


def enter(environ: MutableMapping[str, str]) -> tuple[Path, bool]:
    """Point ``environ`` at a sandbox, in place. Gives the state's directory, and whether this process stands alone.

    Alone means that nobody ran the earlier sections in this sandbox.
    """
    announced = environ.get(SESSION_VARIABLE)
    if announced:
        exports: dict[str, str] = json.loads(announced)
        merged = without_operator(environ) | exports
        alone = False
    else:
        sandbox = SandboxProcess()
        atexit.register(sandbox.close)
        merged = sandbox.environment(environ)
        exports, alone = sandbox.exports, True
    environ.clear()
    environ.update(merged)
    return Path(exports["DEPLOYBOOK_SANDBOX_DIRECTORY"]) / "state", alone
