"""The CPU serving route: OpenVINO with int8 weights, exported once, loaded without torch.

Weights are compressed to symmetric int8 per output channel (``nncf.compress_weights``) and
activations stay floating point per token, so a text's vector does not depend on its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import local
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from animevec.encoders.base import Embedding, Head, Item, Outcome, Vector
from animevec.encoders.card import ModelCard
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import PreparedText, RawText, finish, prepare
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError, ModelError, NotFound

FOLDER = "openvino-int8"
GRAPH, HEADS, MANIFEST = "model.xml", "heads.safetensors", "export.json"


class Manifest(BaseModel):
    """What was exported: which weights, with which adapter merged in, cut to which sizes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: str
    base_sha256: str
    pooling: Literal["cls", "mean"]
    adapter: str | None = None
    matryoshka: tuple[int, ...] = ()
    unweighted: tuple[int, ...] = ()
    cosine: float

    def find(self, name: str | None) -> "Manifest | None":
        """The adapter merged in, which alone is served; raises ``NotFound`` for another."""
        if name != self.adapter:
            raise NotFound(
                f"this export holds adapter {self.adapter!r}, not {name!r}; "
                "export that adapter, or serve with another dtype than int8",
                adapter=name,
            )
        return None if name is None else self


@dataclass(frozen=True, slots=True)
class QuantizedStages:
    """Pre, core and post over an OpenVINO graph; ``heads`` are BGE-M3's two linear layers."""

    card: ModelCard
    tokenizer: TextTokenizer
    manifest: Manifest
    graph: Any
    heads: dict[str, NDArray[np.float32]]
    requests: local = field(default_factory=local)

    def pre(self, items: Sequence[Item]) -> list[PreparedText[Manifest] | AnimevecError]:
        """Validate and tokenise."""
        return prepare(items, self.card, self.tokenizer, self.manifest)

    def size(self, prepared: PreparedText[Manifest]) -> int:
        """Tokens."""
        return len(prepared.ids)

    def core(self, batch: Sequence[PreparedText[Manifest]]) -> list[RawText]:
        """One forward for all heads of all texts."""
        hidden = self._hidden([one.ids for one in batch])
        return [
            self._read(rows[: len(one.ids)], one.item.heads)
            for rows, one in zip(hidden, batch, strict=True)
        ]

    def post(self, prepared: PreparedText[Manifest], raw: RawText) -> Embedding:
        """Cut, then normalise."""
        return finish(prepared, raw, self.tokenizer, frozenset(self.manifest.unweighted))

    def _hidden(self, texts: Sequence[Sequence[int]]) -> Vector:
        """Last hidden states [texts, longest, hidden], rows beyond a text's end undefined."""
        longest = max(map(len, texts))
        ids = np.zeros((len(texts), longest), dtype=np.int64)
        mask = np.zeros((len(texts), longest), dtype=np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        # An inference request is not thread-safe: one for each thread.
        if not hasattr(self.requests, "own"):
            self.requests.own = self.graph.create_infer_request()
        hidden: Vector = self.requests.own.infer({0: ids, 1: mask})[0]
        return hidden

    def _read(self, rows: Vector, wanted: frozenset[Head]) -> RawText:
        return RawText(
            dense=self._pool(rows) if Head.DENSE in wanted else None,
            weights=np.maximum(self._linear("sparse", rows)[:, 0], 0)
            if Head.SPARSE in wanted
            else None,
            colbert=self._linear("colbert", rows[1:]) if Head.COLBERT in wanted else None,
        )

    def _pool(self, rows: Vector) -> Vector:
        pooled: Vector = rows[0].copy() if self.manifest.pooling == "cls" else rows.mean(axis=0)
        return pooled

    def _linear(self, head: str, rows: Vector) -> Vector:
        weight, bias = (self.heads[f"{head}_linear.{part}"] for part in ("weight", "bias"))
        out: Vector = rows @ weight.T + bias
        return out


class QuantizedEncoder:
    """A text encoder exported to OpenVINO int8; its adapter, if any, is merged in."""

    def __init__(self, stages: QuantizedStages, budget: int) -> None:
        self._stages = stages
        self._seam = Seam(stages, budget)

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._stages.card

    @property
    def tokenizer(self) -> TextTokenizer:
        """Counts and trims text as this model reads it."""
        return self._stages.tokenizer

    @property
    def manifest(self) -> Manifest:
        """What was exported."""
        return self._stages.manifest

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        return self._seam.encode(items)

    @classmethod
    def load(cls, exported: Path, card: ModelCard, runtime: Runtime | None = None) -> Self:
        """Read the folder that ``animevec models export NAME --to openvino-int8`` writes.

        Raises ``ModelError`` when nothing was exported there, when it belongs to other
        weights than the card's, or when OpenVINO is not installed.
        """
        runtime = runtime or Runtime(dtype="int8")
        manifest = read_manifest(exported, card)
        stages = QuantizedStages(
            card=card,
            tokenizer=TextTokenizer.load(exported),
            manifest=manifest,
            graph=_compile(exported / GRAPH, runtime.threads),
            heads=_read_heads(exported / HEADS) if len(card.heads) > 1 else {},
        )
        return cls(stages, runtime.tokens)


def read_manifest(exported: Path, card: ModelCard) -> Manifest:
    """What an export says about itself, checked against the card."""
    path = exported / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{exported} holds no export; make one with "
            f"`animevec models export {card.name} --to openvino-int8`"
        ) from error
    except ValidationError as error:
        raise ModelError(f"{path} is damaged; export the model again") from error
    known = {file.sha256 for file in card.files if file.path.endswith((".safetensors", ".bin"))}
    if known - {None} and manifest.base_sha256 not in known:
        raise ModelError(
            f"{exported} was made from weights {manifest.base_sha256[:12]}, which are not "
            f"{card.name}'s; export the model again"
        )
    return manifest


def openvino() -> Any:
    """The OpenVINO module; raises ``ModelError`` when it is not installed."""
    try:
        import openvino as ov
    except ImportError as error:
        raise ModelError("int8 needs OpenVINO: pip install 'animevec[quantize]'") from error
    return ov


def _compile(path: Path, threads: int | None) -> Any:
    ov = openvino()
    core = ov.Core()
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        # Rounding activations to int8 on the fly would make a vector depend on its batch.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        options["INFERENCE_PRECISION_HINT"] = "bf16"
    try:
        return core.compile_model(path, "CPU", options)
    except RuntimeError as error:
        raise ModelError(f"OpenVINO cannot load {path}: {error}; export it again") from error


def _read_heads(path: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (FileNotFoundError, SafetensorError) as error:
        raise ModelError(f"{path} is missing or damaged; export the model again") from error
