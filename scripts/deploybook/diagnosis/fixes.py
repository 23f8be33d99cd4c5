"""An entry's commands as they can be pasted for one failure: its section, its parameters, its environment, and what is known of it.

An entry shows its commands for one section, with placeholders. Where it is about any section (the mark ``sample``), the section that failed
stands in them; a placeholder is filled in from the environment's parameters, its vault (never a secret), and its pins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from deploybook.contract.model import Contract
from deploybook.contract.shown_commands import Typed, as_word, completed
from deploybook.diagnosis.observations import DiagnosisTarget
from deploybook.guide.entries import Entry
from deploybook.state.pins import Pins
from deploybook.state.vault import Vault

SAMPLE = "sample"
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
_RUN = re.compile(r"deploybook run (?P<slugs>[a-z][a-z0-9_]*(?: [a-z][a-z0-9_]*)*)(?P<rest>.*)")
_PARAMETER = re.compile(r" -p (?P<name>\w+) (?P<value>'[^']*'|\S+)")
_ASKED = re.compile(r"read -rs (?P<name>[A-Z][A-Z0-9_]*) && export (?P=name)")


@dataclass(frozen=True)
class Fixes:
    """What is known of an environment. ``parameters`` are those of each section, ``typed`` what was typed for this command alone."""

    contract: Contract
    environment: str
    parameters: Mapping[str, Mapping[str, Any]]
    vault: Vault
    pins: Pins
    typed: Typed = field(default_factory=Typed)

    @classmethod
    def of(cls, target: DiagnosisTarget, typed: Typed | None = None) -> Fixes:
        """What is known of the environment that is examined."""
        pins = Pins(target.layout.state, target.environment)
        return cls(target.contract, target.environment, target.parameters, target.vault, pins, typed or Typed())

    def commands(self, problem: Entry, sections: Sequence[str], evidence: Iterable[str] = ()) -> list[str]:
        """The commands of an entry's fix for the sections that failed; ``evidence`` is what they said."""
        lines = (
            self._for_sections(problem, sections, evidence)
            if SAMPLE in problem.marks and sections
            else problem.commands
        )
        return [self.filled(line) for line in lines]

    def filled(self, line: str) -> str:
        """A command with its placeholders, its environment, and the parameters that were typed."""
        run = _RUN.fullmatch(line)
        slugs = run["slugs"].split() if run else []
        return self.completed(_PLACEHOLDER.sub(lambda match: self._value(match[1], slugs) or match[0], line))

    def completed(self, text: str) -> str:
        """A text whose commands name the environment, and repeat the parameters that were typed."""
        return completed(text, self.contract, self.environment, self.typed)

    def unknown(self, lines: Iterable[str]) -> dict[str, str]:
        """The placeholders that stay, with what stands for each."""
        names = dict.fromkeys(name for line in lines for name in _PLACEHOLDER.findall(line))
        return {name: self._description(name) for name in names}

    def _for_sections(self, problem: Entry, sections: Sequence[str], evidence: Iterable[str]) -> list[str]:
        """The commands of an entry that shows them for another section, each line once."""
        evidence = list(evidence)
        ordered = self._with_producers(sections, evidence)
        lines: dict[str, None] = {}
        for line in problem.commands:
            if _ASKED.match(line):
                names = self._credentials(ordered, evidence)
                lines |= dict.fromkeys(f"read -rs {name} && export {name}" for name in names)
            elif run := _RUN.fullmatch(line):
                lines[f"deploybook run {' '.join(ordered)}{self._own_parameters(run['rest'], ordered)}"] = None
            else:
                lines[line] = None
        return list(lines)

    def _credentials(self, slugs: Sequence[str], evidence: Iterable[str]) -> list[str]:
        """The secret credentials of the sections: those that are spoken of, if any are."""
        read = {
            credential.name for slug in slugs for credential in self.contract.credentials_for(slug) if credential.secret
        }
        words = {word for text in evidence for word in re.findall(r"[A-Z][A-Z0-9_]+", text)}
        return [
            credential.name for credential in self.contract.credentials if credential.name in (read & words or read)
        ]

    def _with_producers(self, sections: Sequence[str], evidence: Iterable[str]) -> list[str]:
        """The sections, preceded by those that produce a variable missing from the vault."""
        words = {
            word for text in evidence if "is not in the vault" in text for word in re.findall(r"[A-Z][A-Z0-9_]+", text)
        }
        producers = {variable.section for variable in self.contract.variables if variable.name in words}
        return [slug for slug in self.contract.order() if slug in {*sections, *producers}]

    def _own_parameters(self, rest: str, slugs: Sequence[str]) -> str:
        """The end of a command without the parameters that the sections do not have, and with those that they cannot do without."""
        has = {name for slug in slugs for name in self.parameters.get(slug, {})}
        return _PARAMETER.sub(lambda match: match[0] if match["name"] in has else "", rest)

    def _value(self, placeholder: str, slugs: Sequence[str]) -> str:
        """What is known to stand for a placeholder, quoted for a shell; empty if nothing is."""
        if placeholder == "ENVIRONMENT":
            return self.environment
        rule = self.contract.placeholders.get(placeholder)
        name = rule.parameter if rule and rule.parameter else placeholder.lower()
        chosen = [*slugs, *(slug for slug in self.parameters if slug not in slugs)]
        values = [self.parameters[slug][name] for slug in chosen if name in self.parameters.get(slug, {})]
        chosen_value = next((as_word(value) for value in values if value != ""), "") or self._stored(placeholder)
        return shlex.quote(chosen_value) if chosen_value else ""

    def _stored(self, placeholder: str) -> str:
        if placeholder == "GIT_REPOSITORY" and (pin := self.pins.get("github")):
            return pin.name
        if placeholder == "VERCEL_TEAM_ID" and (pin := self.pins.get("vercel")):
            return pin.id if pin.id.startswith("team_") else ""
        hosts = {"DATABASE_HOST": "TURSO_DATABASE_URL", "APP_HOST": "NEXT_PUBLIC_APP_URL"}
        variable = hosts.get(placeholder, placeholder)
        open_ones = {variable.name for variable in self.contract.variables if not variable.secret}
        stored = self.vault.get(variable) if variable in open_ones else None
        value = stored.get_secret_value() if stored else ""
        return urlsplit(value).netloc if placeholder in hosts else value

    def _description(self, placeholder: str) -> str:
        rule = self.contract.placeholders.get(placeholder) or self.contract.parameters.get(placeholder.lower())
        if rule:
            return rule.description
        variables = {variable.name: variable.description for variable in self.contract.variables}
        credentials = {credential.name: f"made at {credential.made_at}." for credential in self.contract.credentials}
        return (variables | credentials).get(placeholder, "")
