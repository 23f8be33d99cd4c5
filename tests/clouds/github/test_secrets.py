"""The secrets: sealed, remembered without their values, told when somebody else wrote, left where they are another's."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from tests.clouds.github.conftest import MAIN, Hands
from tests.waiting import until

from deploybook.clouds.connections import Connections
from deploybook.clouds.github import RepositorySecret, Target, secrets_are_set
from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import InvalidValue, UnexpectedResponse, VerificationFailed
from deploybook.state.last_writes import LastWrites

Make = Callable[..., RepositorySecret]
VALUE = SecretStr("canary-of-a-secret")


@pytest.fixture
def make(observed: LastWrites) -> Make:
    def made(value: str = VALUE.get_secret_value(), name: str = "VERCEL_TOKEN") -> RepositorySecret:
        return RepositorySecret(MAIN, name, ConsumerVariable(name, SecretStr(value), True), observed)

    return made


def state(secret: RepositorySecret, clouds: Connections) -> str:
    present = secret.read(clouds)
    assert present is not None
    return present


def test_a_secret_is_made_once_and_then_unchanged(hands: Hands, make: Make) -> None:
    assert make().read(hands.clouds) is None
    make().create(hands.clouds)
    assert hands.writes() == ["PUT /actions/secrets/VERCEL_TOKEN"]
    assert make().differences(state(make(), hands.clouds)) == []
    assert secrets_are_set(hands.clouds.github, MAIN, [make()]) == "VERCEL_TOKEN"
    assert hands.writes() == []


def test_a_secret_is_known_by_the_name_that_the_repository_had(
    clouds: Connections, make: Make, observed: LastWrites
) -> None:
    make().create(clouds)
    renamed = Target("studio/studio-app", "main", "studio/app")
    secret = RepositorySecret(renamed, "VERCEL_TOKEN", ConsumerVariable("VERCEL_TOKEN", VALUE, True), observed)
    assert secret.key == make().key
    assert secret.differences(state(make(), clouds)) == []


def test_neither_the_request_nor_the_record_shows_the_value(hands: Hands, make: Make, observed: LastWrites) -> None:
    sent: list[bytes] = []
    hands.clouds.github.api.client.event_hooks = {"request": [lambda request: sent.append(request.read())]}
    make().create(hands.clouds)
    assert len(sent) == 3
    assert [body for body in (*sent, observed.path.read_bytes()) if b"canary" in body] == []


def test_a_new_value_in_the_vault_is_a_difference(clouds: Connections, make: Make) -> None:
    make("first").create(clouds)
    assert [change.old for change in make("second").differences(state(make(), clouds))] == ["an older one"]


def test_a_secret_set_by_somebody_else_is_told_until_it_is_set_again(clouds: Connections, make: Make) -> None:
    make().create(clouds)
    begun = int(time.time())
    until(lambda: int(time.time()) > begun, "the next second: GitHub gives times to the second")
    clouds.github.put_secret(MAIN.repository, "VERCEL_TOKEN", SecretStr("another"))
    changes = make().differences(state(make(), clouds))
    [change] = changes
    assert change.old.startswith("set elsewhere since, on 20")
    assert change.theirs
    with pytest.raises(VerificationFailed, match="VERCEL_TOKEN of studio/app") as caught:
        secrets_are_set(clouds.github, MAIN, [make()])
    assert (caught.value.found or "").startswith("set elsewhere since, on 20")
    assert caught.value.entry == "ci-secrets"
    make().update(clouds, "", changes)
    assert make().differences(state(make(), clouds)) == []


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["put_secret", "secret"])
def test_a_write_that_was_killed_is_ours_to_repeat(
    clouds: Connections, make: Make, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    make("first").create(clouds)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # Before the request, or between the request and the record.
        patch.setattr(clouds.github, moment, killed)
        with pytest.raises(Killed):
            make("second").create(clouds)
    [change] = make("second").differences(state(make(), clouds))
    assert change.old == "a write by deploybook did not finish"
    assert change.theirs is False
    make("second").update(clouds, "", [change])
    assert make("second").differences(state(make(), clouds)) == []


def test_what_somebody_set_long_after_a_write_that_was_killed_is_theirs(make: Make, observed: LastWrites) -> None:
    secret = make()
    record = {"updated_at": "", "salt": "", "fingerprint": "", "writing": "2026-11-27T10:00:00+00:00"}
    observed.put("github:secret:studio/app:VERCEL_TOKEN", record)
    assert secret._key == "github:secret:studio/app:VERCEL_TOKEN"
    [change] = secret.differences("2026-11-27T12:00:00Z")
    assert change.theirs
    [change] = secret.differences("2026-11-27T10:00:30Z")
    assert not change.theirs


def test_a_secret_that_was_removed_is_missing(clouds: Connections, make: Make) -> None:
    make().create(clouds)
    clouds.github.delete_secret(MAIN.repository, "VERCEL_TOKEN")
    assert make().read(clouds) is None
    with pytest.raises(VerificationFailed, match="found missing"):
        secrets_are_set(clouds.github, MAIN, [make()])


def test_one_of_which_nothing_is_known_is_written_but_is_no_drift(clouds: Connections, make: Make) -> None:
    clouds.github.put_secret(MAIN.repository, "VERCEL_TOKEN", SecretStr("by hand"))
    changes = make().differences(state(make(), clouds))
    [change] = changes
    assert change.old.endswith("not by this clone")
    assert change.requested
    assert change.unknown


def test_a_write_whose_answer_is_lost_is_repeated(hands: Hands, make: Make) -> None:
    hands.fault("lost-answer", method="PUT")
    make().create(hands.clouds)
    assert hands.sandbox.control.get("/faults").json() == []
    assert make().differences(state(make(), hands.clouds)) == []


def test_a_value_with_white_space_is_refused_before_anything_is_sent(make: Make) -> None:
    for value in ("canary\n", " canary", "can ary"):
        with pytest.raises(InvalidValue, match="VERCEL_TOKEN contains white space") as caught:
            make(value)
        assert "canary" not in str(caught.value) + caught.value.hint


def test_a_refusal_shows_no_value(clouds: Connections, make: Make) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        make(name="GITHUB_CANNOT").create(clouds)
    assert "canary" not in repr(caught.value)


def test_deleting_forgets(clouds: Connections, make: Make, observed: LastWrites) -> None:
    make().create(clouds)
    make().delete(clouds, "")
    assert make().read(clouds) is None
    assert "VERCEL_TOKEN" not in observed.path.read_text()
