"""The whole stack in a sandbox of its own, provisioned as an operator would."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.conftest import CONTRACT, ROOT, launch_sandbox
from tests.e2e.benches import Bench, healthy_bench
from tests.e2e.wiring import Stack
from tests.runbooks.conftest import Guide

# libSQL's server takes a token for a minute after its end.
LEEWAY = 60.0
SECTIONS = CONTRACT.all_predecessors("end_to_end")


# Of this folder, not of the session: what runs in them would go on working beside all other tests.
@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack, provisioned by the command line as an operator would."""
    sandbox = launch_sandbox()
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
    sandbox.close()


@pytest.fixture(scope="package")
def short_lived(stack: Stack) -> tuple[str, float]:
    """A database token of one second, and when, on the monotonic clock, the server takes it no more."""
    return stack.database_token("full-access", "1s"), time.monotonic() + 1 + LEEWAY + 1


@pytest.fixture(scope="package")
def bench() -> Iterator[Bench]:
    """A stack of its own on which entries are proved; each proof leaves it as healthy as it was."""
    with healthy_bench() as bench:
        yield bench


@pytest.fixture(autouse=True)
def pointed_at_the_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench's or the stack's, where a test asks for one of them: each worker that provisions one takes a quarter of a minute."""
    environ: dict[str, str] = {}
    if "bench" in request.fixturenames:
        bench: Bench = request.getfixturevalue("bench")
        environ = {**bench.sandbox.exports, "DEPLOYBOOK_HOME": str(bench.guide.root)}
    elif "stack" in request.fixturenames:
        environ = request.getfixturevalue("stack").environ
        # The token is made with the stack: the tests before those that need it pass its minute.
        request.getfixturevalue("short_lived")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
