"""Object lifecycle rules as ``r2-put-bucket-lifecycle-configuration`` takes them. They are kept and read back, not acted on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deploybook.sandbox.r2.errors import MALFORMED_JSON, R2Error

_TRANSITIONS = {"abortMultipartUploadsTransition", "deleteObjectsTransition"}


def from_json(body: Any) -> list[dict[str, Any]]:
    """The rules of a request body, checked."""
    _need(body, set(), {"rules"})
    rules = body.get("rules", [])
    _ensure(isinstance(rules, list))
    for rule in rules:
        _rule(rule)
    _ensure(len({rule["id"] for rule in rules}) == len(rules))
    return list(rules)


def _rule(rule: Any) -> None:
    _need(rule, {"id", "enabled", "conditions"}, _TRANSITIONS | {"storageClassTransitions"})
    _ensure(isinstance(rule["id"], str) and isinstance(rule["enabled"], bool))
    _need(rule["conditions"], {"prefix"}, set())
    _ensure(isinstance(rule["conditions"]["prefix"], str))
    for name in _TRANSITIONS & rule.keys():
        _need(rule[name], {"condition"}, set())
        _condition(rule[name]["condition"], dated=name == "deleteObjectsTransition")
    transitions = rule.get("storageClassTransitions", [])
    _ensure(isinstance(transitions, list))
    for transition in transitions:
        _need(transition, {"condition", "storageClass"}, set())
        _ensure(transition["storageClass"] == "InfrequentAccess")
        _condition(transition["condition"], dated=True)


def _condition(condition: Any, *, dated: bool) -> None:
    """An age in seconds, or a date where the description allows one."""
    _ensure(isinstance(condition, dict))
    if condition.get("type") == "Date" and dated:
        _need(condition, {"type", "date"}, set())
        try:
            datetime.fromisoformat(condition["date"])
        except (TypeError, ValueError):
            raise R2Error(MALFORMED_JSON) from None
        return
    _need(condition, {"type", "maxAge"}, set())
    age = condition["maxAge"]
    _ensure(condition["type"] == "Age" and isinstance(age, int) and not isinstance(age, bool) and age >= 0)


def _need(value: Any, needed: set[str], allowed: set[str]) -> None:
    _ensure(isinstance(value, dict) and needed <= value.keys() <= needed | allowed)


def _ensure(condition: bool) -> None:
    if not condition:
        raise R2Error(MALFORMED_JSON)
