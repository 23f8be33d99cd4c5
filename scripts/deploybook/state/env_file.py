"""One consumer's variables as an env file that python-dotenv and a POSIX shell read alike and only its owner can read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.state.atomic import write_private

HEADING = "# Written by deploybook env export"


def default_path(layout: Layout, environment: str, consumer: str) -> Path:
    """``.deploybook/<environment>.<consumer>.env``; a colon in a consumer's name is no character for a file name."""
    return layout.state / f"{environment}.{consumer.replace(':', '-')}.env"


def export(path: Path, consumer: str, variables: Mapping[str, ConsumerVariable]) -> None:
    """Write the file with mode 0600. Raises InvalidValue for a value that can't be quoted or a path that can't be written."""
    lines = [f"{HEADING} for {consumer}. It holds secrets: delete it when it was read."]
    lines += [f"{name}={quoted(name, variable.value.get_secret_value())}" for name, variable in variables.items()]
    try:
        write_private(path, "\n".join(lines) + "\n")
    except OSError as problem:
        raise InvalidValue(f"{path} cannot be written ({problem.strerror}).", "Give another --output.") from None


def quoted(name: str, value: str) -> str:
    """A value in quotes that mean the same to python-dotenv and to a POSIX shell; raises InvalidValue if there are none."""
    # python-dotenv replaces ${NAME} in any quotes, and a line break ends a line for other readers of such files.
    if "${" not in value and not any(ord(character) < 32 for character in value):
        if not set(value) & set("'\\"):
            return f"'{value}'"
        # In double quotes both undo \\ and \"; a shell alone would go on to replace what follows $ and `.
        if not set(value) & set("$`"):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    raise InvalidValue(
        f"{name} has characters that env files do not carry alike (line breaks, ${{, or quotes beside $ or `).",
        "Set it in the dashboard by hand, or choose a value without them.",
    )


def writable(layout: Layout, path: Path, expected: Path) -> Path:
    """The real path to write, ``expected`` being the default one.

    Raises InvalidValue for what is no file, is somebody else's, is part of the state, or could be committed.
    """
    if str(path) == "-" or (path.exists() and not path.is_file()):
        raise InvalidValue(f"{path} is not a file.", "Secrets are written to files only: choose another --output.")
    real = path.resolve()
    if real != expected.resolve() and layout.state.resolve() in real.parents:
        raise InvalidValue(f"{path} is in the folder of the vaults.", f"Leave --output out: it becomes {expected}.")
    if may_be_committed(real):
        raise InvalidValue(
            f"{path} is in a git repository that does not ignore it.", "Write outside of the repository, or ignore it."
        )
    if real.is_file() and not real.read_bytes().startswith(HEADING.encode()):
        raise InvalidValue(f"{path} exists, and is not an earlier export.", "Choose another --output, or remove it.")
    return real


def may_be_committed(path: Path) -> bool:
    """Whether a file stands in a git repository that does not ignore it."""
    folders = [folder for folder in path.parents if folder.is_dir()]
    if not any((folder / ".git").exists() for folder in folders):
        return False
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folders[0]), "check-ignore", "--quiet", "--", str(path)]
    try:
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode != 0
    except FileNotFoundError:
        # Without git nobody can tell what it would ignore.
        return True
