"""The names that the guide's commands ask for: each placeholder of the checklist with its rule, from the contract and the runbooks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploybook.contract.parameters import Parameter
from deploybook.errors import DocsError
from deploybook.guide.guide import Guide
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.markdown import code, table
from deploybook.guide.shell import PLACEHOLDER

ENVIRONMENT = "ENVIRONMENT"
_TICKED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Name:
    """One placeholder. ``section`` is the one after which it is known; empty for what the operator chooses beforehand.

    ``pattern`` is matched as a whole, empty for any text; ``parameter`` is the runbooks' own word for it, if they have one.
    """

    placeholder: str
    description: str
    pattern: str = ""
    default: str = ""
    section: str = ""
    parameter: str = ""


def every_name(guide: Guide) -> list[Name]:
    """The names that the sections and the troubleshooting use, in the order in which a reader meets them; last what they only learn."""
    paths = [*(guide.text_of(slug) for slug in guide.contract.order()), guide.layout.root / TROUBLESHOOTING]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
    by_placeholder = known_names(guide)
    used = dict.fromkeys(match["name"] for match in PLACEHOLDER.finditer(text))
    names = [by_placeholder[placeholder] for placeholder in used if placeholder in by_placeholder]
    return sorted(names, key=lambda name: (name.placeholder != ENVIRONMENT, name.section != ""))


def known_names(guide: Guide) -> dict[str, Name]:
    """Every placeholder that the contract explains."""
    names = [*_parameters(guide), *_others(guide), *_facts(guide)]
    return {name.placeholder: name for name in names}


def refuse_secrets(guide: Guide, text: str, path: str) -> None:
    """Raise DocsError for a placeholder in which a reader would have to write a secret."""
    secret = {variable.name for variable in guide.contract.variables if variable.secret}
    secret |= {credential.name for credential in guide.contract.credentials if credential.secret}
    for match in PLACEHOLDER.finditer(text):
        if match["name"] in secret:
            line = text.count("\n", 0, match.start()) + 1
            hint = "Let it be read, or let the environment carry it."
            raise DocsError(path, line, f"<{match['name']}> asks for a secret in a command", hint)


def names_table(guide: Guide) -> str:
    """For the repository: what to write for each placeholder."""
    told_elsewhere = {variable.name for variable in guide.contract.variables}
    told_elsewhere |= {credential.name for credential in guide.contract.credentials}
    rows = [
        [code(f"<{name.placeholder}>"), code(name.default) or "none", name.description + _when(guide, name)]
        for name in every_name(guide)
        if name.placeholder not in told_elsewhere
    ]
    return table(("Placeholder", "The runbooks' default", "What it names"), rows)


def names_form(guide: Guide) -> str:
    """For the site: the same as a table with a field for the reader's own name in each row, of use with JavaScript only."""
    rows = "\n".join(_row(guide, name) for name in every_name(guide))
    head = "".join(
        f'<th scope="col"{more}>{title}</th>'
        for title, more in (
            ("Placeholder", ""),
            ("Yours", ' class="db-scripted" id="db-yours"'),
            ("The runbooks' default", ""),
            ("What it names", ""),
        )
    )
    fill = (
        '<button type="button" class="db-button" id="db-defaults">Take the defaults where nothing is entered</button>'
    )
    return (
        f'<p class="db-scripted">{fill}</p>\n'
        f'<table class="db-names"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n'
    )


def taken_by(guide: Guide) -> dict[str, list[str]]:
    """For each section the placeholders that its runbook takes as parameters; what a section learns is none of them."""
    by_parameter = {
        name.parameter: name.placeholder for name in every_name(guide) if name.parameter and not name.section
    }
    return {
        slug: [by_parameter[name] for name in declared if name in by_parameter]
        for slug, declared in guide.parameters.items()
    }


def names_data(guide: Guide) -> str:
    """What the pages' script must know of the names, as an element of a page."""
    data = {
        name.placeholder: {
            "pattern": name.pattern,
            "default": name.default,
            "learned": bool(name.section),
            "parameter": name.parameter,
            "description": name.description,
        }
        for name in known_names(guide).values()
    }
    # A script element ends at the first </, wherever that stands.
    text = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    return f'<script type="application/json" id="db-names">{text}</script>\n'


def whose_names(checklist: str) -> str:
    """For every other page with names: whose they are, and where they are entered; ``checklist`` is that page's URL from here."""
    sentence = f'The commands use your names for <b></b>. <a href="{checklist}#names">Change them</a> in the checklist.'
    return f'<p class="db-whose db-scripted" id="db-whose">{sentence}</p>\n'


def _parameters(guide: Guide) -> Iterator[Name]:
    renamed = {placeholder.parameter for placeholder in guide.contract.placeholders.values()}
    for parameter, default in _defaults(guide).items():
        rule = guide.contract.parameters.get(parameter)
        if rule and parameter not in {"mode", *renamed}:
            yield Name(parameter.upper(), rule.description, _pattern(rule), default, "", parameter)


def _defaults(guide: Guide) -> dict[str, str]:
    defaults: dict[str, str] = {}
    for parameter in (parameter for declared in guide.parameters.values() for parameter in declared.values()):
        value = guide.contract.named(parameter.name, parameter.default, "production")
        defaults.setdefault(parameter.name, value if isinstance(value, str) else json.dumps(value))
    return defaults


def _others(guide: Guide) -> Iterator[Name]:
    defaults = _defaults(guide)
    for name, placeholder in guide.contract.placeholders.items():
        rule = guide.contract.parameters[placeholder.parameter] if placeholder.parameter else None
        yield Name(
            name,
            placeholder.description,
            _pattern(rule) if rule else placeholder.pattern or "",
            defaults.get(placeholder.parameter or "", ""),
            placeholder.section or "",
            placeholder.parameter or "",
        )


def _facts(guide: Guide) -> Iterator[Name]:
    """Variables and identifiers that are no secret."""
    for variable in guide.contract.variables:
        if not variable.secret and variable.section:
            yield Name(variable.name, variable.description, variable.pattern, "", variable.section)
    for credential in guide.contract.credentials:
        if not credential.secret:
            yield Name(credential.name, credential.made_at + ".", r"\S+")


def _pattern(rule: Parameter) -> str:
    if rule.choices is not None:
        return "|".join(re.escape(choice) for choice in rule.choices)
    return rule.pattern or ""


def _when(guide: Guide, name: Name) -> str:
    title = guide.contract.section(name.section).title if name.section else ""
    return f" Known after [{title}](DEPLOY_PROD_CHECKLIST.md#{name.section})." if title else ""


def _row(guide: Guide, name: Name) -> str:
    identity = f"name-{name.placeholder.lower()}"
    when = ""
    if name.section:
        title = html.escape(guide.contract.section(name.section).title)
        when = f' Known after <a href="#{name.section}">{title}</a>.'
    # The environment is chosen in the bar above.
    fixed = " readonly" if name.placeholder == ENVIRONMENT else ""
    return (
        f'<tr><th scope="row"><label for="{identity}"><code>&lt;{name.placeholder}&gt;</code></label></th>'
        f'<td class="db-scripted"><input type="text" id="{identity}" data-name="{name.placeholder}"{fixed} '
        f'placeholder="{html.escape(name.default)}" autocomplete="off" autocapitalize="off" spellcheck="false" '
        f'aria-describedby="{identity}-problem"/><span class="db-problem" id="{identity}-problem" role="status"></span></td>'
        f"<td>{f'<code>{html.escape(name.default)}</code>' if name.default else 'none'}</td>"
        f"<td>{_inline(name.description)}{when}</td></tr>"
    )


def _inline(text: str) -> str:
    return _TICKED.sub(r"<code>\1</code>", html.escape(text, quote=False))
