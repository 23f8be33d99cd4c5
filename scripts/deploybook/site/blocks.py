"""The table of generated blocks: what makes each of them, for the site and for the repository."""

from __future__ import annotations

from functools import partial

import click

from deploybook.guide.generated import Block, Generator
from deploybook.site import (
    by_hand,
    checks_reference,
    claims,
    cli_reference,
    drawings,
    entries_index,
    errors_reference,
    names,
    overview,
    parameters,
    prerequisites,
    proofs_summary,
    rotation,
    run_commands,
    sections,
    sentence_kinds,
    status_page,
    toolbar,
    variables,
    verified,
    warnings,
)


def generator(cli: click.Command) -> Generator:
    """What fills the pages; ``cli`` is the command line whose reference is one of the blocks."""
    blocks = {
        "sections": Block(sections.whole, sections.listed),
        "section-head": Block(sections.head_of_two_ways, sections.head),
        "or-run-it": Block(run_commands.or_run_it_with_button, run_commands.or_run_it),
        "claims": Block(claims.claims_with_results, claims.claims),
        "seen": Block(claims.seen),
        "verified": Block(verified.verified_line, _only_published),
        "runbooks": Block(overview.runbooks, _only_published),
        "status-latest": Block(status_page.latest, _only_published),
        "status-durations": Block(status_page.whole_runs, _only_published),
        "status-history": Block(status_page.sections_history, _only_published),
        "status-proofs": Block(proofs_summary.proofs_of_every_kind, _only_published),
        "status-entries": Block(proofs_summary.proofs_summary, _only_published),
        "parts-diagram": Block(overview.parts_diagram),
        "entries-index": Block(entries_index.entries_index),
        "proof-state": Block(overview.proof_state, _only_published),
        "section-order": Block(overview.order),
        "order-diagram": Block(drawings.order_diagram),
        "variables-diagram": Block(drawings.variables_diagram),
        "toolbar": Block(toolbar.toolbar, toolbar.nothing_yet),
        "names": Block(names.names_form, names.names_table),
        "tracking-table": Block(toolbar.tracking_form, variables.tracking_table),
        "service-tables": Block(variables.service_tables),
        "own-values": Block(variables.own_values),
        "vercel-by-hand": Block(by_hand.vercel_by_hand),
        "rotations": Block(rotation.rotations),
        "variables": Block(variables.every_variable),
        "parameters": Block(parameters.every_parameter),
        "checks": Block(checks_reference.rules_reference),
        "credentials": Block(prerequisites.credentials_with_boxes, prerequisites.credentials_table),
        "cli": Block(partial(cli_reference.cli_reference, cli)),
        "error-tree": Block(errors_reference.error_tree),
        "errors": Block(errors_reference.error_table),
        "exit-codes": Block(errors_reference.exit_codes),
        "sentence-kinds": Block(sentence_kinds.sentence_kinds, _only_published),
        "warning": Block(warnings.warning),
        "modes": Block(warnings.modes),
        "proofs-of-modes": Block(warnings.proofs_of_modes),
    }
    return Generator(blocks)


def _only_published(*_: object) -> str:
    return "_The published page shows here what the latest dry run proved._\n"
