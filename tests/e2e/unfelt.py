"""The cuts that the end-to-end check cannot feel: why, and whether ``deploybook run SECTION --mode verify`` names the variable instead."""

from __future__ import annotations

import re

from tests.e2e.wiring import Cut, Stack, wrong_value
from tests.runbooks.conftest import Guide

CALLED_BY_THE_WORKER = (
    "the web app asks only whether it is set: it is the worker on Render that calls Modal, with its own"
)
CHOSEN_BY_ANOTHER = "the other variables that choose a backend choose the same"
NEVER_ASKED = "the web app asks Modal for a render's state only when its callback is overdue"
SENDS_THE_BYTES = (
    "the worker uploads with PutObject: the checksum that the SDK adds is that of the bytes which it sends"
)
TRIED_AGAIN = "it counts only when R2 answers 429, and the sample application writes no key twice within a second"
LONGER_THAN_THE_CHECK = "it ends jobs that nobody has worked at for minutes, and the check's are done in seconds"
REASONS = {
    Cut("DEPLOY_ENV", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("DEPLOY_ENV", "vercel", "wrong"): CHOSEN_BY_ANOTHER,
    Cut("JOB_STORE_BACKEND", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("MODAL_STATUS_URL", "vercel", "missing"): NEVER_ASKED,
    Cut("MODAL_STATUS_URL", "vercel", "wrong"): NEVER_ASKED,
    Cut("AWS_REQUEST_CHECKSUM_CALCULATION", "render", "missing"): SENDS_THE_BYTES,
    Cut("AWS_MAX_ATTEMPTS", "render", "missing"): TRIED_AGAIN,
    Cut("AWS_MAX_ATTEMPTS", "render", "wrong"): TRIED_AGAIN,
    Cut("WORKER_DEFAULT_TIMEOUT_MS", "render", "missing"): LONGER_THAN_THE_CHECK,
    Cut("WORKER_DEFAULT_TIMEOUT_MS", "render", "wrong"): LONGER_THAN_THE_CHECK,
    Cut("MODAL_ENDPOINT_URL", "vercel", "wrong"): CALLED_BY_THE_WORKER,
    Cut("MODAL_AUTH_TOKEN", "vercel", "wrong"): CALLED_BY_THE_WORKER,
    Cut("NEXT_PUBLIC_APP_URL", "vercel", "missing"): (
        "the page then says nothing of its own address, as an app may by design, and callbacks go to the worker's"
    ),
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
    others = {each.name for each in stack.contract.consumed_by(cut.consumer)} - {cut.variable}
    return next((line for line in lines if cut.variable in line and not others & set(re.findall(r"\w+", line))), "")


def _run(guide: Guide, stack: Stack, section: str, mode: str, *options: str) -> list[str]:
    """Run a section; the lines of what failed. ``apply`` must pass."""
    parameters = ("-p", "git_repository", "example/studio")
    done = guide.run("run", section, "--mode", mode, *options, *parameters, env=stack.environ)
    assert mode == "verify" or done.code == 0, done.output
    cells = [cell for section in done.report["sections"] for cell in section["cells"]]
    lines = [line for cell in cells for line in cell["lines"] if line["outcome"] == "failed"]
    return [f"{line['subject']} — {line['detail']}" for line in lines]


def _cut_at_vercel(stack: Stack, cut: Cut) -> None:
    vercel = stack.clouds.vercel
    project = vercel.project("studio-production")
    assert project is not None
    (entry,) = (each for each in vercel.variables(project["id"]) if each["key"] == cut.variable)
    vercel.delete_variable(project["id"], entry["id"])
    if cut.kind == "wrong":
        value = wrong_value(cut.variable, stack.values("vercel")[cut.variable])
        body = {"key": cut.variable, "value": value, "type": entry["type"], "target": ["production"]}
        vercel.put_variables(project["id"], [body])


def _cut_at_render(stack: Stack, cut: Cut) -> None:
    render = stack.clouds.render
    [worker] = render.workers("studio-production-worker", render.owners()[0]["id"])
    if cut.kind == "wrong":
        render.put_variable(worker["id"], cut.variable, wrong_value(cut.variable, stack.values("render")[cut.variable]))
    else:
        render.delete_variable(worker["id"], cut.variable)
