"""What exists at Render, and what runs there."""

from __future__ import annotations

from dataclasses import dataclass

from deploybook.sandbox.render.state.cloud import Cloud
from deploybook.sandbox.render.state.deployer import Deployer
from deploybook.sandbox.render.state.workers import Worker


@dataclass
class Render:
    """One workspace with its deploys. ``address`` is where it is served; hooks and dashboard links begin with it."""

    api_key: str
    cloud: Cloud
    deployer: Deployer
    address: str = ""

    def hook(self, worker: Worker) -> str:
        """The secret URL that deploys a service (https://render.com/docs/deploy-hooks)."""
        return f"{self.address}/deploy/{worker.id}?key={worker.hook_key}"
