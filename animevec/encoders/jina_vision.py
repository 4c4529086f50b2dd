"""JinaCLIP v2's picture tower: EVA02 with two-dimensional rotary positions.

Written from EVA-02 (arXiv:2303.11331) and JinaCLIP v2 (arXiv:2412.08802).  As in the text tower,
rotary angles are computed in float32 inside every forward.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from animevec.errors import ModelError


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """Sizes of the tower; the defaults are EVA02-L/14 at 512 x 512."""

    width: int = 1024
    layers: int = 24
    head_width: int = 64
    image_size: int = 512
    patch_size: int = 14
    mlp_ratio: float = 2.6667
    rope_grid: int = 16
    rope_base: float = 10_000.0
    norm_eps: float = 1e-6
    projection: int | None = None

    def __post_init__(self) -> None:
        if self.width % self.head_width or self.head_width % 4:
            raise ModelError(
                f"picture width {self.width} does not divide into heads of {self.head_width}",
                width=self.width,
                head_width=self.head_width,
            )

    @property
    def grid(self) -> int:
        """Patches along one edge; pixels past the last whole patch are not read."""
        return self.image_size // self.patch_size

    @property
    def heads(self) -> int:
        """Attention heads."""
        return self.width // self.head_width

    @property
    def ffn(self) -> int:
        """Width inside the gated feed-forward part."""
        return int(self.width * self.mlp_ratio)

    @property
    def features(self) -> int:
        """Width of the output."""
        return self.projection or self.width


def picture_turns(config: VisionConfig, device: torch.device) -> Tensor:
    """What turns each state's pairs of numbers, complex64 [1 + patches, head_width / 2].

    The class token is not turned.  Half of a head turns with a patch's row, half with its column;
    positions are interpolated onto the ``rope_grid`` the tower was first trained on.
    """
    axis = config.head_width // 2
    steps = torch.arange(0, axis, 2, dtype=torch.float32, device=device)
    positions = torch.arange(config.grid, dtype=torch.float32, device=device)
    positions = positions / config.grid * config.rope_grid
    angles = torch.outer(positions, 1.0 / config.rope_base ** (steps / axis))
    rows = angles[:, None, :].expand(-1, config.grid, -1)
    columns = angles[None, :, :].expand(config.grid, -1, -1)
    turned = torch.cat((rows, columns), dim=-1).flatten(0, 1)
    still = turned.new_zeros(1, axis)
    angles = torch.cat((still, turned))
    return torch.polar(torch.ones_like(angles), angles)


def turn_pairs(x: Tensor, turns: Tensor) -> Tensor:
    """Turn neighbouring pairs of [batch, states, heads, width], as complex numbers.

    One product instead of six passes over the states.
    """
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns[:, None]).flatten(-2).to(x.dtype)


class PatchEmbed(nn.Module):
    """Pictures to patch vectors."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.width, config.patch_size, config.patch_size)

    def forward(self, pixels: Tensor) -> Tensor:
        patches: Tensor = self.proj(pixels)
        return patches.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention; keys have no bias."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.head_width = config.head_width
        self.q_proj = nn.Linear(config.width, config.width)
        self.k_proj = nn.Linear(config.width, config.width, bias=False)
        self.v_proj = nn.Linear(config.width, config.width)
        self.inner_attn_ln = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, turns: Tensor, first: int | None) -> Tensor:
        q = turn_pairs(self._split(self.q_proj(x[:, :first])), turns[:first])
        k = turn_pairs(self._split(self.k_proj(x)), turns)
        v = self._split(self.v_proj(x))
        q, k, v = (one.transpose(1, 2) for one in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        joined: Tensor = self.proj(self.inner_attn_ln(mixed))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], -1, self.head_width)


class SwiGlu(nn.Module):
    """Gated feed-forward part with a norm before its last linear."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.w1 = nn.Linear(config.width, config.ffn)
        self.w2 = nn.Linear(config.width, config.ffn)
        self.ffn_ln = nn.LayerNorm(config.ffn, eps=config.norm_eps)
        self.w3 = nn.Linear(config.ffn, config.width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.w3(self.ffn_ln(F.silu(self.w1(x)) * self.w2(x)))
        return y


class Block(nn.Module):
    """One pre-norm transformer block; only the ``first`` states are worked out, if given."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.attn = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.mlp = SwiGlu(config)

    def forward(self, x: Tensor, turns: Tensor, first: int | None = None) -> Tensor:
        x = x[:, :first] + self.attn(self.norm1(x), turns, first)
        y: Tensor = x + self.mlp(self.norm2(x))
        return y


class VisionTower(nn.Module):
    """Normalised pixels to one class-token vector each.

    ``gradient_checkpointing`` recomputes blocks in the backward pass.  The patch dropout of the
    published training run is not applied.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.patch_embed = PatchEmbed(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, config.grid**2 + 1, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.projection = (
            nn.Linear(config.width, config.projection, bias=False)
            if config.projection
            else nn.Identity()
        )
        self._initialise()

    def forward(self, pixels: Tensor) -> Tensor:
        """Raw features [batch, features] of normalised pixels [batch, 3, edge, edge]."""
        return self.features(self.start(pixels), picture_turns(self.config, pixels.device))

    def start(self, pixels: Tensor) -> Tensor:
        """The states before the first block [batch, 1 + patches, width]."""
        patches = self.patch_embed(pixels)
        token = self.cls_token.expand(patches.shape[0], -1, -1)
        return torch.cat((token, patches), dim=1) + self.pos_embed

    def features(self, x: Tensor, turns: Tensor) -> Tensor:
        """Raw features of start states: what the class token has become.

        Nobody reads the patches behind the last block, so they are not worked out there.
        """
        *blocks, last = self.blocks
        for block in blocks:
            x = self._through(block, x, turns)
        x = self._through(last, x, turns, 1)
        features: Tensor = self.projection(self.norm(x[:, 0]))
        return features

    def _through(self, block: nn.Module, *inputs: Tensor | int) -> Tensor:
        if self.gradient_checkpointing and self.training:
            kept: Tensor = checkpoint(block, *inputs, use_reentrant=False)
            return kept
        y: Tensor = block(*inputs)
        return y

    def _initialise(self) -> None:
        """EVA's initialisation: truncated normals, residual branches scaled down by depth."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        with torch.no_grad():
            for depth, block in enumerate(self.blocks, start=1):
                assert isinstance(block, Block)
                block.attn.proj.weight.div_(math.sqrt(2.0 * depth))
                block.mlp.w3.weight.div_(math.sqrt(2.0 * depth))
