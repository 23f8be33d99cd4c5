"""A negative claim holds, fails or is not tested, and only the expected refusal makes it hold."""

from __future__ import annotations

import pytest

from deploybook.clouds.edges import EdgeAnswered
from deploybook.clouds.negative import ExpectedRefusal, Reply, reply_of, require_accepted, require_refused
from deploybook.errors import NotTested, PermissionDenied, Unreachable, VerificationFailed

DENIED = ExpectedRefusal(frozenset({403}), frozenset({"AccessDenied"}))
FAULT = VerificationFailed("It let them in.")


def raising(error: Exception) -> object:
    raise error


def test_the_expected_refusal_holds() -> None:
    assert require_refused("it", lambda: Reply(403, "AccessDenied"), DENIED, FAULT) == Reply(403, "AccessDenied")


def test_success_is_the_fault() -> None:
    with pytest.raises(VerificationFailed, match="It let them in"):
        require_refused("it", lambda: Reply(200), DENIED, FAULT)


@pytest.mark.parametrize(
    "reply",
    [Reply(401, "Unauthorized"), Reply(401, "AccessDenied"), Reply(403, "Other"), Reply(429), Reply(503), Reply(0)],
)
def test_any_other_answer_proves_nothing(reply: Reply) -> None:
    with pytest.raises(NotTested, match="answered neither by success nor by 403 AccessDenied"):
        require_refused("it", lambda: reply, DENIED, FAULT)


def test_nothing_is_proved_while_the_right_one_is_refused_too() -> None:
    denied = PermissionDenied("R2", "list", "R2 could not list: no (401).")
    with pytest.raises(NotTested, match=r"the key is not accepted either: R2 could not list: no \(401\)"):
        require_accepted("the key", lambda: raising(denied))


def test_an_edge_before_the_right_one_stays_the_finding() -> None:
    with pytest.raises(EdgeAnswered):
        require_accepted("the key", lambda: raising(EdgeAnswered("Vercel's firewall answers.")))


def test_a_reply_is_read_from_the_error_that_a_client_raises() -> None:
    denied = PermissionDenied("R2", "list", "no", status=403, code="AccessDenied")
    assert reply_of(lambda: raising(denied)) == Reply(403, "AccessDenied", "no")
    assert reply_of(lambda: raising(Unreachable("R2", "list", "cut"))) == Reply(0, "", "cut")
    assert reply_of(lambda: None) == Reply(200)
