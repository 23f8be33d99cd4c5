"""A service's environment variables (``get-env-vars-for-service`` to ``delete-env-var`` of render.json). No deploy follows."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.render.api import READ, WRITE, Call, cursor
from deploybook.sandbox.render.schema.bodies import ValueBody, Variables, checked_key, pairs
from deploybook.sandbox.render.schema.views import VariableView
from deploybook.sandbox.render.state.workers import Variable, not_found


async def _list(call: Call) -> list[dict[str, Any]]:
    variables = call.worker.variables.values()
    return call.page(variables, "envVar", VariableView.model_validate, lambda variable: variable.id, newest=False)


async def _replace(call: Call) -> list[dict[str, Any]]:
    """The array is the whole set afterwards."""
    worker = call.worker
    worker.replace_variables(pairs(await call.body(Variables)))
    variables = worker.variables.values()
    return [{"envVar": VariableView.model_validate(variable), "cursor": cursor(variable.id)} for variable in variables]


async def _get(call: Call) -> VariableView:
    return VariableView.model_validate(_variable(call))


async def _set(call: Call) -> VariableView:
    """Adds it where there was none."""
    worker, key = call.worker, checked_key(call.path("key"))
    return VariableView.model_validate(worker.set_variable(key, (await call.body(ValueBody)).text()))


async def _delete(call: Call) -> None:
    del call.worker.variables[_variable(call).key]


def _variable(call: Call) -> Variable:
    variable = call.worker.variables.get(call.path("key"))
    if variable is None:
        raise not_found(call.path("key"))
    return variable


_ALL, _ONE = "/v1/services/{service}/env-vars", "/v1/services/{service}/env-vars/{key}"

OPERATIONS = (
    operation("GET", _ALL, _list, query="cursor limit", needs=READ),
    operation("PUT", _ALL, _replace, needs=WRITE),
    operation("GET", _ONE, _get, needs=READ),
    operation("PUT", _ONE, _set, needs=WRITE),
    operation("DELETE", _ONE, _delete, status=204, needs=WRITE),
)
