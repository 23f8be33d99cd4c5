"""The whole stack in a sandbox of its own, provisioned as an operator would."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.e2e.benches import Bench, healthy_bench
from tests.e2e.kept import Kept
from tests.e2e.stacks import provisioned_stack
from tests.e2e.wiring import Stack
from tests.sandboxes import RunningSandbox

# libSQL's server takes a token for a minute after its end.
LEEWAY = 60.0


# Of this folder, not of the session: what runs in them would go on working beside all other tests.
@pytest.fixture(scope="package")
def provisioned() -> Iterator[tuple[Stack, RunningSandbox]]:
    """The whole stack, provisioned by the command line as an operator would, and its sandbox."""
    with provisioned_stack() as both:
        yield both


@pytest.fixture(scope="package")
def stack(provisioned: tuple[Stack, RunningSandbox]) -> Stack:
    """The stack."""
    return provisioned[0]


@pytest.fixture(scope="package")
def stack_sandbox(provisioned: tuple[Stack, RunningSandbox]) -> RunningSandbox:
    """Its sandbox."""
    return provisioned[1]


@pytest.fixture(scope="package")
def kept(provisioned: tuple[Stack, RunningSandbox]) -> Iterator[Kept]:
    """The stack as it was provisioned."""
    stack, sandbox = provisioned
    with Kept(sandbox, stack.home) as kept:
        yield kept


@pytest.fixture
def brought_back(kept: Kept) -> Iterator[None]:
    """After the test the stack is as it was provisioned, whatever the test deployed: nothing has to be deployed again."""
    yield
    kept.restore()


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
