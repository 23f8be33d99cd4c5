"""The environment variables by which a container engine's command line finds its service, its storage and its registries."""

from __future__ import annotations

import re
from collections.abc import Mapping

# docs.docker.com/reference/cli/docker/#environment-variables; containers.conf(5), containers-storage.conf(5) and buildah(1).
_SETTINGS = re.compile(
    r"DOCKER_\w+|BUILDKIT_\w+|BUILDAH_\w+|CONTAINERS?_\w+|STORAGE_(DRIVER|OPTS)|REGISTRY_AUTH_FILE|XDG_RUNTIME_DIR"
)


def engine_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Those of ``environ``. They are the operator's, and only the engine gets them."""
    return {name: value for name, value in environ.items() if _SETTINGS.fullmatch(name)}
