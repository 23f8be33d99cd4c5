"""What a shell offers behind Tab: sections, environments, parameters and entries, read from the checkout that the shell is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from deploybook.contract.model import Contract, load_contract
from deploybook.errors import DeploybookError
from deploybook.layout import Layout, find_layout

Offer = Callable[[Layout, Contract, click.Context], Iterable[CompletionItem]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Function = TypeVar("Function", bound=Offer)


def _completes(offer: Offer) -> Complete:
    """As click calls it. Outside of a checkout, or where something in it is wrong, there is nothing to offer: a shell shows no errors."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            layout = find_layout()
            items = list(offer(layout, load_contract(layout.contract), ctx))
        except (DeploybookError, OSError):
            return []
        return [item for item in items if str(item.value).startswith(incomplete)]

    return complete


@_completes
def sections(_: Layout, contract: Contract, ctx: click.Context) -> Iterable[CompletionItem]:
    """The sections that are not named yet, in their order, with their titles."""
    named = ctx.params.get("sections") or ()
    return [CompletionItem(slug, help=contract.section(slug).title) for slug in contract.order() if slug not in named]


@_completes
def environments(layout: Layout, contract: Contract, _: click.Context) -> Iterable[CompletionItem]:
    """The environments with a state or settings, and the default one."""
    from deploybook.contract.validation import DEFAULT_ENVIRONMENT
    from deploybook.state.environments import known_environments

    names = dict.fromkeys([DEFAULT_ENVIRONMENT, *known_environments(layout, contract)])
    return [CompletionItem(name) for name in names]


@_completes
def parameters(layout: Layout, contract: Contract, ctx: click.Context) -> Iterable[CompletionItem]:
    """The parameters of the sections that are named, or of all, with their descriptions."""
    from deploybook.runbook.notebook_file import read_parameters

    slugs = ctx.params.get("sections") or contract.order()
    names = {
        name for slug in slugs if layout.notebook(slug).exists() for name in read_parameters(layout.notebook(slug))
    }
    rules = {name: contract.parameters.get(name) for name in sorted(names - {"mode", "environment"})}
    return [CompletionItem(name, help=rule.description if rule else None) for name, rule in rules.items()]


@_completes
def entries(layout: Layout, _: Contract, ctx: click.Context) -> Iterable[CompletionItem]:
    """The troubleshooting entries, with their titles."""
    from deploybook.guide.entries import PAGE, read_entries

    del ctx
    return [CompletionItem(entry.id, help=entry.title) for entry in read_entries(layout.root / PAGE).values()]
