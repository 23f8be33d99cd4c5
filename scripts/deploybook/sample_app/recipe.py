"""An edit recipe: which parts of which assets are put together, as the edit routes take it and the worker carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from deploybook.sample_app.problems import JobFailed

SHORTEST_CLIP = 0.1


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Clip(_Model):
    """A part of an asset. Times in seconds."""

    id: str
    source_asset_id: UUID
    start_time: Annotated[float, Field(ge=0)]
    end_time: Annotated[float, Field(ge=0)]
    volume: Annotated[float, Field(ge=0, le=2)] = 1
    fade_in: Annotated[float, Field(ge=0)] = 0
    fade_out: Annotated[float, Field(ge=0)] = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end_time - self.start_time


class Recipe(_Model):
    """The whole edit; ``asset_id`` is where its result goes."""

    version: Literal[1]
    asset_id: UUID
    clips: Annotated[list[Clip], Field(min_length=1, max_length=50)]
    normalize: bool = False
    output_format: Literal["wav", "aac"] = "wav"
    output_sample_rate: float = 44100

    def require_fits(self, durations: Mapping[str, float]) -> None:
        """Raise JobFailed for a clip that its source (seconds by asset id) cannot give."""
        for clip in self.clips:
            duration = durations[str(clip.source_asset_id)]
            if clip.start_time >= clip.end_time:
                raise JobFailed(f"Clip {clip.id}: startTime must be < endTime")
            if clip.end_time > duration:
                raise JobFailed(f"Clip {clip.id}: endTime ({clip.end_time:g}) exceeds source duration ({duration:g})")
            if clip.seconds < SHORTEST_CLIP:
                raise JobFailed(f"Clip {clip.id}: minimum clip length is {SHORTEST_CLIP} seconds")
