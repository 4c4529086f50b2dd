"""BGE-M3: dense, lexical and ColBERT vectors from one forward (Chen et al., arXiv 2402.03216)."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animevec.encoders.backbone import Backbone, BackboneConfig
from animevec.encoders.base import Head
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import hollow, load_state, read_json, read_tensors
from animevec.encoders.files import file_sha256
from animevec.encoders.packed import Packed
from animevec.encoders.runtime import Runtime
from animevec.encoders.text import RawText
from animevec.encoders.text_encoder import TextEncoder, TextStages, adapter_set
from animevec.encoders.tokenizer import TextTokenizer

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SPARSE, COLBERT = "sparse_linear.pt", "colbert_linear.pt"
# Tokens that say nothing about the text carry no lexical weight.
UNWEIGHTED = ("cls_token", "eos_token", "pad_token", "unk_token")


class Heads(nn.Module):
    """What is read off the hidden states; each head costs only the texts that ask for it."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.sparse_linear = nn.Linear(hidden, 1)
        self.colbert_linear = nn.Linear(hidden, hidden)

    @classmethod
    def load(cls, folder: Path, hidden: int, dtype: torch.dtype) -> Self:
        """The published ``sparse_linear.pt`` and ``colbert_linear.pt``."""
        with hollow():
            heads = cls(hidden)
        for module, name in ((heads.sparse_linear, SPARSE), (heads.colbert_linear, COLBERT)):
            path = folder / name
            state = read_tensors(path, dtype=dtype)
            load_state(module, state, path)
        return heads.requires_grad_(False).eval()

    def weights(self, hidden: Tensor) -> Tensor:
        """The lexical weight of each token, 0 or more [tokens]."""
        return torch.relu(self.sparse_linear(hidden)).squeeze(-1)

    def vectors(self, hidden: Tensor) -> Tensor:
        """The ColBERT vector of each token, not yet normalised [tokens, hidden]."""
        vectors: Tensor = self.colbert_linear(hidden)
        return vectors

    def forward(
        self, hidden: Tensor, packed: Packed, wanted: Sequence[frozenset[Head]]
    ) -> list[RawText]:
        """The heads each text wants, in fp32."""
        dense = _where(wanted, Head.DENSE, list(hidden[packed.first]))
        rows = packed.split(hidden)
        sparse = _apply(self.weights, _where(wanted, Head.SPARSE, rows))
        # The first token is the dense vector's; ColBERT leaves it out.
        tails = [text[1:] for text in rows]
        colbert = _apply(self.vectors, _where(wanted, Head.COLBERT, tails))
        return [
            RawText(_numpy(dense.get(i)), _numpy(sparse.get(i)), _numpy(colbert.get(i)))
            for i in range(len(wanted))
        ]


def _where(
    wanted: Sequence[frozenset[Head]], head: Head, rows: Sequence[Tensor]
) -> dict[int, Tensor]:
    """The rows of the texts that want a head, by place."""
    return {i: rows[i] for i, heads in enumerate(wanted) if head in heads}


def _apply(head: Callable[[Tensor], Tensor], rows: dict[int, Tensor]) -> dict[int, Tensor]:
    """A head over the tokens of several texts at once."""
    if not rows:
        return {}
    parts = torch.split(head(torch.cat(list(rows.values()))), list(map(len, rows.values())))
    return dict(zip(rows, parts, strict=True))


def _numpy(rows: Tensor | None) -> NDArray[np.float32] | None:
    return None if rows is None else rows.float().cpu().numpy()


class BgeM3(TextEncoder):
    """Text to any of the three heads."""

    @classmethod
    def load(cls, folder: Path, card: ModelCard, runtime: Runtime | None = None) -> Self:
        """Read the published layout; raises ``ModelError`` for unusable files.

        Weights may be ``model.safetensors`` or ``pytorch_model.bin``.
        """
        runtime = runtime or Runtime()
        runtime.apply()
        config = BackboneConfig.parse(read_json(folder / "config.json"))
        path = weights_file(folder)
        backbone = runtime.place(Backbone.load(path, config, runtime.torch_dtype))
        heads = Heads.load(folder, config.hidden, runtime.torch_dtype).to(runtime.device)
        tokenizer = TextTokenizer.load(folder)
        return cls(
            TextStages(
                card=card,
                tokenizer=tokenizer,
                model=backbone,
                read=heads,
                adapters=adapter_set(backbone, runtime, cache(partial(file_sha256, path))),
                runtime=runtime,
                unweighted=unweighted(folder, tokenizer),
            )
        )


def weights_file(folder: Path) -> Path:
    """The backbone's weights; safetensors where there are both."""
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    return found[0] if found else folder / WEIGHTS[0]


def unweighted(folder: Path, tokenizer: TextTokenizer) -> frozenset[int]:
    """Ids of the special tokens that carry no lexical weight."""
    config = read_json(folder / "tokenizer_config.json")
    return frozenset(tokenizer.index(str(config[name])) for name in UNWEIGHTED)
