"""Vercel: the project, its production variables, its deployment, and the checks that prove them."""

from deploybook.clouds.vercel.checks import api_answers, page_answers
from deploybook.clouds.vercel.deployment import Deployment, serves_all
from deploybook.clouds.vercel.project import Project, production_url, team_is_visible
from deploybook.clouds.vercel.source import Source, source
from deploybook.clouds.vercel.variables import Variables

__all__ = [
    "Deployment",
    "Project",
    "Source",
    "Variables",
    "api_answers",
    "page_answers",
    "production_url",
    "serves_all",
    "source",
    "team_is_visible",
]
