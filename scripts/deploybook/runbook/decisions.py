"""The operator's decisions about resources, from the command line or the environment: adopt, release, empty."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from deploybook.clouds.resource import Resource
from deploybook.errors import InvalidValue

ADOPT, RELEASE, EMPTY_BUCKET = "DEPLOYBOOK_ADOPT", "DEPLOYBOOK_RELEASE", "DEPLOYBOOK_EMPTY_BUCKET"

VARIABLES = (ADOPT, RELEASE, EMPTY_BUCKET)


@dataclass(frozen=True)
class Decisions:
    """Resources as ``KIND/NAME``, or ``KIND/ID`` where several bear one name; ``KIND/*`` is all of a kind."""

    adopt: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    empty_bucket: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Decisions:
        """From ``DEPLOYBOOK_ADOPT`` and ``DEPLOYBOOK_RELEASE`` (JSON lists, or one name) and ``DEPLOYBOOK_EMPTY_BUCKET``."""
        return cls(_names(environ, ADOPT), _names(environ, RELEASE), environ.get(EMPTY_BUCKET) == "true")

    @classmethod
    def used_up(cls, environ: MutableMapping[str, str]) -> Decisions:
        """The same, and ``environ`` has them no more: a decision holds for one opening, not for what the same shell or kernel does next."""
        decisions = cls.from_environment(environ)
        for name in VARIABLES:
            environ.pop(name, None)
        return decisions

    def environment(self) -> dict[str, str]:
        """The variables that carry them to the kernels."""
        carried = {ADOPT: json.dumps(self.adopt)} if self.adopt else {}
        carried |= {RELEASE: json.dumps(self.release)} if self.release else {}
        return carried | ({EMPTY_BUCKET: "true"} if self.empty_bucket else {})

    def adopts(self, resource: Resource[object], resource_id: str = "") -> bool:
        """Whether to take this resource over."""
        return _has(self.adopt, resource, resource_id)

    def releases(self, resource: Resource[object], resource_id: str = "") -> bool:
        """Whether to give this resource back."""
        return _has(self.release, resource, resource_id)

    def chosen_id(self, resource: Resource[object]) -> str:
        """The id in ``KIND/ID`` that chooses among several resources of one name; empty without one."""
        identifiers = (
            choice.removeprefix(f"{resource.kind}/") for choice in self.adopt if choice.startswith(f"{resource.kind}/")
        )
        return next((identifier for identifier in identifiers if identifier not in {resource.name, "*"}), "")


def check_form(option: str, names: Sequence[str]) -> None:
    """Raise InvalidValue for what is no ``KIND/NAME``."""
    for name in names:
        kind, _, rest = name.partition("/")
        if not kind or not rest:
            raise InvalidValue(
                f"{option} {name!r} names no resource.", "Write KIND/NAME as plan shows it: R2 bucket/my-bucket."
            )


def _names(environ: Mapping[str, str], variable: str) -> tuple[str, ...]:
    text = environ.get(variable, "").strip()
    if not text:
        return ()
    names = [text]
    if text.startswith("["):
        try:
            names = [str(item) for item in json.loads(text)]
        except ValueError:
            raise InvalidValue(
                f"{variable} is not a JSON list.", "Set it to one KIND/NAME, or to a JSON list of them."
            ) from None
    check_form(variable, names)
    return tuple(names)


def _has(names: Sequence[str], resource: Resource[object], resource_id: str) -> bool:
    wanted = {f"{resource.kind}/{resource.name}", f"{resource.kind}/*"}
    return bool(wanted & set(names)) or (bool(resource_id) and f"{resource.kind}/{resource_id}" in names)
