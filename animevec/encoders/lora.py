"""Several adapters on one base: chosen per item, mixed in one forward, swapped while serving."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock, local
from typing import Any

import torch
from torch import Tensor, nn

from animevec.encoders.adapter import Adapter, Delta, read_adapter
from animevec.encoders.blocked import laid_like, plain
from animevec.errors import Conflict, InvalidRequest, ModelError, NotFound

# A merged and an unmerged model differ by the rounding of one addition per weight.
MERGE_TOLERANCE = 1e-5
FEW_ROWS = 64
Chosen = tuple[Adapter, ...]


@dataclass(frozen=True, slots=True)
class Joint:
    """One layer's deltas side by side: ``down`` [in, ranks] and ``up`` [ranks, out]; ``owner``
    int64 [ranks] says whose each column is.

    ``exact`` are both in float32 where a CPU's half-precision products of few rows cost four times
    as much as float32's.
    """

    down: Tensor
    up: Tensor
    owner: Tensor
    exact: tuple[Tensor, Tensor] | None

    def add(self, output: Tensor, inputs: Tensor, slots: Tensor | None) -> Tensor:
        """``output`` and what it gains; rows whose slot owns no column gain nothing."""
        rows = inputs.flatten(0, -2)
        if self.exact is not None and len(rows) <= FEW_ROWS:
            down, up = self.exact
            inner = self._gated(rows.float() @ down, inputs, slots)
            return output + (inner @ up).to(output.dtype).view_as(output)
        inner = self._gated(rows @ self.down, inputs, slots)
        return torch.addmm(output.flatten(0, -2), inner, self.up).view_as(output)

    def _gated(self, inner: Tensor, inputs: Tensor, slots: Tensor | None) -> Tensor:
        if slots is None:
            return inner
        gate = (slots[:, None] == self.owner).to(inner.dtype)
        return inner * gate.repeat_interleave(len(inner) // len(slots), 0)


@dataclass(frozen=True, slots=True)
class Route:
    """Which adapter each row of the running forward takes; None when all take the only one."""

    layers: Mapping[str, Joint]
    slots: Tensor | None


class AdapterSet:
    """The adapters of one base model.

    ``probe`` runs the base once and returns its output; ``base_sha256`` gives the hash of the
    base's weight file; a ``fixed`` (compiled) model takes no adapters.  Loading and unloading
    are safe while other threads encode: a forward keeps the adapters it started with.
    """

    def __init__(
        self,
        model: nn.Module,
        probe: Callable[[], Tensor],
        base_sha256: Callable[[], str],
        fixed: bool = False,
    ) -> None:
        self._model = model
        self._probe = probe
        self._base_sha256 = base_sha256
        self._fixed = fixed
        self._adapters: Mapping[str, Adapter] = {}
        self._merged: str | None = None
        self._hooked: set[str] = set()
        self._running = local()
        self._lock = Lock()
        self._join = lru_cache(maxsize=8)(self._joined)

    @property
    def names(self) -> tuple[str, ...]:
        """The loaded adapters."""
        return tuple(sorted(self._adapters))

    def find(self, name: str | None) -> Adapter | None:
        """The adapter an item asks for, None for the bare base.

        Raises ``NotFound`` for one that is not loaded, ``InvalidRequest`` after a merge for
        anything but the merged one.
        """
        if self._merged is not None and name != self._merged:
            raise InvalidRequest(
                f"this base is merged with adapter {self._merged!r}; it serves nothing else"
            )
        if name is None:
            return None
        adapter = self._adapters.get(name)
        if adapter is None:
            known = ", ".join(self.names) or "none"
            raise NotFound(f"adapter {name!r} is not loaded; loaded: {known}", adapter=name)
        return adapter

    def load(self, name: str, folder: Path) -> Adapter:
        """Add an adapter, or replace one of the same name.

        Raises ``ModelError`` for files that are wrong, made for another base, or without
        effect; ``Conflict`` when the base is merged.
        """
        if self._fixed:
            raise Conflict("a compiled model takes no adapters; set encoders.compile to false")
        adapter = self._placed(read_adapter(name, folder))
        with self._lock:
            if self._merged is not None:
                raise Conflict(f"this base is merged with {self._merged!r}; load another base")
            self._check(adapter)
            self._adapters = {**self._adapters, name: adapter}
            self._join.cache_clear()
        return adapter

    def unload(self, name: str) -> None:
        """Forget an adapter; forwards that use it finish. Raises ``NotFound``."""
        with self._lock:
            self.find(name)
            if self._merged is not None:
                raise Conflict(f"adapter {name!r} is merged into the base and cannot leave it")
            self._adapters = {k: v for k, v in self._adapters.items() if k != name}
            self._join.cache_clear()

    def merge(self, name: str) -> float:
        """Put one adapter into the base's weights; returns the largest difference it made.

        To be called before serving.  From then on only items that name this adapter are
        taken.  Raises ``ModelError`` and undoes it when the output moves by more than 1e-5
        (fp32; bf16 and fp16 by 1e-5 of their coarser step), ``Conflict`` for rounded weights.
        """
        with self._lock:
            adapter = self.find(name)
            if adapter is None or self._merged is not None:
                raise Conflict(f"this base is merged with {self._merged!r} already")
            if not all(self._linear(one).weight.is_floating_point() for one in adapter.deltas):
                raise Conflict("a w8a8 base takes adapters beside its weights; merge in float32")
            before = self._run((adapter,))
            kept = {module: self._linear(module).weight for module in adapter.deltas}
            for module, delta in adapter.deltas.items():
                old = kept[module]
                weight = plain(old).float() + delta.up.float() @ delta.down.float()
                self._linear(module).weight = nn.Parameter(laid_like(weight.to(old), old), False)
            moved = float((self._probe() - before).abs().max())
            if not moved <= _tolerance(before.dtype):
                for module, old in kept.items():
                    self._linear(module).weight = old
                raise ModelError(f"merging {name!r} moves the output by {moved:.1e}; not merged")
            self._merged = name
        return moved

    @contextmanager
    def route(self, chosen: Sequence[Adapter | None], owners: Tensor | None) -> Iterator[None]:
        """Within, the model's rows take ``chosen[owners[row]]``; owners None: one row per item."""
        if self._merged is not None or not any(chosen):
            yield
            return
        distinct: Chosen = tuple({id(one): one for one in chosen if one is not None}.values())
        slots = None
        if len(distinct) > 1 or None in chosen:
            place = {id(one): i for i, one in enumerate(distinct)} | {id(None): len(distinct)}
            items = torch.tensor([place[id(one)] for one in chosen], device=self._device)
            slots = items if owners is None else items[owners]
        self._running.route = Route(self._join(distinct), slots)
        try:
            yield
        finally:
            self._running.route = None

    def _joined(self, chosen: Chosen) -> Mapping[str, Joint]:
        modules = sorted({module for adapter in chosen for module in adapter.deltas})
        return {module: _beside(module, chosen) for module in modules}

    def _add(self, name: str, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Any:
        route: Route | None = getattr(self._running, "route", None)
        if route is None or name not in route.layers:
            return None
        return route.layers[name].add(output, inputs[0], route.slots)

    def _check(self, adapter: Adapter) -> None:
        if adapter.base_sha256 not in (None, self._base_sha256()):
            raise ModelError(
                f"adapter {adapter.name!r} was trained on a base with SHA-256 "
                f"{str(adapter.base_sha256)[:12]}, not on this one ({self._base_sha256()[:12]})"
            )
        unmet = sorted(adapter.deltas.keys() - self._reached())
        if unmet or not adapter.deltas:
            raise ModelError(
                f"adapter {adapter.name!r} targets modules that the forward never meets: "
                f"{', '.join(unmet[:3]) or 'none but the pooler'}; retrain it on the encoder layers"
            )
        self._hook(adapter)
        base, adapted = self._probe(), self._run((adapter,))
        if not bool(torch.isfinite(adapted).all()):
            raise ModelError(f"adapter {adapter.name!r} makes the output infinite or NaN")
        if torch.equal(base, adapted):
            raise ModelError(f"adapter {adapter.name!r} changes nothing; was it trained?")

    def _run(self, chosen: Chosen) -> Tensor:
        with self.route(chosen, None):
            return self._probe()

    def _reached(self) -> set[str]:
        """Names of the linear layers that a forward runs through."""
        met: set[str] = set()
        handles = [
            module.register_forward_hook(lambda *_, name=name: met.add(name))
            for name, module in self._model.named_modules()
            if isinstance(module, nn.Linear)
        ]
        try:
            self._probe()
        finally:
            for handle in handles:
                handle.remove()
        return met

    def _hook(self, adapter: Adapter) -> None:
        for module in adapter.deltas.keys() - self._hooked:
            self._linear(module).register_forward_hook(partial(self._add, module))
            self._hooked.add(module)

    def _placed(self, adapter: Adapter) -> Adapter:
        """The adapter on the model's device in its number format, shapes checked."""
        deltas = {}
        for module, delta in adapter.deltas.items():
            weight = self._linear(module).weight
            if (delta.up.shape[0], delta.down.shape[1]) != tuple(weight.shape):
                raise ModelError(
                    f"adapter {adapter.name!r} fits {module} of shape "
                    f"{[delta.up.shape[0], delta.down.shape[1]]}; this base has "
                    f"{list(weight.shape)}"
                )
            dtype = weight.dtype if weight.is_floating_point() else torch.float32
            deltas[module] = Delta(
                *(one.to(weight.device, dtype) for one in (delta.down, delta.up))
            )
        return Adapter(adapter.name, deltas, adapter.matryoshka, adapter.base_sha256)

    def _linear(self, name: str) -> nn.Linear:
        try:
            module = self._model.get_submodule(name)
        except AttributeError:
            module = None
        if not isinstance(module, nn.Linear):
            raise ModelError(f"the adapter targets {name}, which is no linear layer of this base")
        return module

    @property
    def _device(self) -> torch.device:
        return next(self._model.parameters()).device


def _beside(module: str, chosen: Chosen) -> Joint:
    deltas = [(i, one.deltas[module]) for i, one in enumerate(chosen) if module in one.deltas]
    owner = [i for i, delta in deltas for _ in range(delta.rank)]
    down = torch.cat([delta.down for _, delta in deltas]).T.contiguous()
    up = torch.cat([delta.up for _, delta in deltas], dim=1).T.contiguous()
    half = down.device.type == "cpu" and down.dtype != torch.float32
    return Joint(
        down=down,
        up=up,
        owner=torch.tensor(owner, device=down.device),
        exact=(down.float(), up.float()) if half else None,
    )


def _tolerance(dtype: torch.dtype) -> float:
    return MERGE_TOLERANCE * torch.finfo(dtype).eps / torch.finfo(torch.float32).eps
