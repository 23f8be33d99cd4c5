"""What the tables of the contract say of a section, provider, consumer, variable or credential."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploybook.errors import InvalidValue

QUOTES = frozenset("\"'`")

# How a consumer compares with the vault: value by value, or by our record of the last write where the provider never shows a value.
Comparison = Literal["by value", "by record"]


class Definition(BaseModel):
    """One table of the contract: frozen, and with no key that is not its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(Definition):
    """One section of the checklist and its runbook; ``outcome`` is its *Done when* sentence.

    ``why`` says what this part is and why the application needs it, ``costs`` what it costs, ``takes`` how long it takes in the real
    clouds, for a reader who knows none of it. A number in them is bound to what the program goes by, as in a page.
    ``proves`` names the runbook's checks that the outcome rests on, ``also_checks`` its other ones, each by the claim that it tests.
    ``after`` names sections that must end before it starts, though it needs no variable of theirs.
    """

    slug: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    outcome: str
    why: str = ""
    costs: str = ""
    takes: str = ""
    proves: tuple[str, ...] = ()
    also_checks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def claims(self) -> tuple[str, ...]:
        """Every claim that its runbook tests."""
        return self.proves + self.also_checks


# What a thing is like that a reader must know before he acts, each with the words that say so: a warning of this kind has one of them.
PROPERTY_WORDS = {
    "immutable": r"can never be changed",
    "shown_once": r"shown once|nobody can read again",
    "replaces_all": r"\breplaces\b|deletes every",
    "cuts_off": r"\bcuts?\b.* off\b|\bends?\b|\bstops?\b|\brefuses\b|offline|no longer|deploys nothing|invalidates|\btakes\b",
    "costs": r"\bcosts\b|\bbilled\b",
    "public": r"[Ww]hoever|shell's history",
    "goes_live": r"\blive\b|[Pp]roduction|deployed twice",
}
PropertyKind = Literal["immutable", "shown_once", "replaces_all", "cuts_off", "costs", "public", "goes_live"]


class Property(Definition):
    """What a thing is like that cannot be taken back: the page warns of it before the instruction that brings it about.

    ``says`` is the sentence, with the words of its ``kind``; ``advice`` what to do about it. It stands on ``page``, in the step or part
    called ``place``, before the blocks there that hold one of ``commands``. ``tests`` try it in the sandbox; ``outside`` names the source
    (docs/.evidence.toml) of what no sandbox can show.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    kind: PropertyKind
    page: str
    place: str
    says: str
    advice: str = ""
    commands: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    outside: str = ""

    @property
    def warning(self) -> str:
        """The whole warning."""
        return f"{self.says} {self.advice}".strip()

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        if not re.search(PROPERTY_WORDS[self.kind], self.says):
            raise ValueError(f"the property {self.name} does not say that it is {self.kind}")
        if not self.tests and not self.outside:
            raise ValueError(f"no test tries the property {self.name}, and it has no source outside")
        return self


class ModeProperties(Definition):
    """What a mode talks to, does and proves, in the words of the guide's tables; ``tests`` try that it is so."""

    name: str
    talks_to: str
    does: str
    proves: str
    tests: tuple[str, ...] = Field(min_length=1)


class Provider(Definition):
    """A cloud that the guide deploys to. ``name`` is its folder's in ``clouds/``, or its client's.

    ``endpoints`` are the environment variables that override its address. What begins with one of ``prefixes`` belongs to the operator's
    use of it, and so do ``tool_variables``: other names that its command lines and SDKs read.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    section: str
    endpoints: tuple[str, ...]
    prefixes: tuple[str, ...]
    tool_variables: tuple[str, ...] = ()


class Consumer(Definition):
    """A place where a section sets variables: at a provider, or, without one, a check of the whole application.

    ``compared`` is how ``env status`` compares it, None if it cannot; ``exported`` says whether ``env export``
    writes its variables to a file.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*(:[a-z0-9-]+)?$")
    title: str
    section: str
    provider: str | None = None
    compared: Comparison | None = None
    exported: bool = False

    @property
    def plain_title(self) -> str:
        """The title without its marks of code."""
        return self.title.replace("`", "")


class Variable(Definition):
    """A variable of the application. Exactly one source feeds it, or none if it is ``optional``:

    ``section`` whose runbook produces it (``rotates``: which makes another one with ``-p rotate true``), a fixed ``value``, ``same_as``
    another variable, an operator's ``credential``, or ``from_operator``: a value that only the operator has, and gets at ``made_at``.
    ``copied_from`` is the page from which only a person can copy what a ``section`` makes. One that is the ``same_as`` another is as
    secret as that one, and has its form: the contract fills both in.
    """

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    section: str | None = None
    rotates: bool = False
    value: str | None = None
    same_as: str | None = None
    credential: bool = False
    from_operator: bool = False
    made_at: str = ""
    copied_from: str = ""
    optional: bool = False
    # Who reads it, where that is a library of the application, such as the AWS SDK, and not its own code.
    read_by: str = ""
    consumers: tuple[str, ...] = ()
    secret: bool = False
    pattern: str = r"\S+"
    example: str = ""
    description: str

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [self.section, self.value, self.same_as, self.credential or None, self.from_operator or None]
        named = sum(source is not None for source in sources)
        if named > 1 or (named == 0 and not self.optional):
            raise ValueError(f"{self.name} needs exactly one of section, value, same_as, credential or from_operator")
        if self.same_as and self.model_fields_set & {"secret", "pattern", "example"}:
            raise ValueError(f"{self.name} takes secret, pattern and example from {self.same_as}: leave them out")
        if self.from_operator != bool(self.made_at):
            raise ValueError(f"{self.name} has made_at if, and only if, it is from_operator")
        if self.copied_from and not self.section:
            raise ValueError(f"{self.name} is copied from a page, but no section makes it")
        if self.rotates and not self.section:
            raise ValueError(f"{self.name} rotates, but no section produces it")
        if (self.section or self.from_operator or self.example) and not re.fullmatch(self.pattern, self.example):
            raise ValueError(f"the example of {self.name} does not match its own pattern")
        return self

    def matches(self, value: str) -> bool:
        """Whether a value has this variable's form."""
        return re.fullmatch(self.pattern, value) is not None

    def problem(self, value: str) -> str:
        """What is wrong with a value that does not match, without the value itself, as in ``… has white space at its end``."""
        if value != value.strip():
            return "has white space at its start or end"
        return f"is {len(value)} characters long and does not match {self.pattern}"

    def validate_value(self, value: str) -> None:
        """Raise InvalidValue unless ``value`` has this variable's form. The value is never quoted in the message."""
        if not self.matches(value):
            hint = f"One of the right form is {self.example}." if self.example else self.description
            raise InvalidValue(f"{self.name} {self.problem(value)}.", hint)


def pasted_along(value: str) -> str:
    """What came along with a credential when it was pasted, as in ``contains white space``; empty if nothing did.

    No provider's credential has white space, quotation marks or anything else that an HTTP header cannot carry.
    """
    if any(character.isspace() for character in value):
        return "contains white space"
    strange = next((character for character in value if not "!" <= character <= "~" or character in QUOTES), "")
    return (
        f"contains {unicodedata.name(strange, 'a control character').lower()}, which no credential has"
        if strange
        else ""
    )


class Credential(Definition):
    """An operator's own credential or identifier at a provider, read from the environment and never passed on unless the contract says so.

    ``sections`` read it and ask for it, unless it is ``optional``; those of ``used_if_set`` check more where it happens to be exported.
    ``pattern`` is its form: by default printable ASCII, without the white space and the curly quotes that come along with a paste.
    ``malformed`` says what a value is that does not match, and ``entry`` explains it. ``unset`` says of an optional one what it means
    to leave it out.
    """

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    provider: str
    sections: tuple[str, ...]
    used_if_set: tuple[str, ...] = ()
    optional: bool = False
    secret: bool = False
    made_at: str
    permissions: str
    check: str
    pattern: str = r"[!#-&(-_a-~]+"
    malformed: str = ""
    entry: str = "invalid-value"
    unset: str = ""

    @model_validator(mode="after")
    def _says_what_unset_means(self) -> Self:
        if self.optional != bool(self.unset):
            raise ValueError(f"{self.name} says what it means to leave it out (unset) if, and only if, it is optional")
        return self

    def problem(self, value: str) -> str:
        """What is wrong with the form of a value, without the value itself; empty if nothing is."""
        if re.fullmatch(self.pattern, value):
            return ""
        if problem := pasted_along(value):
            return problem
        return self.malformed or f"is {len(value)} characters long and does not match {self.pattern}"
