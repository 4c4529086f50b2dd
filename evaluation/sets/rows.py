"""Judged rows: JSON lines with MyAnimeList ids, turned into record ids."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from animevec.catalog.ids import anime_id
from animevec.errors import InvalidRequest

Row = Mapping[str, Any]
T = TypeVar("T")


def read_rows(path: Path) -> list[Row]:
    """The objects of a JSON lines file; ``InvalidRequest`` names a line that is none."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise InvalidRequest(f"{path.name} line {number} is not JSON: {error}") from error
    return rows


def mal(id: int | str) -> UUID:
    """The record id of a MyAnimeList id, given as ``1`` or ``mal:1``."""
    return anime_id({"mal": str(id).removeprefix("mal:")})


def grades(relevant: Mapping[str, float]) -> dict[UUID, float]:
    """Judgements by record id; grade 0 says nothing and is left out."""
    return {mal(id): float(grade) for id, grade in relevant.items() if grade > 0}


def drawn(items: Iterable[tuple[str, T]], most: int) -> list[T]:
    """``most`` items by the hash of their key: the same ones wherever, whatever the order."""
    chosen = sorted(items, key=lambda item: (hash_of(item[0]), item[0]))[:most]
    return [item for _, item in chosen]


def hash_of(key: str) -> str:
    """Hexadecimal SHA-256: what draws and halves go by."""
    return hashlib.sha256(key.encode()).hexdigest()


def halves(keys: Sequence[str]) -> list[bool]:
    """For each key whether it falls in the first half."""
    return [int(hash_of(key)[:8], 16) % 2 == 0 for key in keys]
