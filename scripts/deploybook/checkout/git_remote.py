"""The GitHub repository that a checkout was cloned from, as its remote ``origin`` names it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

# https://github.com/OWNER/NAME.git, git@github.com:OWNER/NAME.git, ssh://git@github.com/OWNER/NAME (git-clone(1), *GIT URLS*).
_GITHUB = re.compile(
    r"(?:https://(?:[^@/]+@)?|ssh://git@|git@)github\.com[:/](?P<owner>[A-Za-z0-9._-]+)/(?P<name>[A-Za-z0-9._-]+?)(?:\.git)?/?"
)
# Whatever git starts sees none of the operator's credentials.
_SEEN_BY_GIT = ("PATH", "HOME", "LANG")


def github_repository(folder: Path) -> str:
    """``OWNER/NAME``; empty where there is no git, no repository, no ``origin``, or another host than GitHub."""
    environ = {name: os.environ[name] for name in _SEEN_BY_GIT if name in os.environ}
    command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
    try:
        completed = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    match = _GITHUB.fullmatch(completed.stdout.strip())
    return f"{match['owner']}/{match['name']}" if match and completed.returncode == 0 else ""
