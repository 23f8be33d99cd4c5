"""The cuts that the end-to-end check cannot feel: why, and whether ``deploybook run vercel --mode verify`` names the variable instead."""

from __future__ import annotations

import re

from tests.e2e.wiring import Cut, Stack, wrong_value
from tests.runbooks.conftest import Guide

COMPARISON = "deploybook run vercel --mode verify"
CALLED_BY_THE_WORKER = (
    "the web app asks only whether it is set: it is the worker on Render that calls Modal, with its own"
)
CHOSEN_BY_ANOTHER = "the other variables that choose a backend choose the same"
NEVER_ASKED = "the web app asks Modal for a render's state only when its callback is overdue"
OF_THE_SDK = "the sandbox's application signs its URLs itself, without the AWS SDK that reads this"
REASONS = {
    Cut("DEPLOY_ENV", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("DEPLOY_ENV", "vercel", "wrong"): CHOSEN_BY_ANOTHER,
    Cut("JOB_STORE_BACKEND", "vercel", "missing"): CHOSEN_BY_ANOTHER,
    Cut("MODAL_STATUS_URL", "vercel", "missing"): NEVER_ASKED,
    Cut("MODAL_STATUS_URL", "vercel", "wrong"): NEVER_ASKED,
    Cut("AWS_REQUEST_CHECKSUM_CALCULATION", "vercel", "missing"): OF_THE_SDK,
    Cut("AWS_REQUEST_CHECKSUM_CALCULATION", "vercel", "wrong"): OF_THE_SDK,
    Cut("MODAL_ENDPOINT_URL", "vercel", "wrong"): CALLED_BY_THE_WORKER,
    Cut("MODAL_AUTH_TOKEN", "vercel", "wrong"): CALLED_BY_THE_WORKER,
    Cut("NEXT_PUBLIC_APP_URL", "vercel", "missing"): (
        "the page then says nothing of its own address, as an app may by design, and callbacks go to the worker's"
    ),
}


def named_by_the_comparison(guide: Guide, stack: Stack, cut: Cut) -> str:
    """The comparison's line that names the cut variable, and no other of the web app; empty if it has none.

    The comparison is with what ``apply`` set, so apply goes first, and one variable is cut then, as at the dashboard.
    """
    _run(guide, stack, "apply", "--yes")
    _cut_at_the_dashboard(stack, cut)
    try:
        told = _run(guide, stack, "verify")
    finally:
        _run(guide, stack, "apply", "--yes")
    others = {each.name for each in stack.contract.consumed_by("vercel")} - {cut.variable}
    return next((line for line in told if cut.variable in line and not others & set(re.findall(r"\w+", line))), "")


def _run(guide: Guide, stack: Stack, mode: str, *options: str) -> list[str]:
    """Run the Vercel section; the lines of what failed. ``apply`` must pass."""
    parameters = ("-p", "git_repository", "example/studio")
    done = guide.run("run", "vercel", "--mode", mode, *options, *parameters, env=stack.environ)
    assert mode == "verify" or done.code == 0, done.output
    cells = [cell for section in done.report["sections"] for cell in section["cells"]]
    lines = [line for cell in cells for line in cell["lines"] if line["outcome"] == "failed"]
    return [f"{line['subject']} — {line['detail']}" for line in lines]


def _cut_at_the_dashboard(stack: Stack, cut: Cut) -> None:
    vercel = stack.clouds.vercel
    project = vercel.project("studio-production")
    assert project is not None
    (entry,) = (each for each in vercel.variables(project["id"]) if each["key"] == cut.variable)
    vercel.delete_variable(project["id"], entry["id"])
    if cut.kind == "wrong":
        value = wrong_value(cut.variable, stack.values("vercel")[cut.variable])
        body = {"key": cut.variable, "value": value, "type": entry["type"], "target": ["production"]}
        vercel.put_variables(project["id"], [body])
