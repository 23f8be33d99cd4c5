"""The operator's own application, in the settings file: ``app:`` in ``runbooks/parameters/<environment>.yaml``.

app:
  directory: ../studio            # what `--app` names; a relative path is seen from the guide's checkout
  modal_directory: .              # the folder that `modal deploy` runs in, inside the application
  ignore:
    - rule: app-example           # a rule of `deploybook check --app`
      name: OPENAI_*              # optional: a pattern for the variable, route or other name that it is about
      path: src/legacy/**         # optional: a pattern for the file
      reason: The SDK reads it.   # required
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from deploybook.errors import InvalidValue
from deploybook.layout import Layout

KEY = "app"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ignored(_Settings):
    """Findings that the operator accepts: those of a rule, if given only with this name or in this file."""

    rule: Text
    reason: Text
    name: Text = "*"
    path: Text = "*"

    def accepts(self, rule: str, name: str, path: str) -> bool:
        """Whether this line stands for a finding of the rule about this name in this file; ``*`` matches slashes too."""
        return rule == self.rule and fnmatchcase(name, self.name) and fnmatchcase(path, self.path)


class AppSettings(_Settings):
    """What the settings file says of the application; without it the sample application is run and nothing is ignored."""

    directory: str = ""
    modal_directory: str = "."
    ignore: tuple[Ignored, ...] = Field(default=())


def problems(value: object) -> list[str]:
    """What is wrong with the ``app`` key of a settings file, each with its place."""
    try:
        AppSettings.model_validate(value)
    except ValidationError as error:
        return [f"{'.'.join([KEY, *map(str, each['loc'])])} is not right: {each['msg']}" for each in error.errors()]
    return []


def read_app_settings(layout: Layout, environment: str) -> AppSettings:
    """The ``app`` key of an environment's settings. Raises InvalidValue for what can't be read; a missing file has none."""
    path = layout.settings(environment)
    if not path.is_file():
        return AppSettings()
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return AppSettings.model_validate((loaded.get(KEY) if isinstance(loaded, dict) else None) or {})
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in (KEY, *first["loc"]))
        raise InvalidValue(f"{where} in {path.name} is not right: {first['msg']}.", f"Correct {path}.") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InvalidValue(
            f"{path} cannot be read as YAML ({type(problem).__name__}).", "Correct it, or its name."
        ) from None
