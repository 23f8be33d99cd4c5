"""What a deploy uploads: images (by their definition), mounts (lists of files), files (by hash) and blobs."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    """A layer: what it is built on and by which Dockerfile lines. Nothing is built."""

    object_id: str
    definition: api_pb2.Image


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
        known = self._image_of_definition.get(fingerprint)
        if known is None:
            known = self._image_of_definition[fingerprint] = object_id("im")
            self.images[known] = Image(known, definition)
            self._namespace.changes += 1
        return self.images[known]

    def image_lines(self, image_id: str) -> list[str]:
        """Every Dockerfile line of an image and of those below it."""
        definition = self.images[image_id].definition
        below = [line for base in definition.base_images for line in self.image_lines(base.image_id)]
        return [*below, *definition.dockerfile_commands]

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
