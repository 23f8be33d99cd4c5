"""What is imported when it is used, and what is read once, and not by everybody who collects the tests or opens a client."""

from __future__ import annotations

import importlib
import ssl
import sys
from types import ModuleType
from typing import Any

import httpx


def import_grammar_of_iris() -> None:
    """Put off the grammar that jsonschema judges IRIs by: building it takes half of the time that collecting all tests does.

    In place of ``rfc3987_syntax`` stands a module with the one function that jsonschema imports of it.
    """
    name = "rfc3987_syntax"

    def is_valid_syntax(rule: str, value: str) -> bool:
        if sys.modules[name] is stand_in:
            del sys.modules[name]
        judged: bool = importlib.import_module(name).is_valid_syntax(rule, value)
        return judged

    stand_in = ModuleType(name)
    stand_in.__dict__["is_valid_syntax"] = is_valid_syntax
    sys.modules.setdefault(name, stand_in)


def read_authorities_once() -> None:
    """Let httpx parse its bundle of authorities once: it takes a hundredth of a second, and most tests open a client without TLS.

    No test trusts the bundle. A client that goes by the environment, or is told whom to trust, has a context of its own as always.
    """
    bundle = httpx.create_ssl_context(trust_env=False)

    def create_or_share(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        shared = verify is True and cert is None and not trust_env
        return bundle if shared else httpx.create_ssl_context(verify, cert, trust_env)

    vars(httpx._transports.default)["create_ssl_context"] = create_or_share
