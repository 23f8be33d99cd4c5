"""What a page quotes or has the reader paste: outputs, permissions, a policy. It is what is really shown, asked for and set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploybook.checks.facts.knowledge import knowledge
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.page import Block, Page, Paragraph

# How VerificationFailed puts what was expected and what is there.
_DETAIL = re.compile(r"^(?:expected|found) ")


def _outputs(tree: Tree) -> Iterator[Finding]:
    """What an entry quotes as seen is said by the package, a runbook or the deployed application."""
    facts = knowledge(tree)
    for page in tree.pages.values():
        for piece in page.pieces:
            if isinstance(piece, Paragraph) and _quotes(piece):
                for span in piece.spans:
                    if span.kind == "em" and len(span.text.split()) > 1 and not facts.speech.says(span.text):
                        hint = "Quote what is really shown; … stands for what differs."
                        yield Finding(page.path, span.line, "output-quoted", f"nothing shows “{span.text}”", hint)
            elif isinstance(piece, Block) and piece.language == "text" and page.path == "docs/troubleshooting.md":
                yield from _lines(tree, page, piece)


def _quotes(paragraph: Paragraph) -> bool:
    first = next((span for span in paragraph.spans if span.kind == "strong"), None)
    return first is not None and first.text == "You see"


def _lines(tree: Tree, page: Page, block: Block) -> Iterator[Finding]:
    facts = knowledge(tree)
    for number, line in enumerate(block.text.splitlines(), 1):
        # A line is put together of what several places say; `deploybook prove entries` sees it as a whole.
        parts = [
            part
            for part in re.split(r" — | → |[:;()\"] ?|, |\. |(?<!\w)'|'(?!\w)", line)
            if len(part.replace("…", "").split()) > 2
        ]
        wrong = next(
            (
                part
                for part in (_DETAIL.sub("", part) for part in parts)
                if not (facts.speech.says(part) or facts.has_literal(part, "") or facts.has_words(part))
            ),
            "",
        )
        if wrong and not _names_a_place(tree, wrong):
            hint = "Quote what is really shown; … stands for what differs."
            yield Finding(page.path, block.line + number, "output-quoted", f"nothing shows “{wrong}”", hint)


def _names_a_place(tree: Tree, text: str) -> bool:
    """``VARIABLE at place``, as the comparison of an environment puts it."""
    name, at, place = text.partition(" at ")
    variables, consumers = tree.contract.variables, tree.contract.consumers
    return (
        bool(at)
        and any(variable.name == name for variable in variables)
        and any(consumer.name == place for consumer in consumers)
    )


def _permissions(tree: Tree) -> Iterator[Finding]:
    """A permission that a page has the reader tick is one that the contract asks for."""
    permissions = " ".join(credential.permissions for credential in tree.contract.credentials)
    for page in tree.pages.values():
        for span in page.spans:
            match = re.fullmatch(r"(\w+): (read and write|read|write)", span.text) if span.kind == "em" else None
            if match and not re.search(rf"\b{match[1]} read", permissions):
                message = f"the contract asks for no permission {match[1]}"
                yield Finding(page.path, span.line, "permission-asked", message, "Correct its name.")


def _policies(tree: Tree) -> Iterator[Finding]:
    """The CORS rule that a page shows to be pasted is the one that the runbook sets."""
    from deploybook.clouds.r2 import Cors

    for page in tree.pages.values():
        for block in page.blocks:
            if block.language != "json" or "AllowedOrigins" not in block.text:
                continue
            on_page = _first(block.text.replace("<APP_HOST>", "app.example.com"))
            wanted = _as_s3(Cors("bucket", "https://app.example.com").planned()[0].sent())
            if on_page is not None and on_page != wanted:
                differing = next((key for key in {**wanted, **on_page} if wanted.get(key) != on_page.get(key)), "")
                message = f"the rule shown has another {differing} than the runbook sets"
                hint = f"Write {json.dumps(wanted.get(differing))}."
                yield Finding(page.path, block.line, "policy-current", message, hint)


def _first(text: str) -> dict[str, object] | None:
    try:
        rules = json.loads(text)
    except json.JSONDecodeError:
        return None
    return rules[0] if isinstance(rules, list) and rules and isinstance(rules[0], dict) else None


def _as_s3(rule: Mapping[str, Any]) -> dict[str, object]:
    """A rule of the REST API in the words of the dashboard, which are S3's."""
    allowed = {f"Allowed{key.capitalize()}": value for key, value in rule["allowed"].items()}
    return {**allowed, "ExposeHeaders": rule["exposeHeaders"], "MaxAgeSeconds": rule["maxAgeSeconds"]}


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "output-quoted",
        "What a troubleshooting entry says that you see is said by the package, by a runbook or by the application in the "
        "sandbox, word for word: the reader searches for it. What a page quotes of an executed block's output is compared by "
        "--run.",
        _outputs,
    ),
    Rule(
        "permission-asked",
        "Each permission that a page has the reader tick is one that the contract asks for, by this name.",
        _permissions,
    ),
    Rule("policy-current", "The CORS rule that a page shows to be pasted is the one that the runbook sets.", _policies),
)
