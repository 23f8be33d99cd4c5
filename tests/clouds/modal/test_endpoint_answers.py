"""What Modal answers in the place of an app's endpoint says nothing of the app."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from tests.clouds.answering import Said, answering

from deploybook import http
from deploybook.clouds.modal.endpoint import submit
from deploybook.errors import RateLimited, ServiceError, UnexpectedResponse


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, RateLimited), (502, UnexpectedResponse), (503, UnexpectedResponse), (504, UnexpectedResponse)],
)
def test_a_limit_or_an_outage_is_not_blamed_on_the_app(status: int, kind: type[ServiceError]) -> None:
    with http.patience(0), answering(lambda *_: Said(status, "modal-http: no")) as url, pytest.raises(kind) as caught:
        submit(url, SecretStr("t" * 64))
    assert caught.value.entry == kind.entry_default
    assert caught.value.hint == "Wait, then run this again."
