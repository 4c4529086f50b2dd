"""BERT and XLM-RoBERTa encoders over packed texts, under their published key names.

Devlin et al. 2019 (arXiv 1810.04805) and Conneau et al. 2020 (arXiv 1911.02116): post-norm
layers, absolute positions, exact GELU.  The two differ in where positions start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from animevec.encoders.checkpoint import hollow, load_state, read_tensors
from animevec.encoders.packed import Packed, PackedAttention
from animevec.errors import ModelError

FAMILIES = ("bert", "roberta", "xlm-roberta")


@dataclass(frozen=True, slots=True)
class BackboneConfig:
    """Sizes of one encoder; ``first_position`` is 0 for BERT, the padding id + 1 for RoBERTa."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    intermediate: int
    positions: int
    types: int
    epsilon: float
    first_position: int

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> "BackboneConfig":
        """From a published ``config.json``; raises ``ModelError`` for another architecture."""
        family, act = config.get("model_type"), config.get("hidden_act")
        if family not in FAMILIES or act != "gelu":
            raise ModelError(f"not a BERT or RoBERTa encoder with exact GELU: {family}, {act}")
        try:
            return cls(
                vocabulary=config["vocab_size"],
                hidden=config["hidden_size"],
                layers=config["num_hidden_layers"],
                heads=config["num_attention_heads"],
                intermediate=config["intermediate_size"],
                positions=config["max_position_embeddings"],
                types=config["type_vocab_size"],
                epsilon=config["layer_norm_eps"],
                first_position=0 if family == "bert" else config["pad_token_id"] + 1,
            )
        except KeyError as error:
            raise ModelError(f"config.json lacks {error}; fetch the model again") from error

    @property
    def max_tokens(self) -> int:
        """The longest text there are positions for."""
        return self.positions - self.first_position


class Embeddings(nn.Module):
    """Words plus positions plus the one token type, normalised."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.hidden)
        self.position_embeddings = nn.Embedding(config.positions, config.hidden)
        self.token_type_embeddings = nn.Embedding(config.types, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, eps=config.epsilon)
        self.first_position = config.first_position

    def forward(self, packed: Packed) -> Tensor:
        """[tokens, hidden]."""
        hidden = self.word_embeddings(packed.ids) + self.token_type_embeddings.weight[0]
        hidden += self.position_embeddings(packed.positions + self.first_position)
        return cast(Tensor, self.LayerNorm(hidden))


class Projections(nn.Module):
    """Query, key and value."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.query = nn.Linear(config.hidden, config.hidden)
        self.key = nn.Linear(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, config.hidden)
        self.attend = PackedAttention()
        self.heads = config.heads

    def forward(self, hidden: Tensor, packed: Packed) -> Tensor:
        """Attended values [tokens, hidden]."""
        query, key, value = (
            one(hidden).unflatten(-1, (self.heads, -1))
            for one in (self.query, self.key, self.value)
        )
        attended: Tensor = self.attend(query, key, value, packed)
        return attended.flatten(-2)


class Residual(nn.Module):
    """Dense layer, residual, norm."""

    def __init__(self, size: int, config: BackboneConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(size, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, eps=config.epsilon)

    def forward(self, inner: Tensor, residual: Tensor) -> Tensor:
        """[tokens, hidden]."""
        return cast(Tensor, self.LayerNorm(self.dense(inner) + residual))


class Attention(nn.Module):
    """``attention.self`` and ``attention.output`` of the published names."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.self = Projections(config)
        self.output = Residual(config.hidden, config)

    def forward(self, hidden: Tensor, packed: Packed) -> Tensor:
        """[tokens, hidden]."""
        return cast(Tensor, self.output(self.self(hidden, packed), hidden))


class Intermediate(nn.Module):
    """The widening half of the feed-forward."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden, config.intermediate)

    def forward(self, hidden: Tensor) -> Tensor:
        """[tokens, intermediate]."""
        return gelu(self.dense(hidden))


class Layer(nn.Module):
    """One post-norm layer."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = Residual(config.intermediate, config)

    def forward(self, hidden: Tensor, packed: Packed) -> Tensor:
        """[tokens, hidden]."""
        hidden = self.attention(hidden, packed)
        return cast(Tensor, self.output(self.intermediate(hidden), hidden))


class Layers(nn.Module):
    """``encoder.layer`` of the published names."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, hidden: Tensor, packed: Packed) -> Tensor:
        """[tokens, hidden]."""
        for layer in self.layer:
            hidden = layer(hidden, packed)
        return hidden


class Backbone(nn.Module):
    """Token vectors of packed texts, without the published ``pooler`` that nothing reads."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config)

    def forward(self, packed: Packed) -> Tensor:
        """Last hidden states [tokens, hidden]."""
        return packed.read(self.encoder(self.embeddings(packed), packed))

    @classmethod
    def load(cls, path: Path, config: BackboneConfig, dtype: torch.dtype) -> Self:
        """The published weights in ``path``; raises ``ModelError`` when they do not fit."""
        with hollow():
            model = cls(config)
        weights = read_tensors(path, dtype=dtype)
        state = {name: one for name, one in weights.items() if not _is_unused(name)}
        load_state(model, state, path)
        return model.requires_grad_(False).eval()


def _is_unused(name: str) -> bool:
    return name.startswith("pooler.") or name.endswith("position_ids")
