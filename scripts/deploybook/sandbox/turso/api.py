"""Who may call which operation of the platform API, and in which words the others are refused."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core import api
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Problem
from deploybook.sandbox.turso.state.api_tokens import ApiToken
from deploybook.sandbox.turso.state.platform import Database, Group, Platform
from deploybook.sandbox.turso.state.refusals import invalid


class Call(api.Call[Platform, ApiToken]):
    """A call with a platform token. What an operation ``needs`` is a scope; None is open to every token."""

    @property
    def group(self) -> Group:
        """The group that the path names."""
        return self.state.group(self.path("group"))

    @property
    def database(self) -> Database:
        """The database that the path names, if the caller may reach its group."""
        database = self.state.database(self.path("database"))
        self.caller.require(self.operation.needs, database.group.name)
        return database


class TursoApi(api.Api[Call]):
    """The API of https://api.turso.tech."""

    kind = Call
    empty_body = b"{}"

    def admit(self, call: Call) -> ApiToken:
        """The token, if it is valid and covers the organization, the group and the scope."""
        token = call.state.tokens.authenticate(call.bearer())
        parameters = call.request.path_params
        if "org" in parameters:
            token.require_organization(parameters["org"])
        if call.operation.needs:
            token.require(call.operation.needs, parameters.get("group"))
        return token

    def error(self, refusal: Refusal) -> Any:
        """One member, the sentence."""
        return {"error": refusal.message}

    def malformed(self, call: Call) -> Refusal:  # noqa: ARG002
        """A body that is not JSON."""
        return invalid("the body is not JSON")

    def invalid(self, call: Call, problem: Problem) -> Refusal:  # noqa: ARG002
        """A body that the schema does not take."""
        if problem.kind in {"missing", "string_too_short"}:
            return invalid(f"{problem.path} is required")
        if problem.kind == "extra_forbidden":
            return invalid(f"unknown field {problem.path}")
        return invalid(f"{problem.path or 'the body'} has the wrong type")
