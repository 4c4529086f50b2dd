"""Exporting a text encoder to OpenVINO with int8 weights (needs the extra ``quantize``)."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from animevec.encoders.adapter import Adapter
from animevec.encoders.backbone import Backbone, Layer
from animevec.encoders.base import Embedding, TextItem
from animevec.encoders.bge_m3 import BgeM3, Heads, weights_file
from animevec.encoders.card import ModelCard
from animevec.encoders.files import file_sha256
from animevec.encoders.quantized import (
    GRAPH,
    HEADS,
    MANIFEST,
    Manifest,
    QuantizedEncoder,
    openvino,
)
from animevec.encoders.sentence import SentenceEncoder
from animevec.errors import ModelError

# Below this the export is broken rather than coarse; rounding to int8 costs about 0.001.
MIN_COSINE = 0.98
PROBES = (
    "a pilot",
    "two siblings travel a ruined land in search of a forgotten library",
    "gentle stories about a bakery by the sea, told over four seasons",
)


class PaddedBackbone(nn.Module):
    """The same layers over a padded batch: a graph with two inputs and no loop over texts."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states [texts, tokens, hidden]; ``mask`` is 1 for tokens, 0 for padding."""
        parts = self.backbone.embeddings
        positions = torch.arange(ids.shape[1], device=ids.device) + parts.first_position
        hidden = parts.word_embeddings(ids) + parts.token_type_embeddings.weight[0]
        hidden = cast(Tensor, parts.LayerNorm(hidden + parts.position_embeddings(positions)))
        # Large, but finite in bf16 and fp16 too.
        bias = (1 - mask[:, None, None, :].to(hidden.dtype)) * -30_000.0
        for layer in self.backbone.encoder.layer:
            hidden = _layer(cast(Layer, layer), hidden, bias)
        return hidden


def _layer(layer: Layer, hidden: Tensor, bias: Tensor) -> Tensor:
    own = layer.attention.self
    query, key, value = (
        one(hidden).unflatten(-1, (own.heads, -1)).transpose(1, 2)
        for one in (own.query, own.key, own.value)
    )
    attended = scaled_dot_product_attention(query, key, value, attn_mask=bias)
    hidden = layer.attention.output(attended.transpose(1, 2).flatten(-2), hidden)
    out: Tensor = layer.output(layer.intermediate(hidden), hidden)
    return out


def export_int8(
    folder: Path, target: Path, card: ModelCard, adapter: tuple[str, Path] | None = None
) -> Manifest:
    """Export the model in ``folder`` to ``target``; an adapter (name, folder) is merged in first.

    The export is compared with fp32 before it replaces an older one.  Raises ``ModelError``
    when the smallest cosine is under 0.98, or for a model that cannot be exported.
    """
    kind = BgeM3 if len(card.heads) > 1 else SentenceEncoder
    encoder = kind.load(folder, card)
    if not isinstance(encoder.model, Backbone):
        raise ModelError(f"{card.name} is no BERT or XLM-R encoder; serve it with another dtype")
    merged = None if adapter is None else _merge(encoder, *adapter)
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    _write_graph(encoder.model, fresh / GRAPH)
    shutil.copy(folder / "tokenizer.json", fresh)
    if isinstance(encoder.heads, Heads):
        save_file(encoder.heads.state_dict(), fresh / HEADS)
    manifest = _manifest(encoder, file_sha256(weights_file(folder)), merged)
    _write_manifest(manifest, fresh)
    manifest = manifest.model_copy(update={"cosine": _cosine(encoder, fresh, merged)})
    _write_manifest(manifest, fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return manifest


def _merge(encoder: BgeM3 | SentenceEncoder, name: str, folder: Path) -> Adapter:
    adapter = encoder.adapters.load(name, folder)
    encoder.adapters.merge(name)
    return adapter


def _write_graph(backbone: Backbone, path: Path) -> None:
    ov = openvino()
    import nncf

    example = (torch.full((2, 8), 5), torch.ones(2, 8, dtype=torch.int64))
    with torch.no_grad():
        graph = ov.convert_model(PaddedBackbone(backbone), example_input=example)
    graph.reshape({one: [-1, -1] for one in graph.inputs})
    graph = nncf.compress_weights(graph, mode=nncf.CompressWeightsMode.INT8_SYM)
    ov.save_model(graph, path, compress_to_fp16=False)


def _manifest(
    encoder: BgeM3 | SentenceEncoder, base_sha256: str, merged: Adapter | None
) -> Manifest:
    return Manifest(
        card=encoder.card.name,
        base_sha256=base_sha256,
        pooling="cls" if encoder.card.pooling == "cls" else "mean",
        adapter=None if merged is None else merged.name,
        matryoshka=() if merged is None else merged.matryoshka,
        unweighted=tuple(sorted(encoder.unweighted)),
        cosine=1.0,
    )


def _write_manifest(manifest: Manifest, folder: Path) -> None:
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _cosine(encoder: BgeM3 | SentenceEncoder, exported: Path, merged: Adapter | None) -> float:
    """The smallest cosine between fp32 and int8 over the probes."""
    name = None if merged is None else merged.name
    items = [TextItem(text, adapter=name) for text in PROBES]
    exact = encoder.encode(items)
    coarse = QuantizedEncoder.load(exported, encoder.card).encode(items)
    cosine = min(float(_dense(a) @ _dense(b)) for a, b in zip(exact, coarse, strict=True))
    if not cosine >= MIN_COSINE:
        raise ModelError(
            f"the int8 export of {encoder.card.name} has cosine {cosine:.4f} to fp32; "
            f"at least {MIN_COSINE} is needed"
        )
    return cosine


def _dense(outcome: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    if isinstance(outcome, Embedding) and outcome.dense is not None:
        return outcome.dense
    raise outcome.error
