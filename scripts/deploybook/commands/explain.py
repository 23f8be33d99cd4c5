"""``deploybook explain``."""

from __future__ import annotations

import re

import click

from deploybook.commands import offers
from deploybook.commands.context import CommandContext
from deploybook.commands.options import OperatorCommand, environment_option
from deploybook.contract.nearest import mistyped
from deploybook.diagnosis.fixes import Fixes
from deploybook.diagnosis.observations import DiagnosisTarget
from deploybook.guide.entries import PAGE, Entry, read_entries

_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\([^)]*\)")
_BLOCK = re.compile(r"```\w*\n(?P<text>.*?)\n```", re.DOTALL)


@click.command("explain", cls=OperatorCommand)
@click.argument("entry", shell_complete=offers.entries)
@click.argument("sections", nargs=-1, metavar="[SECTION]...", shell_complete=offers.sections)
@environment_option
@click.option("--json", "as_json", is_flag=True, help="Print the fix as JSON instead of the whole entry.")
def explain_entry(entry: str, sections: tuple[str, ...], environment: str, as_json: bool) -> None:
    """Explain one troubleshooting entry, with its fix filled in for an environment.

    ENTRY is the word after # in the link that an error shows. The command sends no request.
    """
    context = CommandContext.open(environment)
    entries = read_entries(context.layout.root / PAGE)
    name = entry.rpartition("#")[2]
    if name not in entries:
        raise mistyped(f"There is no entry {name}.", name, entries, f"{PAGE} has all of them.")
    for slug in sections:
        context.contract.section(slug)
    target = DiagnosisTarget(context.layout, context.contract, environment, context.parameters({}))
    fixes = Fixes.of(target)
    if as_json:
        commands = fixes.commands(entries[name], sections)
        context.print_json(
            {"entry": name, "title": entries[name].title, "fix": commands, "with": fixes.unknown(commands)}
        )
    else:
        context.say(_explanation(entries[name], fixes, sections))


def _explanation(problem: Entry, fixes: Fixes, sections: tuple[str, ...]) -> list[str]:
    lines = [problem.title]
    for part, text in problem.parts.items():
        lines += ["", f"{part}:", *_prose(text, fixes)]
    commands = fixes.commands(problem, sections)
    # Else they stand above already.
    if commands != [fixes.filled(line) for line in problem.commands] or fixes.unknown(commands):
        filled = [*(f"    {command}" for command in commands)]
        filled += [f"    with <{name}>: {meaning}" for name, meaning in fixes.unknown(commands).items()]
        lines += ["", f"The fix, for {fixes.environment}:", *filled]
    return [*lines, "", f"see {problem.link}"]


def _prose(text: str, fixes: Fixes) -> list[str]:
    """A line for each paragraph, and blocks indented, their commands filled in."""
    lines: list[str] = []
    position = 0
    for block in _BLOCK.finditer(text):
        lines += _paragraphs(text[position : block.start()])
        lines += [f"    {fixes.filled(line)}" for line in block["text"].splitlines()]
        position = block.end()
    return lines + _paragraphs(text[position:])


def _paragraphs(text: str) -> list[str]:
    plain = re.sub(r"<!--.*?-->", "", _LINK.sub(lambda match: match["text"], text), flags=re.DOTALL)
    paragraphs = [" ".join(paragraph.split()) for paragraph in plain.split("\n\n")]
    return [f"  {paragraph}" for paragraph in paragraphs if paragraph]
