"""Model cards: frozen facts about a model, licence included."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ModelFile(BaseModel):
    """One published file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str | None = Field(None, description="None where the publisher gives no hash")
    size: int | None = None


class ModelCard(BaseModel):
    """What must be known about a model before it may be loaded, served or promoted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="short name used in settings and releases")
    architecture: str = Field(description="loader: bge-m3, jina-clip, sentence-transformer, clip")
    repository: str
    revision: str = Field(description="pinned commit of the repository")
    licence: str = Field(description="SPDX identifier")
    commercial_use: bool
    modalities: tuple[Literal["text", "picture"], ...]
    heads: tuple[Literal["dense", "sparse", "colbert"], ...] = ("dense",)
    dimensions: int
    matryoshka: tuple[int, ...] = Field((), description="sizes the model was trained to be cut to")
    max_tokens: int | None = None
    image_pixels: int | None = Field(None, description="edge of the square input, pixels")
    pooling: Literal["cls", "mean", "token"] = "cls"
    prompts: dict[str, str] = Field({}, description="task to instruction prefix")
    rowwise: bool = Field(False, description="known to retrieve in w8a8 as in float32")
    memory_mb: int = Field(description="resident memory in fp32, megabytes")
    files: tuple[ModelFile, ...] = ()
    notes: str = ""
