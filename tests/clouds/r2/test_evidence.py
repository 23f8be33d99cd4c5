"""Which answers of R2 prove that the vault's secret is not this token's; all others are no reason to say so."""

from __future__ import annotations

import pytest

from deploybook.clouds.r2.token import BucketToken
from deploybook.errors import PermissionDenied, ServiceError, UnexpectedResponse, Unreachable

TOKEN = BucketToken("studio-r2", "studio", stored={})


def refusal(kind: type[ServiceError], status: int, code: str) -> ServiceError:
    return kind("R2", "list_objects_v2", f"R2 could not list_objects_v2: no ({status}, {code}).", "", "", status, code)


def test_a_signature_that_does_not_match_is_evidence() -> None:
    assert TOKEN.is_dead(refusal(PermissionDenied, 403, "SignatureDoesNotMatch"))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (PermissionDenied, 403, "AccessDenied"),
        (PermissionDenied, 401, "Unauthorized"),
        (PermissionDenied, 403, "InvalidAccessKeyId"),
        (PermissionDenied, 403, "RequestTimeTooSkewed"),
        (PermissionDenied, 403, ""),
        (UnexpectedResponse, 402, "PaymentRequired"),
        (UnexpectedResponse, 404, "NoSuchBucket"),
        (UnexpectedResponse, 429, "SlowDown"),
        (UnexpectedResponse, 500, "InternalError"),
        (UnexpectedResponse, 503, "ServiceUnavailable"),
        (Unreachable, 0, ""),
    ],
)
def test_no_other_answer_is(kind: type[ServiceError], status: int, code: str) -> None:
    assert not TOKEN.is_dead(refusal(kind, status, code))
