"""The project's own rows: a record's JSON, or Parquet with it in the column ``record``."""

import json
from collections.abc import Mapping
from typing import Any

from animevec.catalog.ids import anime_id
from animevec.catalog.importers import field
from animevec.catalog.record import Anime


class Own:
    """Rows as ``catalog export`` writes them; a missing id is found by the keys, or derived."""

    name = "animevec"
    owns = True

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """A Parquet row with a record, or a record."""
        return "record" in row or {"keys", "titles"} <= row.keys()

    def record(self, row: Mapping[str, Any]) -> Anime:
        """The record in a row."""
        value = dict(_value(row))
        if "id" not in value and isinstance(value.get("keys"), dict):
            value["id"] = str(anime_id(value["keys"]))
        return Anime.model_validate_json(json.dumps(value))


def names_id(row: Mapping[str, Any]) -> bool:
    """Whether a row says the id of its title."""
    return "id" in _value(row)


def _value(row: Mapping[str, Any]) -> Mapping[str, Any]:
    value = field.loaded(row, "record") if "record" in row else row
    if not isinstance(value, Mapping):
        raise field.wrong("record", "an object", value)
    return value
