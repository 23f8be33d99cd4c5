"""What a deploy uploads: images (by their definition), mounts (lists of files), files (by hash) and blobs."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shlex
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.namespace import Namespace
from deploybook.sandbox.modal.state.refusals import failed_precondition, invalid_argument, not_found

if TYPE_CHECKING:
    from modal_proto import api_pb2

# Modal publishes these for every workspace; the container runs on the modal package that is installed here.
_GLOBAL_MOUNTS = ("modal-client-", "modal-client-mount-", "python-build-standalone", "modal-base-mount")
# The SDK cuts larger ones into parts; no file of a deploy comes near.
BLOB_LIMIT = 1024**3


@dataclass
class Image:
    """A layer: what it is built on and by which Dockerfile lines. ``build`` is its build where it is built; its result is how it failed."""

    object_id: str
    definition: api_pb2.Image
    lines: list[str] = field(default_factory=list)
    build: asyncio.Task[str] | None = None


ImageBuilder = Callable[[Image], Coroutine[Any, Any, str]]
"""``builder(image)`` builds a layer, logs to its ``lines``, and gives how that failed, or an empty text."""


@dataclass
class Mount:
    """Files under their absolute paths in the container, by hash."""

    object_id: str
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class Blob:
    """A large object that went over HTTP; ``ticket`` is the secret part of its URL."""

    object_id: str
    length: int
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    data: bytes | None = None


class Artifacts:
    """The store of one workspace."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.images: dict[str, Image] = {}
        self.mounts: dict[str, Mount] = {}
        self.files: dict[str, bytes] = {}
        self.blobs: dict[str, Blob] = {}
        self._image_of_definition: dict[bytes, str] = {}
        self._mount_of_name: dict[str, str] = {}
        # Builds a layer, and says how that failed; without one an image counts as built.
        self.builder: ImageBuilder | None = None

    def image(self, definition: api_pb2.Image) -> Image:
        """The image of this definition: the same definition is the same image, as in Modal's cache."""
        if definition.HasField("build_function"):
            raise not_implemented("Image.run_function")
        for base in definition.base_images:
            if base.image_id not in self.images:
                raise not_found(f"Image with id '{base.image_id}' not found")
        for secret_id in definition.secret_ids:
            self._namespace.secret(secret_id)
        fingerprint = definition.SerializeToString(deterministic=True)
        image_id = self._image_of_definition.get(fingerprint)
        if image_id is None:
            image_id = self._image_of_definition[fingerprint] = object_id("im")
            self.images[image_id] = Image(image_id, definition)
            self._namespace.changes += 1
        return self.images[image_id]

    def image_lines(self, image_id: str) -> list[str]:
        """Every Dockerfile line of an image and of those below it."""
        definition = self.images[image_id].definition
        below = [line for base in definition.base_images for line in self.image_lines(base.image_id)]
        return [*below, *definition.dockerfile_commands]

    def image_variables(self, image_id: str) -> dict[str, str]:
        """The variables that its ENV lines set; the image's own PATH leads nowhere here."""
        lines = [line.removeprefix("ENV ") for line in self.image_lines(image_id) if line.startswith("ENV ")]
        words = [word.partition("=") for line in lines for word in shlex.split(line)]
        return {name: value for name, sign, value in words if sign and name != "PATH"}

    def begin_build(self, image: Image) -> asyncio.Task[str] | None:
        """The build of a layer, begun once; one that failed is begun anew. None where nothing is built."""
        failed = image.build is not None and image.build.done() and (image.build.cancelled() or image.build.result())
        if self.builder and (image.build is None or failed):
            image.lines.clear()
            image.build = asyncio.get_running_loop().create_task(self.builder(image))
        return image.build

    def named_mount(self, name: str) -> Mount:
        """One of the mounts that Modal provides; its content is not needed here."""
        if not name.startswith(_GLOBAL_MOUNTS):
            raise not_found(f"Mount '{name}' not found")
        if name not in self._mount_of_name:
            made = Mount(object_id("mo"))
            self.mounts[made.object_id] = made
            self._mount_of_name[name] = made.object_id
        return self.mounts[self._mount_of_name[name]]

    def add_mount(self, files: dict[str, str]) -> Mount:
        """A mount of files that were uploaded before."""
        absent = [path for path, digest in files.items() if digest not in self.files]
        if absent:
            raise failed_precondition(f"Mount refers to files that were not uploaded: {', '.join(absent)}")
        made = Mount(object_id("mo"), files)
        self.mounts[made.object_id] = made
        self._namespace.changes += 1
        return made

    def put_file(self, digest: str, data: bytes) -> None:
        """Store one file under its SHA-256."""
        if hashlib.sha256(data).hexdigest() != digest:
            raise invalid_argument("The content does not have the SHA-256 that was sent with it")
        if digest not in self.files:
            self.files[digest] = data
            self._namespace.changes += 1

    def new_blob(self, length: int) -> Blob:
        """A place for one upload over HTTP."""
        if length > BLOB_LIMIT:
            raise not_implemented("uploads in several parts (over 1 GiB)")
        made = Blob(object_id("bl"), length)
        self.blobs[made.object_id] = made
        self._namespace.changes += 1
        return made

    def blob(self, blob_id: str) -> Blob:
        """The blob with this id, uploaded or not yet."""
        if blob_id not in self.blobs:
            raise not_found(f"Blob with id '{blob_id}' not found")
        return self.blobs[blob_id]

    def blob_data(self, blob_id: str) -> bytes:
        """The content of an uploaded blob."""
        data = self.blob(blob_id).data
        if data is None:
            raise failed_precondition(f"Blob '{blob_id}' was never uploaded")
        return data
