"""The reference of the command line, from the click commands themselves."""

from __future__ import annotations

import click

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, fenced, plain, table


def cli_reference(cli: click.Command, _: Guide) -> str:
    """A heading for each command: what it does, its usage, its options."""
    return "\n".join(_command(cli, click.Context(cli, info_name="deploybook", **cli.context_settings)))


def _command(command: click.Command, context: click.Context) -> list[str]:
    name = context.command_path
    parts = [f"## {name}\n", f"{_help(command)}\n", fenced("text", command.get_usage(context).removeprefix("Usage: "))]
    # Not `get_params`: click keeps a command's help option with the names that it had when the command was first used.
    helping = click.Option(context.help_option_names, is_flag=True, help="Show this message and exit.")
    options = [
        option for option in [*command.params, helping] if isinstance(option, click.Option) and not option.hidden
    ]
    if options:
        parts.append(table(("Option", "Default", "What it does"), [_option(option, context) for option in options]))
    if isinstance(command, click.Group):
        for subcommand in command.list_commands(context):
            child = command.get_command(context, subcommand)
            if child is not None and not child.hidden:
                parts += _command(child, click.Context(child, info_name=subcommand, parent=context))
    return parts


def _help(command: click.Command) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").replace("\b", "").split("\n\n"))


def _option(option: click.Option, context: click.Context) -> list[str]:
    names = " or ".join(code(name) for name in option.opts + option.secondary_opts)
    default = option.default if option.show_default and not option.is_flag else ""
    return [f"{names} {code(_value(option, context))}".strip(), code(default), _purpose(option)]


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag or isinstance(option.type, click.Choice):
        return ""
    if isinstance(option.type, click.IntRange):
        return f"{option.type.min}..{option.type.max}"
    return option.make_metavar(context)


def _purpose(option: click.Option) -> str:
    sentences = [plain(option.help)] if option.help else []
    if isinstance(option.type, click.Choice):
        sentences.append(f"One of {', '.join(code(choice) for choice in option.type.choices)}.")
    if option.multiple and "repeat" not in (option.help or ""):
        sentences.append("May be repeated.")
    return " ".join(sentences)
