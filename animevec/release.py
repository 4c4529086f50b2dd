"""A release: the immutable set that is promoted, served, compared and rolled back."""

from pydantic import BaseModel, ConfigDict, Field

from animevec.settings import SearchSettings


class EncoderRef(BaseModel):
    """One encoder version: base by card name and revision, plus an optional adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: str
    revision: str = Field(description="the card's pinned revision when the release was made")
    dimensions: int
    adapter: str | None = Field(None, description="adapter name; its files travel with the release")
    adapter_sha256: str | None = None


class Release(BaseModel):
    """What a search service needs to answer. Vectors of two releases never mix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    text: EncoderRef
    picture: EncoderRef
    index: str = Field(description="alias of the index that belongs to this release alone")
    ranking: SearchSettings = SearchSettings()
