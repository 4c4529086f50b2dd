"""Which source wins which field, as data (``configs/enrichment.yaml``)."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from animevec.catalog.record import Anime, Value
from animevec.errors import InvalidRequest
from animevec.settings import CONFIGS

Rule = Literal["first", "agreed", "longest", "union", "any", "per_source", "matched"]
FILE = CONFIGS / "enrichment.yaml"


class FieldPolicy(Value):
    """How one field is merged; an empty order is that of the whole policy."""

    rule: Rule
    order: tuple[str, ...] = ()


class Policy(Value):
    """The order of the sources and the rule of every field."""

    order: tuple[str, ...] = Field(min_length=1)
    language: str = "en"
    spelling: tuple[str, ...] = ()
    fields: dict[str, FieldPolicy]

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = set(self.fields) - set(Anime.model_fields)
        if unknown:
            raise ValueError(f"a record has no field {', '.join(sorted(unknown))}")
        return self

    def rank(self, field: str, source: str) -> int:
        """A source's place in the order of a field; one not named comes last."""
        order = self.fields[field].order or self.order
        return order.index(source) if source in order else len(order)


def load(path: Path = FILE) -> Policy:
    """The policy in a YAML file.

    Raises:
        InvalidRequest: no such file, or no policy.
    """
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidRequest(f"{path} is no merge policy: {error}") from error
