"""Personal access tokens, fine-grained and classic: what each may do, per permission, in the one repository."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = ("read", "write")
# https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
PERMISSIONS = frozenset({"actions", "contents", "metadata", "secrets", "workflows"})
# What the guide has the operator grant; dispatching a workflow by API would need actions: write.
OPERATOR_PERMISSIONS = {"actions": "read", "contents": "write", "secrets": "write", "workflows": "write"}
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Token:
    """A token's value and its permissions (``metadata: read`` comes with every token)."""

    value: str
    permissions: Mapping[str, str]
    # A classic one, whose scopes the permissions stand for: what it may not reach does not exist for it (octokit/rest.js#368).
    classic: bool = False

    def allows(self, permission: str, level: str) -> bool:
        """Whether the token has this permission at this level or above."""
        granted = self.permissions.get(permission)
        return granted is not None and LEVELS.index(granted) >= LEVELS.index(level)


@dataclass
class Tokens:
    """The tokens in force; the first is the operator's."""

    operator: Token = field(default_factory=lambda: new_token(OPERATOR_PERMISSIONS))
    others: dict[str, Token] = field(default_factory=dict)
    # The values of those that somebody authorized for the organization's single sign-on.
    authorized: set[str] = field(default_factory=set)

    def find(self, value: str) -> Token | None:
        """The token of this value."""
        if secrets.compare_digest(value.encode(), self.operator.value.encode()):
            return self.operator
        return self.others.get(value)

    def edit_operator(self, permissions: Mapping[str, str], *, classic: bool = False) -> None:
        """Give the operator's token these permissions in place of its own; its value stays."""
        self.operator = new_token(permissions, classic=classic, value=self.operator.value)

    def clear(self) -> None:
        """Keep the operator's token only, as it was issued."""
        self.edit_operator(OPERATOR_PERMISSIONS)
        self.others.clear()
        self.authorized.clear()

    def issue(self, permissions: Mapping[str, str], *, classic: bool = False) -> Token:
        """A further token; raises ValueError for a permission that the sandbox does not know."""
        for name, level in permissions.items():
            if name not in PERMISSIONS or level not in LEVELS:
                raise ValueError(f"unknown permission {name}: {level}")
        token = new_token(permissions, classic=classic)
        self.others[token.value] = token
        return token


def new_token(permissions: Mapping[str, str], *, classic: bool = False, value: str = "") -> Token:
    """A value as long as GitHub's: ``github_pat_`` + 22 + ``_`` + 59, a classic one ``ghp_`` + 36."""
    head, tail, old = ("".join(secrets.choice(_LETTERS) for _ in range(count)) for count in (22, 59, 36))
    fresh = f"ghp_{old}" if classic else f"github_pat_{head}_{tail}"
    return Token(value or fresh, {"metadata": "read", **permissions}, classic)
