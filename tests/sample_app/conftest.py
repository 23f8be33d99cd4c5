"""The application in a sandbox of its own; each test says with which variables it runs.

It is provisioned once in each worker of xdist that needs it: the tests are in two groups, so that two do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from tests.sample_app.stack import SERVICES, Stack

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox


@pytest.fixture(scope="session")
def provisioned(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Stack]:
    """The stack; use ``stack``."""
    stack = Stack(start_sandbox(*SERVICES))
    stack.provision()
    yield stack
    stack.close()


@pytest.fixture
def stack(provisioned: Stack) -> Stack:
    """The running application; a test that needs the right variables calls ``use()`` first."""
    return provisioned
