"""The backends that the application's variables choose, in the web app and in the worker alike (commits B and C)."""

from __future__ import annotations

from deploybook.sample_app.problems import Variables


def is_production(variables: Variables) -> bool:
    """Whether ``DEPLOY_ENV`` says so: it chooses R2 and Turso where their own variables are not set."""
    return variables.get("DEPLOY_ENV") == "production"


def job_store(variables: Variables) -> str:
    """``JOB_STORE_BACKEND``, else ``turso`` in production and ``local`` elsewhere. Anything but ``turso`` is the local store."""
    return variables.get("JOB_STORE_BACKEND") or ("turso" if is_production(variables) else "local")


def stores_in_r2(variables: Variables) -> bool:
    """Whether files are in R2: by ``STORAGE_BACKEND``, else in production."""
    return (variables.get("STORAGE_BACKEND") or ("r2" if is_production(variables) else "local")) == "r2"
