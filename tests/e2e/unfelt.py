"""The cuts that the end-to-end check cannot feel: why, and whether ``deploybook run SECTION --mode verify`` names the variable instead."""

from __future__ import annotations

import re

from tests.e2e.wiring import Cut, Stack, wrong_value
from tests.runbooks.guide import Guide

READ_BY_THE_WORKER = "no code of the web app that can be reached reads it: it is the worker on Render that calls Modal"
CHOSEN_BY_ANOTHER = "the other variables that choose a backend choose the same"
NEVER_ASKED = "the worker asks Modal for no render's state; the end-to-end check does, with the vault's own"
SENDS_THE_BYTES = (
    "the worker uploads with PutObject: the checksum that the SDK adds is that of the bytes which it sends"
)
TRIED_AGAIN = "the worker writes no key twice within a second: newer releases take files in in the web app"
BY_CHANCE = "three attempts are now and then enough for R2's one write a second"
LONGER_THAN_THE_CHECK = "it ends jobs that nobody has worked at for minutes, and the check's are done in seconds"
KEPT_BESIDE_A_RENDER = "the web app only keeps it beside a render; the callbacks go to the worker's"
KINDS = ("missing", "wrong")
REASONS = {
    Cut("DEPLOY_ENV", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("DEPLOY_ENV", "vercel", "wrong"): CHOSEN_BY_ANOTHER,
    Cut("DEPLOY_ENV", "render", "missing"): CHOSEN_BY_ANOTHER,
    Cut("DEPLOY_ENV", "render", "wrong"): CHOSEN_BY_ANOTHER,
    Cut("JOB_STORE_BACKEND", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("JOB_STORE_BACKEND", "render", "missing"): CHOSEN_BY_ANOTHER,
    Cut("STORAGE_BACKEND", "render", "missing"): CHOSEN_BY_ANOTHER,
    Cut("AWS_REQUEST_CHECKSUM_CALCULATION", "render", "missing"): SENDS_THE_BYTES,
    **{Cut("AWS_MAX_ATTEMPTS", "render", kind): TRIED_AGAIN for kind in KINDS},
    **{Cut("AWS_MAX_ATTEMPTS", "vercel", kind): BY_CHANCE for kind in KINDS},
    **{Cut("WORKER_DEFAULT_TIMEOUT_MS", "render", kind): LONGER_THAN_THE_CHECK for kind in KINDS},
    **{Cut("NEXT_PUBLIC_APP_URL", "vercel", kind): KEPT_BESIDE_A_RENDER for kind in KINDS},
    **{Cut("MODAL_STATUS_URL", "render", kind): NEVER_ASKED for kind in KINDS},
    **{
        Cut(name, "vercel", kind): READ_BY_THE_WORKER
        for name in ("MODAL_ENDPOINT_URL", "MODAL_STATUS_URL", "MODAL_AUTH_TOKEN")
        for kind in KINDS
    },
}


def comparison(cut: Cut) -> str:
    """The command that compares the variables of the cut's consumer with the vault."""
    return f"deploybook run {cut.consumer} --mode verify"


def named_by_the_comparison(guide: Guide, stack: Stack, cut: Cut) -> str:
    """The comparison's line that names the cut variable, and no other of its consumer's; empty if it has none.

    The comparison is with what ``apply`` set, so apply goes first, and one variable is cut then, as at the dashboard.
    """
    _run(guide, stack, cut.consumer, "apply", "--yes")
    (_cut_at_vercel if cut.consumer == "vercel" else _cut_at_render)(stack, cut)
    try:
        lines = _run(guide, stack, cut.consumer, "verify")
    finally:
        _run(guide, stack, cut.consumer, "apply", "--yes")
    others = {variable.name for variable in stack.contract.consumed_by(cut.consumer)} - {cut.variable}
    return next((line for line in lines if cut.variable in line and not others & set(re.findall(r"\w+", line))), "")


def _run(guide: Guide, stack: Stack, section: str, mode: str, *options: str) -> list[str]:
    """Run a section; the lines of what failed. ``apply`` must pass."""
    parameters = ("-p", "git_repository", "example/studio")
    result = guide.run("run", section, "--mode", mode, *options, *parameters, env=stack.environ)
    assert mode == "verify" or result.code == 0, result.output
    cells = [cell for section in result.report["sections"] for cell in section["cells"]]
    lines = [line for cell in cells for line in cell["lines"] if line["outcome"] == "failed"]
    return [f"{line['subject']} — {line['detail']}" for line in lines]


def _cut_at_vercel(stack: Stack, cut: Cut) -> None:
    vercel = stack.clouds.vercel
    project = vercel.project("studio-production")
    assert project is not None
    (entry,) = (variable for variable in vercel.variables(project.id) if variable.key == cut.variable)
    vercel.delete_variable(project.id, entry.id)
    if cut.kind == "wrong":
        value = wrong_value(cut.variable, stack.values("vercel")[cut.variable])
        body = {"key": cut.variable, "value": value, "type": entry.type, "target": ["production"]}
        vercel.put_variables(project.id, [body])


def _cut_at_render(stack: Stack, cut: Cut) -> None:
    render = stack.clouds.render
    [worker] = render.workers("studio-production-worker", render.owners()[0].id)
    if cut.kind == "wrong":
        render.put_variable(worker.id, cut.variable, wrong_value(cut.variable, stack.values("render")[cut.variable]))
    else:
        render.delete_variable(worker.id, cut.variable)
