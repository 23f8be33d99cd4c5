"""Names of container images, as Render reads them."""

from __future__ import annotations

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.render.state.workers import Settings


def full_path(path: str) -> str:
    """``nginx`` is read back as ``docker.io/library/nginx:latest`` (recorded by the Terraform provider)."""
    host, slash, rest = path.partition("/")
    if not slash:
        path = f"docker.io/library/{path}"
    elif "." not in host and ":" not in host:
        path = f"docker.io/{host}/{rest}"
    return path if ":" in path.rpartition("/")[2] or "@" in path else f"{path}:latest"


def deployed_image(settings: Settings, path: str | None) -> str | None:
    """The image of one deploy (``imageUrl``, a hook's ``imgURL``): only tag or digest may differ from the service's."""
    if path is None:
        return None
    if settings.runtime != "image":
        raise Refusal(400, "an image can be deployed to an image-backed service only")
    image = full_path(path)
    if _without_tag(image) != _without_tag(settings.image_path):
        raise Refusal(400, "the host, repository and image name must match the service's image")
    return image


def _without_tag(image: str) -> str:
    path, _, last = image.partition("@")[0].rpartition("/")
    return f"{path}/{last.partition(':')[0]}"
