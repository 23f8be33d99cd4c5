"""A job that is not taken: whose fault it is, by what the web app says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.clouds.studio import Journey, ingest, unknown_jobs_are_refused
from deploybook.clouds.studio.client import Answer
from deploybook.errors import VerificationFailed


def journey(answer: Answer) -> Journey:
    """One whose every call is answered so."""
    studio: Any = SimpleNamespace(call=lambda *_, **__: answer)
    unused: Any = SimpleNamespace(query=lambda *_: [])
    return Journey(studio, unused, unused, SecretStr("x"), 60)


@pytest.mark.parametrize(
    ("answer", "entry"),
    [
        (Answer(500, {"error": "SQLite error: no such table: audio_prep_jobs"}), "database-schema"),
        (Answer(500, {"error": "The job store is not configured"}), "app-errors"),
        (Answer(200, {"data": {"jobId": "job"}}), "other-database"),
    ],
)
def test_an_upload_that_makes_no_job_leads_to_what_it_says(answer: Answer, entry: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        ingest(journey(answer))
    assert caught.value.entry == entry


def test_a_job_that_never_was_and_is_told_of_is_the_applications_own_fault() -> None:
    with pytest.raises(VerificationFailed, match=r"does not answer 404 for an unknown job \(200\)") as caught:
        unknown_jobs_are_refused(journey(Answer(200, {})))
    assert caught.value.entry == "end-to-end"
