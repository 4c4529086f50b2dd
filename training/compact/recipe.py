"""The recipe of the compact picture model: everything that decides its weights."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from animevec.encoders.jina_clip import JinaClipConfig
from animevec.encoders.jina_text import TextConfig
from animevec.encoders.jina_vision import VisionConfig


class Part(BaseModel):
    """One area of the recipe; unknown fields are refused so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(Part):
    """Sizes of both towers."""

    width: int = 192
    layers: int = 6
    head_width: int = 32
    image_size: int = Field(112, description="edge of the square input, pixels")
    text_hidden: int = 128
    text_layers: int = 2
    vocabulary: int = 4096
    dimensions: int = 512
    matryoshka: tuple[int, ...] = (64, 128, 256, 512)

    def config(self) -> JinaClipConfig:
        """The same sizes as JinaCLIP v2's own configuration, with projections, without LoRA."""
        return JinaClipConfig(
            text=TextConfig(
                hidden=self.text_hidden,
                layers=self.text_layers,
                heads=self.text_hidden // self.head_width,
                ffn=4 * self.text_hidden,
                vocabulary=self.vocabulary,
                tasks=(),
                projection=self.dimensions,
            ),
            vision=VisionConfig(
                width=self.width,
                layers=self.layers,
                head_width=self.head_width,
                image_size=self.image_size,
                projection=self.dimensions,
            ),
            matryoshka=self.matryoshka,
        )


class Recipe(Part):
    """Data, objective and schedule. Equal recipes on one machine give equal weights."""

    seed: int = 20261123
    scenes: int = Field(4096, description="drawn pictures, in families of two")
    scene_size: tuple[int, int] = (128, 180)
    architecture: Architecture = Architecture()
    steps: int = 660
    horizon: int = Field(1100, description="steps after which the cosine would reach its end")
    cool_from: int = Field(520, description="from here to the last step the rate also falls to 0")
    batch: int = Field(48, description="scenes in one step; each gives two views")
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 60
    temperature: float = Field(0.08, gt=0, description="of instance discrimination")
    text_weight: float = Field(0.25, ge=0, description="share of the image-text loss")
    keep_patches: float = Field(0.4, gt=0, le=1, description="read while masked (2212.00794)")
    unmasked_from: float = Field(0.88, description="share of the steps after which all are read")
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    threads: int = 1
    checkpoint_every: int = 50

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """The recipe in a YAML file."""
        return cls.model_validate(yaml.safe_load(path.read_text()))
