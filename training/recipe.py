"""A recipe: everything besides the data that decides an adapter's weights."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from animevec.errors import InvalidRequest, NotFound
from animevec.settings import CONFIGS

FOLDER = CONFIGS / "training"
# Every linear layer of a BERT or XLM-RoBERTa encoder, and nothing beside the encoder.
TEXT_LAYERS = r".*encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|.*dense)"
_POOLER, _HEADS = "pooler.dense", ("pooler.dense", "head", "projection", "linear", "proj")


class PairKind(StrEnum):
    """What makes two texts belong together."""

    TITLE = "title"
    ALIAS = "alias"
    LABEL = "label"
    RELATION = "relation"
    FRANCHISE = "franchise"
    CHARACTER = "character"
    HALVES = "halves"
    VOTE = "vote"


class Part(BaseModel):
    """One area of a recipe; unknown fields are refused so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Lora(Part):
    """The adapter (Hu et al. 2021, arXiv 2106.09685); its effect is scaled by alpha / rank."""

    rank: int = Field(8, ge=1, le=256)
    alpha: float = Field(16, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1, description="of its inputs; doubles a step on a CPU")
    keep: float = Field(
        1.0, gt=0, le=1, description="share of the learnt change that the adapter keeps"
    )
    target: str = Field(TEXT_LAYERS, description="regular expression of whole module names")

    @field_validator("target")
    @classmethod
    def _backbone(cls, value: str) -> str:
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
        if pattern.fullmatch(_POOLER) or any(pattern.fullmatch(name) for name in _HEADS):
            raise ValueError(
                f"{value!r} reaches a head; nothing reads the pooler, and an adapter belongs on "
                f"the backbone: {TEXT_LAYERS}"
            )
        return value


class Loss(Part):
    """Multiple negatives ranking (arXiv 1705.00652), cached in mini-batches (2101.06983).

    ``matryoshka`` are the sizes that the vectors can be cut to afterwards (2205.13147).
    """

    scale: float = Field(20.0, gt=0, description="inverse temperature of the cosine")
    mini_batch: int = Field(32, ge=1, description="texts of one forward; memory, not the result")
    matryoshka: tuple[int, ...] = ()


class Negatives(Part):
    """One negative for each pair: a hard one mined with the current encoder, or a random one."""

    hard: float = Field(0.5, ge=0, le=1, description="share of mined negatives")
    pool: int = Field(1500, ge=0, description="titles searched for hard ones, drawn by the seed")
    skip: int = Field(5, ge=0, description="nearest titles left out: often missing positives")
    depth: int = Field(40, ge=1, description="how many of the next nearest are drawn from")
    margin: float = Field(0.95, gt=0, description="of the positive's cosine; nearer is left out")


class SplitRule(Part):
    """Which franchises are held out, by a salted hash of the franchise."""

    held_out: float = Field(0.2, gt=0, lt=1)
    salt: str = "animevec"


class Recipe(Part):
    """Equal recipes, data and machines give equal adapters."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    task: Literal["retrieval", "similarity", "genre", "art-style", "character"]
    modality: Literal["text", "picture"] = "text"
    base: str = Field("minilm", description="card of the base model")
    seed: int = Field(20261123, ge=0, lt=2**31)
    lora: Lora = Lora()
    pairs: dict[PairKind, float] = Field(
        default={}, description="kind to its share of the training rows"
    )
    loss: Loss = Loss()
    negatives: Negatives = Negatives()
    split: SplitRule = SplitRule()
    batch: int = Field(32, ge=2, description="pairs of one step, over all processes")
    steps: int = Field(150, ge=1)
    learning_rate: float = Field(3e-4, gt=0, lt=1)
    warmup: int = Field(10, ge=0, description="steps of rising rate; it falls linearly after")
    max_tokens: int = Field(96, ge=8, description="longer training texts are cut")
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    gradient_checkpointing: bool = False
    checkpoint_steps: int = Field(25, ge=1)
    threads: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if any(share <= 0 for share in self.pairs.values()):
            raise ValueError("every kind of pair needs a share above 0; leave out the others")
        if self.modality == "text" and not self.pairs:
            raise ValueError("a text recipe needs pairs; name at least one kind")
        if self.modality == "picture" and (self.pairs or self.lora.keep != 1):
            raise ValueError("a picture recipe has neither pairs nor lora.keep")
        return self

    @classmethod
    def read(cls, source: str | Path) -> "Recipe":
        """A recipe of ``configs/training`` by name, or any YAML file.

        Raises:
            NotFound: neither.
            InvalidRequest: the file is no recipe.
        """
        known = FOLDER / f"{source}.yaml"
        path = known if known.is_file() else Path(source)
        if not path.is_file():
            names = ", ".join(sorted(one.stem for one in FOLDER.glob("*.yaml")))
            raise NotFound(f"no recipe {str(source)!r}; give a file or one of: {names}")
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            raise InvalidRequest(f"{path} is no recipe: {error}") from error
