"""A dry run's sandbox: the runner's if there is one, else one for this process alone. It replaces the operator's environment.

A process that leaves the dry run, for a live mode in the same kernel, has the operator's environment again.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from deploybook.checkout.engines import engine_settings
from deploybook.errors import ConfigurationError
from deploybook.runbook import environment

SESSION_VARIABLE = "DEPLOYBOOK_SANDBOX_EXPORTS"
DIRECTORY_VARIABLE = "DEPLOYBOOK_SANDBOX_DIRECTORY"
# The control API: only a process that started a sandbox itself may change it.
CONTROL_VARIABLES = frozenset({"DEPLOYBOOK_SANDBOX_URL", "DEPLOYBOOK_SANDBOX_TOKEN"})


class SandboxProcess:
    """A sandbox in a process of its own, which ends when its standard input closes, that is: with its owner, however that ends."""

    def __init__(self, app: Path | None = None) -> None:
        command = [sys.executable, "-m", "deploybook.sandbox", "--owned", *(["--app", str(app)] if app else [])]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment.machine(os.environ) | (engine_settings(os.environ) if app else {}),
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
        return Path(self.exports[DIRECTORY_VARIABLE]) / "state"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The machine's part of ``environ``, with the sandbox's variables and an empty home folder."""
        return _within(environ, self.exports)

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


@dataclass(frozen=True)
class _DryRun:
    """A process's environment before it entered a dry run, and within it."""

    before: dict[str, str]
    within: dict[str, str]

    def is_on(self, environ: Mapping[str, str]) -> bool:
        """Whether ``environ`` is still this dry run's, and was not restored by somebody else."""
        return environ.get(SESSION_VARIABLE) == self.within[SESSION_VARIABLE]

    def restored(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment before the dry run, with what was changed in ``environ`` since."""
        return self.before | {name: value for name, value in environ.items() if self.within.get(name) != value}


_entered: _DryRun | None = None
_own: SandboxProcess | None = None


def without(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """A dry run's environment for one of its kernels: without the named variables of the sandbox, and without its control API."""
    left_out = CONTROL_VARIABLES.union(names)
    kept = {name: value for name, value in environ.items() if name not in left_out}
    if announced := kept.get(SESSION_VARIABLE):
        exports = {name: value for name, value in json.loads(announced).items() if name not in left_out}
        kept[SESSION_VARIABLE] = json.dumps(exports)
    return kept


def enter(environ: MutableMapping[str, str]) -> tuple[Path, bool]:
    """Point ``environ`` at a sandbox, in place. Return the state's directory, and whether this process stands alone.

    Alone means that nobody ran the earlier sections in this sandbox.
    """
    global _entered
    announced = json.loads(environ.get(SESSION_VARIABLE, "{}"))
    exports, alone = (announced, False) if announced and not _is_own(announced) else _own_exports()
    within = _within(environ, exports)
    is_on = _entered is not None and _entered.is_on(environ)
    _entered = _DryRun(_entered.restored(environ) if _entered and is_on else dict(environ), within)
    environ.clear()
    environ.update(within)
    return Path(exports[DIRECTORY_VARIABLE]) / "state", alone


def narrow(environ: MutableMapping[str, str], names: Collection[str]) -> None:
    """Take the named variables of the sandbox, and its control API, out of ``environ``; the next ``enter`` puts them back."""
    global _entered
    within = without(environ, names)
    if _entered is not None:
        _entered = _DryRun(_entered.before, within)
    environ.clear()
    environ.update(within)


def leave(environ: MutableMapping[str, str]) -> None:
    """Restore ``environ`` as it was before ``enter``, but keep later changes to it; without a dry run do nothing."""
    global _entered
    if _entered is not None and _entered.is_on(environ):
        restored = _entered.restored(environ)
        environ.clear()
        environ.update(restored)
    _entered = None


def is_within(state: Path, environ: Mapping[str, str]) -> bool:
    """Whether a state's directory belongs to the sandbox that ``environ`` points at."""
    directory = environ.get(DIRECTORY_VARIABLE)
    return bool(directory) and Path(str(directory)).resolve() in state.resolve().parents


def _is_own(exports: Mapping[str, str]) -> bool:
    """Whether they are of the sandbox that this process started, though not all of them."""
    return _own is not None and _own.running and exports[DIRECTORY_VARIABLE] == _own.exports[DIRECTORY_VARIABLE]


def _own_exports() -> tuple[dict[str, str], bool]:
    """The exports of this process's own sandbox, and whether it was started just now."""
    global _own
    if _own is not None and _own.running:
        return _own.exports, False
    _own = SandboxProcess()
    atexit.register(_own.close)
    return _own.exports, True


def _within(environ: Mapping[str, str], exports: Mapping[str, str]) -> dict[str, str]:
    # Many tools read files of credentials from the home folder: ~/.aws, ~/.netrc, ~/.modal.toml, ~/.config.
    home = Path(exports[DIRECTORY_VARIABLE]) / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    session = {SESSION_VARIABLE: json.dumps(dict(exports)), "HOME": str(home)}
    return environment.machine(environ) | dict(exports) | session
