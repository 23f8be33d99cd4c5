"""Where CI/CD is set up: one repository and its production branch."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from deploybook.clouds.github.client import GitHub
from deploybook.errors import InvalidValue, MissingVariable, NotFound, OtherAccount

REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Target:
    """A repository ``owner/name``, and the branch whose pushes are deployed.

    ``former``: the name that the environment's records have for it, where it was renamed since.
    """

    repository: str
    branch: str
    former: str = ""

    @property
    def recorded(self) -> str:
        """The name in the environment's records."""
        return self.former or self.repository


def target(github: GitHub, repository: str, branch: str, *, stand_in: bool = False) -> Target:
    """The repository that is given, else the one that ``GITHUB_REPOSITORY`` names; raises MissingVariable or InvalidValue.

    With ``stand_in``, in a dry run, it is the sandbox's repository whatever is given, and the branch is made there as a person would have.
    """
    chosen = github.named if stand_in else repository or github.named
    if not chosen:
        raise MissingVariable(
            "Neither git_repository nor GITHUB_REPOSITORY is set.",
            "Set the application's repository with -p git_repository <OWNER>/<NAME>.",
        )
    if not REPOSITORY.fullmatch(chosen):
        raise InvalidValue(f"GITHUB_REPOSITORY is {chosen!r}.", "Write the repository as <OWNER>/<NAME>.")
    if stand_in and github.branch(chosen, branch) is None:
        default = github.repository(chosen).default_branch
        head = github.branch(chosen, default)
        assert head is not None
        github.create_branch(chosen, branch, head.commit.sha)
    return Target(chosen, branch, _former_name(github, chosen))


def _former_name(github: GitHub, repository: str) -> str:
    """The name of the environment's repository, if ``repository`` is another name of it: by its id, which it keeps."""
    home = github.home
    if home is None or not home.name or home.name.lower() == repository.lower():
        return ""
    with suppress(NotFound, OtherAccount):  # the preflight's first claim says so
        return home.name if str(github.repository(repository).id) == home.id else ""
    return ""
