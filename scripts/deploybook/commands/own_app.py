"""The operator's own application: where it is, and the parameters by which the sections deploy it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from deploybook.contract.model import Contract
from deploybook.contract.nearest import nearest_path
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook.app_settings import read_app_settings
from deploybook.runbook.modes import Mode
from deploybook.runbook.settings import Settings

# Parameters that describe the application's repository, by the section that has them.
DESCRIBING = {
    "vercel": ("root_directory",),
    "render": ("dockerfile_path", "docker_context"),
    "modal": ("app_path", "deploy_directory", "submit_function", "status_function"),
}
MODAL_APP = "modal_app/app.py"
APP_PATH, DEPLOY_DIRECTORY = "app_path", "deploy_directory"


def app_directory(layout: Layout, environment: str, option: Path | None, mode: Mode) -> Path | None:
    """The application's folder, or None for the sample. Raises InvalidValue for what is no folder, and for the option in a live mode."""
    if mode is not Mode.DRY_RUN:
        if option is not None:
            raise InvalidValue(
                "--app needs a dry run, because a live run deploys the repository.",
                "Leave --app out, or leave --mode out.",
            )
        return None
    named = read_app_settings(layout, environment).directory
    chosen = option if option is not None else layout.root / Path(named).expanduser() if named else None
    if chosen is None:
        return None
    if not chosen.is_dir():
        error = InvalidValue(f"There is no folder {chosen}.", "Set --app to the root of the application's repository.")
        raise error.suggesting(str(chosen), nearest_path(chosen))
    return chosen.resolve()


def with_its_deployments(app: Path | None, contract: Contract, chosen: Sequence[str]) -> list[str]:
    """The chosen sections of a dry run, and before one that tests the application as a whole those that deploy it and what they need.

    A section that is not chosen makes what later ones need of the sample application.
    """
    testing = [slug for slug in chosen if slug not in DESCRIBING] if app else []
    needed = {before for slug in testing for before in contract.all_predecessors(slug)}
    if not needed & set(DESCRIBING):
        return list(chosen)
    return [section.slug for section in contract.sections if section.slug in needed | set(chosen)]


def app_parameters(
    app: Path | None, settings: Settings, sections: Sequence[str], modal_directory: str
) -> dict[str, object]:
    """The parameters by which a dry run deploys the application: its folder, and what the settings say of its repository.

    ``modal_directory`` is the folder inside the application in which ``modal deploy`` runs.
    """
    if app is None:
        return {}
    names = [name for slug in sections for name in DESCRIBING.get(slug, ())]
    values = {name: settings.parameters[name] for name in names if name in settings.parameters}
    if "vercel" in sections:
        values["web_source"] = str(app)
    if "modal" in sections:
        values[APP_PATH] = str(app / str(values.get(APP_PATH) or MODAL_APP))
        values[DEPLOY_DIRECTORY] = str(app / str(values.get(DEPLOY_DIRECTORY) or modal_directory))
    return values


def live_parameters(
    layout: Layout, environment: str, settings: Settings, sections: Sequence[str], chosen: Mapping[str, object]
) -> dict[str, object]:
    """The folder in which a live run deploys the render app, where the settings say it of the application that holds ``app_path``.

    ``chosen`` are the parameters of this run, which go before the settings.
    """
    values = {**settings.parameters, **chosen}
    application = read_app_settings(layout, environment)
    if "modal" not in sections or values.get(DEPLOY_DIRECTORY) or not (application.directory and values.get(APP_PATH)):
        return {}
    root = (layout.root / Path(application.directory).expanduser()).resolve()
    folder = (root / application.modal_directory).resolve()
    file = (layout.root / Path(str(values[APP_PATH])).expanduser()).resolve()
    return {DEPLOY_DIRECTORY: str(folder)} if file.is_relative_to(folder) else {}
