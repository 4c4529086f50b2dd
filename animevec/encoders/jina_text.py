"""JinaCLIP v2's text tower: a rotary XLM-R whose shipped LoRA tasks are named, frozen adapters.

Written from the architecture of jina-embeddings-v3 (arXiv:2409.10173) and JinaCLIP v2
(arXiv:2412.08802).  Rotary tables are computed in float32 inside every forward, so no buffer can
be lost by a meta-device build or a change of dtype.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from animevec.encoders.packed import Packed, PackedAttention
from animevec.errors import ModelError

# Query, key and value [..., tokens, heads, width] to attended values of the same shape.
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class TextConfig:
    """Sizes of the tower; the defaults are jina-embeddings-v3's."""

    hidden: int = 1024
    layers: int = 24
    heads: int = 16
    ffn: int = 4096
    vocabulary: int = 250_002
    token_types: int = 1
    pad_id: int = 1
    norm_eps: float = 1e-5
    rope_base: float = 20_000.0
    tasks: tuple[str, ...] = ("retrieval.query",)
    lora_rank: int = 4
    lora_alpha: float = 4.0
    projection: int | None = None

    def __post_init__(self) -> None:
        if self.hidden % self.heads or (self.hidden // self.heads) % 2:
            raise ModelError(
                f"text width {self.hidden} does not divide into {self.heads} even heads",
                width=self.hidden,
                heads=self.heads,
            )

    @property
    def features(self) -> int:
        """Width of the pooled output."""
        return self.projection or self.hidden


class _Tasks(nn.Module):
    """The LoRA pairs a weight was published with; ``active`` None computes without them."""

    lora_A: nn.Parameter
    lora_B: nn.Parameter
    active: int | None = None
    scale: float = 1.0

    def _attach(self, config: TextConfig, a: tuple[int, int], b: tuple[int, int]) -> None:
        tasks = len(config.tasks)
        if not tasks:
            return
        self.lora_A = nn.Parameter(torch.zeros(tasks, *a), requires_grad=False)
        self.lora_B = nn.Parameter(torch.zeros(tasks, *b), requires_grad=False)
        self.scale = config.lora_alpha / config.lora_rank
        self.active = 0

    def delta(self, task: int) -> Tensor:
        """What the task adds to the weight, in the weight's shape."""
        raise NotImplementedError

    def merge(self) -> None:
        """Fold the active task into the weight and drop the pairs."""
        if self.active is not None:
            with torch.no_grad():
                self.get_parameter("weight").add_(self.delta(self.active))
        if hasattr(self, "lora_A"):
            del self.lora_A, self.lora_B
        self.active = None


class TaskLinear(nn.Linear, _Tasks):
    """Linear with published tasks: ``W + B A``, ``lora_A`` [tasks, rank, in]."""

    def __init__(self, inputs: int, outputs: int, config: TextConfig) -> None:
        super().__init__(inputs, outputs)
        self._attach(config, (config.lora_rank, inputs), (outputs, config.lora_rank))

    def delta(self, task: int) -> Tensor:
        return self.scale * (self.lora_B[task] @ self.lora_A[task])

    def forward(self, input: Tensor) -> Tensor:
        plain = F.linear(input, self.weight, self.bias)
        if self.active is None:
            return plain
        low = F.linear(input, self.lora_A[self.active])
        return plain + self.scale * F.linear(low, self.lora_B[self.active])


class TaskEmbedding(nn.Embedding, _Tasks):
    """Embedding with published tasks: ``W + A B``, ``lora_A`` [tasks, rows, rank]."""

    def __init__(self, rows: int, config: TextConfig) -> None:
        super().__init__(rows, config.hidden)
        self._attach(config, (rows, config.lora_rank), (config.lora_rank, config.hidden))

    def delta(self, task: int) -> Tensor:
        return self.scale * (self.lora_A[task] @ self.lora_B[task])

    def forward(self, input: Tensor) -> Tensor:
        plain = F.embedding(input, self.weight)
        if self.active is None:
            return plain
        low = F.embedding(input, self.lora_A[self.active])
        return plain + self.scale * (low @ self.lora_B[self.active])


def rotary_table(positions: Tensor, width: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine, float32 [tokens, 1, width / 2], of int64 positions (arXiv:2104.09864)."""
    steps = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device)
    angles = torch.outer(positions.float(), 1.0 / base ** (steps / width)).unsqueeze(1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate [..., tokens, heads, width] by halves (the NeoX layout)."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
    return turned.to(x.dtype)


def attend_padded(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Attention over [batch, tokens, heads, width]; ``mask`` [batch, tokens] is 0 at padding."""
    seen = None if mask is None else mask.bool()[:, None, None, :]
    q, k, v = (one.transpose(1, 2) for one in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen).transpose(1, 2)


class Mixer(nn.Module):
    """Rotary self-attention with separate projections, each a target for LoRA."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.q_proj = TaskLinear(config.hidden, config.hidden, config)
        self.k_proj = TaskLinear(config.hidden, config.hidden, config)
        self.v_proj = TaskLinear(config.hidden, config.hidden, config)
        self.out_proj = TaskLinear(config.hidden, config.hidden, config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attend) -> Tensor:
        q, k, v = (
            one(x).reshape(*x.shape[:-1], self.heads, -1)
            for one in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
        joined: Tensor = self.out_proj(mixed.flatten(-2))
        return joined


class Mlp(nn.Module):
    """Two linears around an exact GELU."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.fc1 = TaskLinear(config.hidden, config.ffn, config)
        self.fc2 = TaskLinear(config.ffn, config.hidden, config)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return y


class Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.mixer = Mixer(config)
        self.norm1 = nn.LayerNorm(config.hidden, eps=config.norm_eps)
        self.mlp = Mlp(config)
        self.norm2 = nn.LayerNorm(config.hidden, eps=config.norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attend) -> Tensor:
        x = self.norm1(x + self.mixer(x, cos, sin, attend))
        y: Tensor = self.norm2(x + self.mlp(x))
        return y


class Embeddings(nn.Module):
    """Word plus token-type embedding; positions come from the rotation alone."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.word_embeddings = TaskEmbedding(config.vocabulary, config)
        self.token_type_embeddings = TaskEmbedding(config.token_types, config)

    def forward(self, input_ids: Tensor) -> Tensor:
        words: Tensor = self.word_embeddings(input_ids)
        types: Tensor = self.token_type_embeddings(torch.zeros_like(input_ids))
        return words + types


class TextTower(nn.Module):
    """Token ids to one mean-pooled vector each.

    ``gradient_checkpointing`` recomputes layers in the backward pass.  A new tower has its first
    published task on, as the published model does.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embeddings = Embeddings(config)
        self.attend = PackedAttention()
        self.emb_ln = nn.LayerNorm(config.hidden, eps=config.norm_eps)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.projection = (
            nn.Linear(config.hidden, config.projection, bias=False)
            if config.projection
            else nn.Identity()
        )
        self.apply(_initialise)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Raw features [batch, features] of ids and mask [batch, tokens]; no mask: no padding."""
        hidden = self.hidden(input_ids, attention_mask)
        pooled = hidden.mean(1) if attention_mask is None else mean_pool(hidden, attention_mask)
        features: Tensor = self.projection(pooled)
        return features

    def hidden(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Last hidden states [batch, tokens, hidden]; values at padding are undefined."""
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        return self._run(input_ids, positions, partial(attend_padded, mask=attention_mask))

    def packed(self, texts: Packed) -> Tensor:
        """Last hidden states [tokens, hidden] of texts laid end to end."""
        hidden = self._run(texts.ids, texts.positions, partial(self.attend, packed=texts))
        return texts.read(hidden)

    def _run(self, ids: Tensor, positions: Tensor, attend: Attend) -> Tensor:
        width = self.config.hidden // self.config.heads
        cos, sin = rotary_table(positions, width, self.config.rope_base)
        x: Tensor = self.emb_ln(self.embeddings(ids))
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                x = checkpoint(layer, x, cos, sin, attend, use_reentrant=False)
            else:
                x = layer(x, cos, sin, attend)
        return x

    def use_task(self, task: str | None) -> None:
        """Compute with one published task, or with none; unknown names raise ``ModelError``."""
        if task is not None and task not in self.config.tasks:
            known = ", ".join(self.config.tasks) or "none"
            raise ModelError(f"no published task {task!r}; this model has: {known}", task=task)
        for module in self.modules():
            if isinstance(module, _Tasks) and hasattr(module, "lora_A"):
                module.active = None if task is None else self.config.tasks.index(task)

    def merge_task(self) -> None:
        """Fold the task in use into the weights, for speed and for training on top of it."""
        for module in self.modules():
            if isinstance(module, _Tasks):
                module.merge()


def mean_pool(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean over the tokens whose mask is 1, summed in float32."""
    weights = attention_mask.to(torch.float32).unsqueeze(-1)
    total = (hidden.float() * weights).sum(1)
    return (total / weights.sum(1).clamp(min=1.0)).to(hidden.dtype)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
