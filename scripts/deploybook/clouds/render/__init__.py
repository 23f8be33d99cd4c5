"""Render: the background worker, its variables, its deploy, its deploy hook, and the checks that prove them."""

from deploybook.clouds.render.checks import has_started, is_live
from deploybook.clouds.render.deploy import Deploy
from deploybook.clouds.render.hook import copied_by_a_person, proved
from deploybook.clouds.render.variables import Variables
from deploybook.clouds.render.worker import Settings, Worker, key_sees_workspace, owner

__all__ = [
    "Deploy",
    "Settings",
    "Variables",
    "Worker",
    "copied_by_a_person",
    "has_started",
    "is_live",
    "key_sees_workspace",
    "owner",
    "proved",
]
