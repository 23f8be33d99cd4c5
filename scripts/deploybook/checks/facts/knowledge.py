"""What there is in the checkout that a page can name."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import click

from deploybook.checks.facts.sources import Sources
from deploybook.checks.facts.speech import Speech, statuses
from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.guide.links import CHECKLIST, resolve
from deploybook.guide.page import Paragraph

# What else of the checkout makes statements that a page may repeat.
_FILES = (
    "runbooks/contract.toml",
    "runbooks/workflows/deploy.yml",
    "runbooks/modal_app/app.py",
    "Makefile",
    "mkdocs.yml",
    "pyproject.toml",
)
_STATE = ".deploybook"
# The environment whose names the pages show.
PRODUCTION = "production"
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
# A hole in what is quoted: an ellipsis, a placeholder, a word in capitals that stands for one.
_HOLE = re.compile(r"…|<[A-Z][A-Z0-9_]*>|\b(?:NAME|OWNER|VALUE|NUMBER|ORGANIZATION)\b")
_ONLY_PLACEHOLDERS = re.compile(r"(?:<[A-Z][A-Z0-9_]*>[/-]?)+")
# The lookbehind that a pattern begins with.
_LOOKBEHIND = re.compile(r"\(\?<!(?:\\w|\[[^\]]*\])\)")
# A member of a JSON answer.
_MEMBER = re.compile(r'"(?P<key>\w+)": ?"?(?P<value>\w+)"?')


@dataclass(frozen=True)
class Knowledge:
    """Names by their kind; ``own`` are the contract's.

    ``exact`` are whole names and strings: what somebody calls so, not a word of a sentence. ``corpus`` is all text of the
    package's strings, the runbooks and the files beside them.
    """

    own: frozenset[str]
    variables: frozenset[str]
    codes: frozenset[str]
    placeholder_lines: dict[str, int]
    options: frozenset[str]
    statuses: frozenset[str]
    speech: Speech
    corpus: str
    exact: frozenset[str]

    @property
    def placeholders(self) -> frozenset[str]:
        """Those that the checklist's table explains, and the two halves of OWNER/REPOSITORY."""
        return frozenset(self.placeholder_lines) | words("placeholders")

    @cached_property
    def _tokens(self) -> frozenset[str]:
        return frozenset(re.findall(r"[\w.:/@-]+", self.corpus)) | frozenset(re.findall(r"[\w-]+|\w+", self.corpus))

    def has_literal(self, text: str, blocks: str) -> bool:
        """Whether something set as code is said somewhere, with anything in place of a hole."""
        bare = text.strip()
        if re.fullmatch(r"\d{3}(?: [A-Z_]+)?", bare):
            status, _, code = bare.partition(" ")
            return status in self.statuses and (not code or code in self.codes)
        if bare in words("literals") or bare in self.exact or _ONLY_PLACEHOLDERS.fullmatch(bare):
            return True
        if member := _MEMBER.fullmatch(bare):
            return {member["key"], member["value"]} <= self.exact | self.statuses
        # A word alone is a name; several words can be a part of what is said.
        several = "…" in bare or not bare.replace("_", "").isalnum()
        return _in_block(bare, blocks) or (several and (self._written(bare) or self.speech.says(bare)))

    def has_words(self, text: str) -> bool:
        """Whether each of a few words is somebody's, though nobody says them at once: a thing by its kind and name."""
        stripped = [word.strip("\"'.,…") for word in text.split()]
        plain = [word for word in stripped if word and word not in self.variables]
        return len(plain) < 4 and all(word in self._tokens | self.statuses or word == "HTTP" for word in plain)

    def _written(self, bare: str) -> bool:
        parts = [" ".join(part.split()) for part in _HOLE.split(bare)]
        if not any(parts):
            return True
        pattern = ".{0,80}?".join(re.escape(part) for part in parts)
        before, after = (r"(?<!\w)" if parts[0][:1].isalnum() else ""), (r"(?!\w)" if parts[-1][-1:].isalnum() else "")
        return _found(before + pattern + after, self.corpus)

    def has_path(self, tree: Tree, page: str, text: str) -> bool:
        """Whether a path is in the checkout, is one that the code says, or stands for one."""
        plain = text.removesuffix("/")
        if tree.exists(plain) or tree.exists(resolve(plain, page)) or plain in words("paths"):
            return True
        if re.fullmatch(r"(?:<[A-Z_]+>|OWNER)/(?:<[A-Z_]+>|NAME)", plain):
            return True
        if plain.startswith("<GUIDE_PATH>/"):
            return tree.exists(plain.removeprefix("<GUIDE_PATH>/"))
        if plain.startswith(f"{_STATE}/"):
            # What the code adds to the environment's name.
            return re.sub(r"^.*?<\w+>", "", plain) in self._tokens
        if "<" in plain and next(tree.root.glob(re.sub(r"<\w+>", "*", plain)), None):
            return True
        parts = [re.escape(part) for part in re.split(r"<[A-Z][A-Z0-9_]*>|…|\*", plain)]
        return _found(rf"(?<![\w.-]){'[^ ]{0,60}?'.join(parts)}(?![\w-])", self.corpus)

    def is_link(self, tree: Tree, page: str, text: str) -> bool:
        """Whether it is an example of a link, to a page that is there."""
        path, _, anchor = text.partition("#")
        # As a section would write it.
        target = tree.pages.get(resolve(path, "docs/sections/example.md" if page.startswith("docs/") else page))
        return bool(anchor) and target is not None and anchor in target.anchors

    def has_address(self, host: str, path: str) -> bool:
        """Whether the code calls a host, at a path if there is one."""
        parts = [re.escape(part) for part in re.split(r"<[A-Z][A-Z0-9_]*>|…|\*", host)]
        is_host = not any(parts) or _found(r"(?<![\w-])" + r"[^/ ]*?".join(parts) + r"(?![\w-])", self.corpus)
        return is_host and (not path.strip("/.,") or self.has_route(path.rstrip(".,")))

    def has_route(self, route: str) -> bool:
        """Whether a client calls a route, written with a name in braces or a placeholder where it fills one in."""
        parts = [re.escape(part) for part in re.split(r"<[A-Z][A-Z0-9_]*>|\{[^}]*\}", route.rstrip("/"))]
        pattern = r"[^/\s]*".join(parts)
        without_version = re.sub(r"^/v\d+", "", route)
        whole = _found(rf"{pattern}(?![\w-])", self.corpus)
        return whole or (without_version != route and self.has_route(without_version))


def _in_block(text: str, blocks: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", blocks) is not None


@lru_cache(maxsize=8192)
def _found(pattern: str, text: str) -> bool:
    """Kept: most of what is asked is asked again of the next tree.

    ``re`` finds first letters fast, but not behind a lookbehind: what follows it is searched for, and the whole tried there.
    """
    begin = _LOOKBEHIND.match(pattern)
    whole, rest = re.compile(pattern), re.compile(pattern[begin.end() :] if begin else pattern)
    place = rest.search(text)
    while place and not whole.match(text, place.start()):
        place = rest.search(text, place.start() + 1)
    return place is not None


@cache
def words(kind: str) -> frozenset[str]:
    """Words of the providers' own, of one kind (``words.toml``)."""
    data = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return frozenset(word for source in data.values() for word in source.get(kind, []))


def knowledge(tree: Tree) -> Knowledge:
    """The names that one tree knows."""
    return tree.once(_gather)


def _gather(tree: Tree) -> Knowledge:
    files = "\n".join(tree.text(name) for name in _FILES if tree.exists(name))
    cells = "\n".join(cell.source for notebook in tree.notebooks.values() for cell in notebook.cells)
    names = "\n".join(path for path in tree.sources.modules)
    corpus = "\n".join([tree.sources.text, "\n".join(sorted(tree.sources.names)), files, cells, names])
    claims = tuple(text for notebook in tree.notebooks.values() for text in notebook.strings)
    contract = tree.contract
    own = {variable.name for variable in contract.variables} | {credential.name for credential in contract.credentials}
    read = {text for text in tree.sources.strings if _CAPITALS.fullmatch(text)}
    capitals = frozenset(re.findall(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", files + cells))
    return Knowledge(
        own=frozenset(own),
        variables=frozenset(own | read | words("variables") | (capitals - own)),
        codes=frozenset(code for text in tree.sources.strings for code in _CAPITALS.findall(text)),
        placeholder_lines=_placeholders(tree),
        options=_options(tree.cli),
        statuses=statuses(tree.sources),
        speech=_speech(tree.sources, claims),
        corpus=corpus,
        exact=_exact(tree),
    )


def _exact(tree: Tree) -> frozenset[str]:
    """Whole strings and identifiers of the package and the runbooks, the contract's values, the files beside and their keys."""
    sources = tree.sources
    strings = {" ".join(text.split()) for text in sources.strings}
    cells = {text for notebook in tree.notebooks.values() for text in notebook.strings}
    parameters = {name for declared in tree.parameters.values() for name in declared}
    contract = set(_leaves(tomllib.loads(tree.text("runbooks/contract.toml"))))
    parts = {part for value in contract for part in value.split(":")}
    files = "\n".join(tree.text(name) for name in _FILES if tree.exists(name))
    keys = set(re.findall(r"^ *([\w-]+:)", files, re.MULTILINE))
    return frozenset(strings | sources.names | sources.module_names | cells | parameters | contract | parts | keys)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (leaf for inner in value.values() for leaf in _leaves(inner))
    elif isinstance(value, list):
        yield from (leaf for inner in value for leaf in _leaves(inner))
    else:
        yield str(value)


@lru_cache(maxsize=2)
def _speech(sources: Sources, claims: tuple[str, ...]) -> Speech:
    """What the package and the runbooks say; the same from one tree to the next as long as neither changes."""
    return Speech([*sources.strings, *claims])


def _placeholders(tree: Tree) -> dict[str, int]:
    page = tree.pages.get(CHECKLIST)
    rows = [row for row in page.rows if row.head[:1] == ("Placeholder",)] if page else []
    return {name: row.line for row in rows for name in re.findall(r"<([A-Z][A-Z0-9_]*)>", _code(row.cells[0]))}


def _code(cell: Paragraph) -> str:
    return " ".join(span.text for span in cell.spans if span.kind == "code")


@cache
def _options(cli: click.Command) -> frozenset[str]:
    """Every option of every command of deploybook's."""

    def below(command: click.Command) -> set[str]:
        own = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
        children = command.commands.values() if isinstance(command, click.Group) else ()
        return own.union(*(below(child) for child in children))

    return frozenset(below(cli)) | {"-h", "--help", "--version"}


def package_path(tree: Tree) -> Path:
    """The package's own folder in the checked tree."""
    return tree.root / PACKAGE


def default_of(tree: Tree, name: str) -> str | None:
    """The default that the runbooks give a parameter, as a page writes it; None where no runbook has it."""
    result = [declared[name].default for declared in tree.parameters.values() if name in declared]
    if not result:
        return None
    example = tree.contract.named(name, result[0], PRODUCTION)
    return example if isinstance(example, str) else json.dumps(example)
