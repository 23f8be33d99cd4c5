"""A wire cut between two services is felt by the end-to-end check, which names the service. All of them: ``cut_every_wire.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.conftest import ROOT, RunningSandbox
from tests.e2e.wiring import Cut, Stack, every_cut, feel
from tests.runbooks.conftest import Guide

SECTIONS = ("r2", "turso", "modal", "webhook_secret", "vercel", "render")


@pytest.fixture(scope="module")
def stack(start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack, provisioned by the command line as an operator would."""
    sandbox = start_sandbox()
    guide = Guide(tmp_path_factory.mktemp("stack"))
    (guide.root / "runbooks").symlink_to(ROOT / "runbooks")
    parameters = ("-p", "git_repository", "example/studio")
    done = guide.run("run", *SECTIONS, "--mode", "apply", "--yes", *parameters, env=sandbox.exports)
    assert done.code == 0, done.output
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.exports.items():
            patch.setenv(name, value)
        provisioned = Stack(guide.root, sandbox.exports)
        yield provisioned
        provisioned.clouds.close()


@pytest.fixture(autouse=True)
def pointed_at_the_sandbox(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.environ.items():
        monkeypatch.setenv(name, value)


def test_the_uncut_stack_passes_every_step(stack: Stack) -> None:
    assert stack.check().step == ""


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
    assert (felt.step, named in felt.message) == (step, True), felt.message


def test_every_required_variable_of_the_application_is_among_the_cuts(stack: Stack) -> None:
    cuts = {(cut.variable, cut.consumer) for cut in every_cut(stack.contract)}
    assert ("STORAGE_BACKEND", "render") in cuts
    assert ("AWS_SECRET_ACCESS_KEY", "modal:r2-credentials") in cuts
    assert len(cuts) == len(every_cut(stack.contract)) / 2
