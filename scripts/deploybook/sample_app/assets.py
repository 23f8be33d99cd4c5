"""Assets: the audio that was taken in, each under an id of its own: ``assets/<assetId>/original.<ext>`` and what belongs to it."""

from __future__ import annotations

import json
import uuid
from pathlib import PurePosixPath
from typing import Any

from deploybook.sample_app.jobs import now
from deploybook.sample_app.objects import Storage

QUOTA_GB = 5
QUOTA_BYTES = QUOTA_GB * 1024**3


class Assets:
    """The assets in a storage."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def create(self, content: bytes, filename: str, provenance: dict[str, Any]) -> dict[str, Any]:
        """Keep a file as a new asset; its metadata, which still lacks what the audio holds."""
        asset_id, moment = str(uuid.uuid4()), now()
        extension = PurePosixPath(filename).suffix or ".wav"
        await self.storage.put(f"assets/{asset_id}/original{extension}", content)
        audio = {"duration": 0, "sampleRate": 0, "channels": 0, "codec": "unknown", "bitrate": 0}
        metadata = {
            "assetId": asset_id,
            "createdAt": moment,
            "updatedAt": moment,
            "audio": audio | {"format": extension.lstrip(".")},
            "provenance": provenance,
            "originalFilename": filename,
        }
        await self._write(metadata)
        return metadata

    async def set_audio(self, metadata: dict[str, Any], audio: dict[str, Any]) -> None:
        """Write the metadata again, now with what the audio holds."""
        await self._write(metadata | {"audio": audio, "updatedAt": now()})

    async def find(self, asset_id: str) -> dict[str, Any] | None:
        """An asset's metadata."""
        metadata: dict[str, Any] | None = await self.json(asset_id, "metadata.json")
        return metadata

    async def all(self) -> list[dict[str, Any]]:
        """The metadata of every asset."""
        ids = {key.split("/")[1] for key in await self.storage.sizes("assets/") if key.count("/") >= 2}
        assets = [await self.find(asset_id) for asset_id in sorted(ids)]
        return [metadata for metadata in assets if metadata is not None]

    async def file(self, asset_id: str, name: str) -> str | None:
        """The key of an asset's file whose name begins so, such as ``original``."""
        keys = await self.storage.sizes(f"assets/{asset_id}/")
        return next((key for key in keys if key.rpartition("/")[2].startswith(name)), None)

    async def json(self, asset_id: str, name: str) -> Any:
        """A JSON file of an asset; None if it is not there or is none."""
        content = await self.storage.get(f"assets/{asset_id}/{name}")
        try:
            return json.loads(content) if content else None
        except ValueError:
            return None

    async def delete(self, asset_id: str) -> None:
        """Remove every file of an asset."""
        for key in await self.storage.sizes(f"assets/{asset_id}/"):
            await self.storage.delete(key)

    async def is_referenced(self, asset_id: str) -> bool:
        """Whether the edits of another asset use it."""
        for other in await self.all():
            edits = await self.json(other["assetId"], "edits.json") if other["assetId"] != asset_id else None
            if edits and any(clip.get("sourceAssetId") == asset_id for clip in edits.get("clips", ())):
                return True
        return False

    async def bytes_used(self) -> int:
        """The size of everything under ``assets/``."""
        return sum((await self.storage.sizes("assets/")).values())

    async def _write(self, metadata: dict[str, Any]) -> None:
        await self.storage.put(f"assets/{metadata['assetId']}/metadata.json", json.dumps(metadata, indent=2).encode())
