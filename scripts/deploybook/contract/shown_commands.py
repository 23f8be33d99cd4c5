"""Commands of ours within a sentence: where each begins and ends, and what it has to repeat of the run that the sentence is about.

A hint is written once, for any environment and any parameters. Whoever shows it completes its commands, so that each can be pasted.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from deploybook.contract.model import Contract
from deploybook.contract.validation import DEFAULT_ENVIRONMENT, in_environment

# Each command, and whether it takes ``-p``: those that are about one environment.
OF_ONE_ENVIRONMENT = {
    "run": True,
    "doctor": True,
    "record": True,
    "env status": True,
    "env list": False,
    "env set": False,
    "env export": False,
    "explain": False,
    "init": False,
}
OTHERS = ("check", "completion", "list", "prove", "sandbox", "serve")
# How many words follow an option; none follows any other. ``tests/contract/test_shown_commands.py`` compares it with the command line.
TAKES = {"-p": 2} | dict.fromkeys(
    (
        *("-f", "--adopt", "--app", "--credentials-file", "--environment", "--explain", "--for", "--format", "--jobs"),
        *(
            "--junit",
            "--mode",
            "--on",
            "--only",
            "--output",
            "--plan",
            "--plan-out",
            "--port",
            "--release",
            "--sarif",
            "--shard",
            "--site",
            "--specs",
            "--workers",
        ),
    ),
    1,
)
_WORD = re.compile(r" +(?P<word>(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+)")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*>")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_END = ".,;:)?"


@dataclass(frozen=True)
class ShownCommand:
    """A command in a text: its ``words`` behind ``deploybook``, as they are written, and where it begins and ends."""

    words: tuple[str, ...]
    start: int
    end: int

    @property
    def name(self) -> str:
        """Such as ``run`` or ``env set``."""
        return " ".join(self.words[: 2 if self.words[0] == "env" else 1])

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections that ``run`` and ``record`` name."""
        named = {"run": self.words[1:], "record": self.words[2:]}
        return tuple(_positional(named.get(self.words[0], ())))

    def option_values(self, option: str) -> list[str]:
        """The word behind each use of an option; of ``-p`` the parameter's name."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return [value.partition("=")[0] for word, value in pairs if word == option]


@dataclass(frozen=True)
class Typed:
    """What was typed for one run alone: parameters by ``-p``, files by ``-f`` with the names in each, and what each section declares."""

    values: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Collection[str]] = field(default_factory=dict)
    declared: Mapping[str, Collection[str]] = field(default_factory=dict)

    def options(self, contract: Contract, sections: Collection[str], named: Collection[str] = ()) -> str:
        """The options that a command for these sections has to repeat, with a blank before each; ``named`` ones stand in it already.

        What is for one run (``once``) is not repeated: another command is another run.
        """
        once = {name for name, rule in contract.parameters.items() if rule.once}
        declared = (
            {name for slug in sections or self.declared for name in self.declared.get(slug, ())} - set(named) - once
        )
        whole = {path: set(names) for path, names in self.files.items() if set(names) <= declared}
        in_files = {name for names in whole.values() for name in names}
        text = "".join(f" -f {shlex.quote(path)}" for path in whole)
        for name, value in self.values.items():
            if name in declared - in_files:
                text += f" -p {name} {shlex.quote(as_word(value))}"
        return text


def commands_in(text: str, contract: Contract, environment: str = DEFAULT_ENVIRONMENT) -> Iterator[ShownCommand]:
    """The commands of ours in a text, in their order; a sentence's own words and marks are no part of them."""
    for match in re.finditer(r"\bdeploybook(?= )", text):
        words, end = _read(text, match.end(), contract, environment)
        if words and words != ["env"]:
            yield ShownCommand(tuple(words), match.start(), end)


def completed(text: str, contract: Contract, environment: str, typed: Typed | None = None) -> str:
    """The text; each command of it names the environment, and repeats the parameters that were typed, as far as it takes them."""
    parts, position = [], 0
    for command in commands_in(text, contract, environment):
        parts += [text[position : command.end], _missing(command, contract, environment, typed or Typed())]
        position = command.end
    return "".join([*parts, text[position:]])


def as_word(value: object) -> str:
    """A parameter's value as it is typed behind ``-p``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _missing(command: ShownCommand, contract: Contract, environment: str, typed: Typed) -> str:
    """What has to stand behind a command, with a blank before it."""
    if command.name not in OF_ONE_ENVIRONMENT:
        return ""
    text = ""
    if OF_ONE_ENVIRONMENT[command.name] and not command.option_values("--plan"):
        text = typed.options(contract, command.sections, command.option_values("-p"))
    if environment == DEFAULT_ENVIRONMENT:
        return text
    if command.name == "init":
        return "" if environment in command.words else f" {environment}"
    return text if command.option_values("--environment") else text + in_environment(environment)


def _read(text: str, end: int, contract: Contract, environment: str) -> tuple[list[str], int]:
    """The words of a command from a position on, and where the last of them ends."""
    words: list[str] = []
    values = 0
    while match := _WORD.match(text, end):
        word = match["word"].rstrip(_END)
        if not word or not (values or _belongs(word, words, contract, environment)):
            break
        words.append(word)
        end = match.start("word") + len(word)
        values = _still_to_come(values, word)
        if word != match["word"]:
            break
    return words, end


def _belongs(word: str, before: list[str], contract: Contract, environment: str) -> bool:
    """Whether a word belongs to the command whose words stand ``before`` it. The word is no option's value."""
    if not before:
        return word in {*OTHERS, *(name.partition(" ")[0] for name in OF_ONE_ENVIRONMENT)}
    if word.startswith("-"):
        return True
    placeholder = _PLACEHOLDER.fullmatch(word) is not None
    match before[0]:
        case "run":
            return placeholder or any(word == section.slug for section in contract.sections)
        case "env":
            name = before[1:2] == ["set"] and not _positional(before[2:]) and _NAME.fullmatch(word) is not None
            return placeholder or name or (len(before) == 1 and f"env {word}" in OF_ONE_ENVIRONMENT)
        case "record":
            return len(before) == 1 or placeholder or any(word == section.slug for section in contract.sections)
        case "explain" | "completion":
            return not _positional(before[1:])
        case "init":
            return placeholder or word == environment
    return placeholder


def _positional(words: Collection[str]) -> list[str]:
    positional: list[str] = []
    values = 0
    for word in words:
        if not values and not word.startswith("-"):
            positional.append(word)
        values = _still_to_come(values, word)
    return positional


def _still_to_come(values: int, word: str) -> int:
    """How many values of an option follow a word, before which there were ``values`` to come; NAME=VALUE are both of ``-p``."""
    if not values:
        return TAKES.get(word, 0)
    return 0 if values == 2 and "=" in word else values - 1
