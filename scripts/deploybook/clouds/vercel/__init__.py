"""Vercel: the project, its production variables, its deployment, and the checks that prove them."""

from deploybook.clouds.vercel.checks import page_answers
from deploybook.clouds.vercel.deployment import Deployment, Source, is_newer_than_variables, source
from deploybook.clouds.vercel.project import Project, production_url, team_is_visible
from deploybook.clouds.vercel.variables import Variables

__all__ = [
    "Deployment",
    "Project",
    "Source",
    "Variables",
    "is_newer_than_variables",
    "page_answers",
    "production_url",
    "source",
    "team_is_visible",
]
