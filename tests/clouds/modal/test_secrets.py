"""A secret never gives its values back: we remember and compare what we set, and look from a container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import RunningSandbox

from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.errors import Conflict, Unreachable, VerificationFailed
from deploybook.state.last_writes import LastWrites


def pushed(**values: str) -> dict[str, ConsumerVariable]:
    return {name: ConsumerVariable(name, SecretStr(value), True) for name, value in values.items()}


def plain(**values: str) -> Mapping[str, SecretStr]:
    return {name: SecretStr(value) for name, value in values.items()}


def faults(clouds: Connections, secret: modal.ModalSecret) -> list[str]:
    state = secret.read(clouds)
    assert state is not None
    return [str(change) for change in secret.differences(state)]


def test_a_secret_is_made_remembered_and_left_alone(clouds: Connections, render_auth: modal.ModalSecret) -> None:
    assert render_auth.read(clouds) is None
    made = render_auth.create(clouds)
    assert made == render_auth.read(clouds)
    assert faults(clouds, render_auth) == []
    assert made.id[:3] == "st-"
    assert sorted(made.keys) == ["MODAL_AUTH_TOKEN"]
    render_auth.delete(clouds, made)
    assert render_auth.read(clouds) is None


def test_the_record_holds_no_value(
    clouds: Connections, render_auth: modal.ModalSecret, observed: LastWrites, token: SecretStr
) -> None:
    render_auth.create(clouds)
    assert token.get_secret_value() not in observed.path.read_text()


def test_two_secrets_of_one_value_have_other_fingerprints(
    clouds: Connections, wanted: list[Variable], observed: LastWrites
) -> None:
    for name in ("a", "b"):
        modal.ModalSecret(name, wanted, pushed(MODAL_AUTH_TOKEN="same"), observed).create(clouds)
    first, second = (observed.get(f"modal:secret:{name}")["MODAL_AUTH_TOKEN"] for name in ("a", "b"))
    assert first != second


def test_another_value_is_written_in_place_so_that_deployed_functions_still_find_the_secret(
    clouds: Connections, render_auth: modal.ModalSecret, wanted: list[Variable], observed: LastWrites
) -> None:
    made = render_auth.create(clouds)
    newer = modal.ModalSecret("render-auth", wanted, pushed(MODAL_AUTH_TOKEN="newer"), observed)
    assert faults(clouds, newer) == ["MODAL_AUTH_TOKEN: an older value → set"]
    updated = newer.update(clouds, made, newer.differences(made))
    assert updated.id == made.id
    assert faults(clouds, newer) == []
    assert modal.secret_values_arrive(clouds.modal, newer)


def test_a_leftover_key_goes(clouds: Connections, render_auth: modal.ModalSecret) -> None:
    clouds.modal.create_secret("render-auth", "", plain(OLD="x", MODAL_AUTH_TOKEN="y"))
    state = render_auth.read(clouds)
    assert state is not None
    changes = render_auth.differences(state)
    assert [(change.field, change.requested) for change in changes] == [("OLD", False), ("values", True)]
    assert render_auth.update(clouds, state, changes).keys == {"MODAL_AUTH_TOKEN"}
    assert modal.secret_values_arrive(clouds.modal, render_auth)


def test_a_missing_key_is_named_and_by_modal_too(clouds: Connections, contract: Contract, observed: LastWrites) -> None:
    values = pushed(**{variable.name: "1" for variable in contract.consumed_by("modal:r2-credentials")})
    secret = modal.ModalSecret("r2-credentials", contract.consumed_by("modal:r2-credentials"), values, observed)
    secret.create(clouds)
    clouds.modal.delete_secret("r2-credentials", "")
    with pytest.raises(VerificationFailed, match="no secret r2-credentials"):
        modal.secret_has_its_keys(clouds.modal, secret)
    clouds.modal.create_secret(
        "r2-credentials", "", {name: SecretStr("1") for name in values if name != "R2_ACCOUNT_ID"}
    )
    assert faults(clouds, secret)[0] == "R2_ACCOUNT_ID: missing → set"
    with pytest.raises(VerificationFailed, match=r"missing key.*R2_ACCOUNT_ID"):
        modal.secret_has_its_keys(clouds.modal, secret)


def test_a_secret_made_anew_by_hand_is_drift_though_its_keys_are_right(
    clouds: Connections, render_auth: modal.ModalSecret, token: SecretStr
) -> None:
    render_auth.create(clouds)
    clouds.modal.delete_secret("render-auth", "")
    clouds.modal.create_secret("render-auth", "", {"MODAL_AUTH_TOKEN": token})
    assert faults(clouds, render_auth) == ["secret: made anew elsewhere → written"]


def test_a_value_changed_in_place_is_seen_in_a_container_and_written_again(
    clouds: Connections, render_auth: modal.ModalSecret
) -> None:
    render_auth.create(clouds)
    clouds.modal.update_secret("render-auth", "", plain(MODAL_AUTH_TOKEN="canary-by-hand"))
    assert faults(clouds, render_auth) == []
    with pytest.raises(VerificationFailed, match="differs from the vault in MODAL_AUTH_TOKEN") as caught:
        modal.secret_values_arrive(clouds.modal, render_auth)
    assert caught.value.entry == "modal-secrets"
    assert "canary" not in str(caught.value)
    assert faults(clouds, render_auth) == ["values: not known here → written"]


def test_an_unknown_secret_with_the_right_values_is_remembered_once_it_was_seen(
    clouds: Connections, render_auth: modal.ModalSecret, token: SecretStr
) -> None:
    clouds.modal.create_secret("render-auth", "", {"MODAL_AUTH_TOKEN": token})
    assert faults(clouds, render_auth) == ["values: not known here → written"]
    modal.secret_values_arrive(clouds.modal, render_auth)
    assert faults(clouds, render_auth) == []


def test_looking_from_a_container_leaves_nothing(clouds: Connections, render_auth: modal.ModalSecret) -> None:
    render_auth.create(clouds)
    modal.secret_values_arrive(clouds.modal, render_auth)
    assert clouds.modal.apps("") == []


def test_a_name_that_is_taken_is_a_conflict_and_its_values_stay(
    clouds: Connections, render_auth: modal.ModalSecret
) -> None:
    clouds.modal.create_secret("render-auth", "", plain(THEIRS="x"))
    with pytest.raises(Conflict, match="already exists"):
        render_auth.create(clouds)
    state = clouds.modal.secret("render-auth", "")
    assert state is not None
    assert state.keys == {"THEIRS"}


def test_a_create_whose_answers_were_all_lost_is_found_and_not_made_twice(
    clouds: Connections, sandbox: RunningSandbox, render_auth: modal.ModalSecret
) -> None:
    fault = {"service": "modal", "kind": "lost-answer", "path": ".*/SecretGetOrCreate", "times": 4}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    with pytest.raises(Unreachable):
        render_auth.create(clouds)
    state = render_auth.read(clouds)
    assert state is not None
    changes = render_auth.differences(state)
    assert render_auth.update(clouds, state, changes).id == state.id
    assert faults(clouds, render_auth) == []


def test_a_renewed_value_is_a_requested_change_and_no_drift(
    clouds: Connections, render_auth: modal.ModalSecret, wanted: list[Variable], observed: LastWrites, token: SecretStr
) -> None:
    state = render_auth.create(clouds)
    values = {"MODAL_AUTH_TOKEN": ConsumerVariable("MODAL_AUTH_TOKEN", token, True)}
    renewing = modal.ModalSecret("render-auth", wanted, values, observed, renewed=["MODAL_AUTH_TOKEN"])
    assert [change.requested for change in renewing.differences(state)] == [True]
    assert renewing.stamp == ""


def test_secrets_of_two_environments_are_told_apart(wanted: list[Variable], tmp_path: Path) -> None:
    names = {
        modal.ModalSecret("s", wanted, {}, LastWrites(tmp_path, "x"), environment=environment).name
        for environment in ("", "dev")
    }
    assert names == {"s", "dev/s"}
