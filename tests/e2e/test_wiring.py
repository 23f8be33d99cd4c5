"""A wire cut between two services is felt by the end-to-end check, which names the service. All of them: ``deploybook prove wires``."""

from __future__ import annotations

import pytest
from tests.e2e.wiring import Cut, Stack, every_cut, feel

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.mark.usefixtures("brought_back")
@pytest.mark.parametrize(
    ("cut", "step", "named"),
    [
        (Cut("STORAGE_BACKEND", "vercel", "missing"), "playback", "Vercel"),
        (Cut("TURSO_AUTH_TOKEN", "render", "wrong"), "worker", "Render"),
        (Cut("MODAL_AUTH_TOKEN", "modal:render-auth", "wrong"), "render", "Modal"),
    ],
    ids=str,
)
def test_a_cut_wire_is_felt_where_it_matters_and_the_service_is_named(
    stack: Stack, cut: Cut, step: str, named: str
) -> None:
    felt = feel(stack, cut)
    assert felt.step == step, felt.message
    assert named in felt.message, felt.message


def test_every_required_variable_of_the_application_is_among_the_cuts(stack: Stack) -> None:
    cuts = {(cut.variable, cut.consumer) for cut in every_cut(stack.contract)}
    assert ("STORAGE_BACKEND", "render") in cuts
    assert ("AWS_SECRET_ACCESS_KEY", "modal:r2-credentials") in cuts
    assert len(cuts) == len(every_cut(stack.contract)) / 2
