"""A release: the immutable set that is promoted, served, compared and rolled back."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from animevec.settings import SearchSettings


class EncoderRef(BaseModel):
    """One encoder version: base by card name and revision, plus an optional adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: str
    revision: str = Field(description="the card's pinned revision when the release was made")
    dimensions: int
    adapter: str | None = Field(None, description="adapter name; its files travel with the release")
    adapter_sha256: str | None = Field(None, description="hash of those files; what it goes by")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.adapter is None) != (self.adapter_sha256 is None):
            raise ValueError("an adapter has a name and the SHA-256 of its files, or neither")
        return self

    @property
    def version(self) -> str:
        """What a vector depends on besides its content."""
        adapter = f"+{self.adapter_sha256}" if self.adapter_sha256 else ""
        return f"{self.card}@{self.revision}/{self.dimensions}{adapter}"


class Release(BaseModel):
    """What a search service needs to answer. Vectors of two releases never mix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    text: EncoderRef
    picture: EncoderRef
    index: str = Field(description="alias of the index that belongs to this release alone")
    ranking: SearchSettings = SearchSettings()
