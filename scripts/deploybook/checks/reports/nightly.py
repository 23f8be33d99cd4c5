"""What the nightly workflow found, as the Markdown of one issue.

``RESULTS='…' python -m deploybook.checks.reports.nightly --found FOLDER --out FILE``: the result of each job, from the ``needs`` context
(GitHub Docs, *Contexts*, "needs context"), and the findings of the SARIF files in ``FOLDER``. ``RUN_URL`` leads to the run.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deploybook.checks.reports.comment import post
from deploybook.errors import InvalidValue
from deploybook.guide.markdown import code, plain, table

# An issue's text has at most 65536 characters; so many findings stay below it.
AT_MOST = 100


def text(results: Mapping[str, str], folder: Path, run: str) -> str:
    """The whole issue: the jobs that did not succeed, then what each check found."""
    bad = {job: result for job, result in results.items() if result != "success"}
    parts = [f"[The nightly run]({run}) ended so:" if run else "The nightly run ended so:"]
    parts.append(table(("Job", "Result"), [[code(job), result] for job, result in results.items()]))
    if not bad:
        parts.append("Nothing was found.")
    for path in sorted(folder.glob("*.sarif")) if folder.is_dir() else ():
        parts += _of_check(path)
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _of_check(path: Path) -> Iterator[str]:
    rows = [_row(result) for run in _log(path)["runs"] for result in run["results"]]
    if rows:
        yield f"## {path.stem}"
        yield table(("Where", "Rule", "What is wrong, and what to do"), rows[:AT_MOST])
    if len(rows) > AT_MOST:
        yield f"And {len(rows) - AT_MOST} more: they are in the run's artifact `found-{path.stem}`."


def _row(result: Mapping[str, Any]) -> list[str]:
    place = result["locations"][0]["physicalLocation"]
    where = f"{unquote(place['artifactLocation']['uri'])}:{place['region']['startLine']}"
    return [code(where), code(result["ruleId"]), plain(" ".join(result["message"]["text"].split())[:400])]


def _log(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InvalidValue(f"{path.name} is no SARIF log.", "Read the log of the job that wrote it.") from None


def results_of(needs: str) -> dict[str, str]:
    """Each job's result. Raises InvalidValue for what is no ``needs`` context."""
    try:
        return {job: str(job_result["result"]) for job, job_result in json.loads(needs).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidValue("RESULTS is no needs context.", "Set it to toJSON(needs) in the workflow.") from None


def main(arguments: Sequence[str] | None = None) -> None:
    """The module's command line."""
    reader = argparse.ArgumentParser(prog="python -m deploybook.checks.reports.nightly", description=__doc__)
    reader.add_argument("--found", type=Path, required=True, help="the folder of the SARIF files")
    reader.add_argument("--out", type=Path, required=True, help="where the text is written")
    options = reader.parse_args(arguments)
    results, run = os.environ.get("RESULTS", ""), os.environ.get("RUN_URL", "")
    post(lambda: text(results_of(results), options.found, run), options.out)


if __name__ == "__main__":
    main()
