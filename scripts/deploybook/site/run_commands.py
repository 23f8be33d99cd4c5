"""How a section is run by its runbook instead of by hand."""

from __future__ import annotations

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import fenced


def or_run_it(guide: Guide, slug: str) -> str:
    """The block at the end of a section's steps: a dry run first, then the real clouds; and where the runbook is."""
    if not guide.has_runbook(slug):
        return "Its runbook is not yet written.\n"
    commands = fenced("sh", "\n".join(_commands(guide, slug)))
    return f"{commands}\n[Open the {guide.contract.section(slug).title} runbook](../runbooks/{slug}.ipynb)\n"


def or_run_it_with_button(guide: Guide, slug: str) -> str:
    """The same for the site, where the link is a button."""
    text = or_run_it(guide, slug)
    return text.replace(".ipynb)", ".ipynb){ .md-button }")


def every_way(guide: Guide, slug: str) -> str:
    """The ways to execute one notebook, for its own page."""
    return "\n".join(
        [
            "By the runner, which asks before it changes anything:\n",
            fenced("sh", "\n".join(_commands(guide, slug))),
            "By papermill, in the sandbox, with nothing else started:\n",
            fenced("sh", f"papermill runbooks/{slug}.ipynb build/{slug}.ipynb"),
            "In JupyterLab, cell by cell, in a copy of the notebook:\n{ #jupyterlab }\n",
            fenced("sh", f"cp runbooks/{slug}.ipynb build/lab-{slug}.ipynb\njupyter lab build/lab-{slug}.ipynb"),
        ]
    )


def _commands(guide: Guide, slug: str) -> list[str]:
    # In the sandbox its own repository stands in; the real clouds must be told which.
    needed = " -p git_repository <GIT_REPOSITORY>" if "git_repository" in guide.parameters[slug] else ""
    return [
        "# a dry run: in the sandbox, without credentials",
        f"deploybook run {slug}",
        "# the real clouds, read only: what would change",
        f"deploybook run {slug} --mode plan{needed}",
        "# apply it, then verify; a second run changes nothing",
        f"deploybook run {slug} --mode apply{needed}",
    ]
