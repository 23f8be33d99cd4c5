"""The Modal environment in which an environment other than production keeps its app and its secrets, whose names are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds.resource import Change, Resource, StillNeeded

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections


class ModalEnvironment(Resource[str]):
    """A Modal environment; its state is its id. The application names its secrets itself: only this tells two deployments apart."""

    kind: ClassVar[str] = "Modal environment"
    provider: ClassVar[str] = "modal"

    def __init__(self, name: str) -> None:
        self.name = name

    def identity(self, state: str) -> str:
        """Its id."""
        return state

    def read(self, clouds: Connections) -> str | None:
        """By name."""
        return clouds.modal.environment_id(self.name)

    def differences(self, state: str) -> list[Change]:
        """None: it has nothing that is set here."""
        del state
        return []

    def create(self, clouds: Connections) -> str:
        """EnvironmentCreate."""
        clouds.modal.create_environment(self.name)
        return clouds.modal.environment_id(self.name) or ""

    def update(self, clouds: Connections, state: str, changes: list[Change]) -> str:
        """Never called: ``differences`` returns none."""
        raise NotImplementedError

    def delete(self, clouds: Connections, state: str) -> None:
        """Modal deletes an environment with everything in it, of whoever it is: it stays."""
        del clouds, state
        raise StillNeeded(f"Modal would delete all that is in it: modal environment delete {self.name}")

    def planned(self) -> str:
        """Its id is known only when it is made."""
        return ""
