"""Gates by name, read from ``configs/gates.yaml``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from animevec.errors import InvalidRequest, NotFound
from animevec.settings import CONFIGS
from evaluation.gates import (
    Completeness,
    Gate,
    Improvement,
    Latency,
    Licence,
    Memory,
    MinimumScore,
    NoForgetting,
    NoSliceWorse,
    Policy,
)

FILE = CONFIGS / "gates.yaml"
POLICIES: Mapping[str, type] = {
    "minimum_score": MinimumScore,
    "improvement": Improvement,
    "no_slice_worse": NoSliceWorse,
    "no_forgetting": NoForgetting,
    "latency": Latency,
    "memory": Memory,
    "completeness": Completeness,
    "licence": Licence,
}


def read_gate(name: str = "default", commercial_use: bool = False, path: Path = FILE) -> Gate:
    """The gate of that name; ``commercial_use`` is the installation's.

    Raises:
        NotFound: no gate has that name.
        InvalidRequest: an unknown policy or field, or a gate without a policy.
    """
    gates = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if name not in gates:
        raise NotFound(f"no gate '{name}' in {path.name}; there are {', '.join(gates)}")
    entries = gates[name] or []
    if not entries:
        raise InvalidRequest(f"gate '{name}' has no policies: it would pass nothing")
    return Gate(tuple(_policy(name, entry, commercial_use) for entry in entries))


def _policy(gate: str, entry: Any, commercial_use: bool) -> Policy:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise InvalidRequest(f"gate '{gate}': {entry!r} is not one policy with its fields")
    [(name, fields)] = entry.items()
    if name not in POLICIES:
        raise InvalidRequest(f"gate '{gate}': no policy '{name}'; there are {', '.join(POLICIES)}")
    given = dict(fields or {})
    if name == "licence":
        given["commercial_use"] = commercial_use
    try:
        policy: Policy = POLICIES[name](**given)
    except TypeError as error:
        raise InvalidRequest(f"gate '{gate}', policy '{name}': {error}") from error
    return policy
