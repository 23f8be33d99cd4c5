"""Domains of a project. The production domain is a loopback address; others are reached by the Host header."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deploybook.sandbox.vercel.errors import VercelError, bad_request
from deploybook.sandbox.vercel.identifiers import now

_HOSTNAME = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


@dataclass
class Domain:
    """A name under which a project's production deployment (or a branch's, or a redirect) answers."""

    name: str
    project_id: str
    git_branch: str | None = None
    redirect: str | None = None
    redirect_status_code: int | None = None
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)

    @property
    def apex(self) -> str:
        """The registrable name; a loopback address is its own."""
        return self.name if self.is_assigned else ".".join(self.name.split(".")[-2:])

    @property
    def is_assigned(self) -> bool:
        """Whether Vercel gave it (``<project>.vercel.app`` there, a loopback port here): such a name needs no DNS."""
        return self.name.startswith("127.0.0.1:")

    @property
    def is_production(self) -> bool:
        """Whether it shows the production deployment."""
        return self.git_branch is None and self.redirect is None


def check_name(name: str) -> str:
    """The name in lower case, if it is a host name."""
    lowered = name.lower()
    if not _HOSTNAME.fullmatch(lowered):
        raise VercelError(400, "invalid_domain", f"The domain name `{name}` is not valid")
    return lowered


def check_redirect(domain: Domain, siblings: list[Domain]) -> None:
    """Refuse a redirect beside a branch, to itself, or to a name that the project doesn't have."""
    if domain.redirect is None:
        return
    if domain.git_branch is not None:
        raise bad_request("You can't set both a git branch and a redirect for the domain")
    if domain.redirect == domain.name or domain.redirect not in {sibling.name for sibling in siblings}:
        raise VercelError(400, "invalid_redirect", "The domain redirect is not valid")
