"""What may be asked: one frozen model per kind of search, shared by service, client and tests."""

import base64
import binascii
import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from animevec.settings import MAX_LIMIT, MAX_TEXT_CHARS

MAX_OFFSET = 10_000
MAX_REFERENCES = 10
MAX_REFERENCE_CHARS = 200  # a provider's name, a colon and its key are at most 191
_SPACES = b" \t\r\n\f\v"
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})

FILTER_EXAMPLES: list[Any] = [
    {"and": [{"field": "genres", "any": ["Action", "Sci-Fi"]}, {"field": "year", "gte": 1995}]},
    {"not": {"field": "type", "any": ["MOVIE"]}},
    {"genres": ["Comedy"], "year": {"gte": 2000, "lte": 2009}, "status": "FINISHED"},
]

_SCALARS: list[Any] = [{"type": kind} for kind in ("string", "integer", "number", "boolean")]
_VALUES: list[Any] = [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}, "minItems": 1}]
_CONDITIONS: dict[str, Any] = {
    **{name: {"anyOf": _VALUES} for name in ("any", "all", "none")},
    **{name: {"type": "number"} for name in ("gte", "lte", "gt", "lt")},
}
_CONDITION = {"type": "object", "properties": _CONDITIONS, "additionalProperties": False}
_PARTS = {"type": "array", "items": {"type": "object"}, "minItems": 1}
FILTER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "and": _PARTS,
        "or": _PARTS,
        "not": {"type": "object", "minProperties": 1},
        "field": {"type": "string", "description": "the field of a leaf"},
        **_CONDITIONS,
    },
    "additionalProperties": {
        "anyOf": [*_VALUES, _CONDITION],
        "description": "by the name of a field, in the place of a leaf",
    },
}


def _decode(value: object) -> object:
    """Base64 text (a ``data:`` URL too) becomes bytes; bytes stay as they are."""
    if not isinstance(value, str):
        return value
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode(text.encode("ascii").translate(None, _SPACES), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"picture is not valid base64: {error}") from error


def _tidy(query: str) -> str:
    """One form of what reads the same: composed characters (NFC), single spaces.

    A query of nothing but spaces, control and zero-width characters is an empty one.
    """
    if all(unicodedata.category(char) in _INVISIBLE for char in query):
        raise ValueError("the query is empty: none of its characters can be seen")
    return unicodedata.normalize("NFC", " ".join(query.split()))


Picture = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(lambda data: base64.b64encode(data).decode(), return_type=str),
    WithJsonSchema({"type": "string", "format": "byte", "contentEncoding": "base64"}),
    Field(min_length=1, description="JPEG, PNG or WebP, base64 in JSON"),
]
Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_REFERENCE_CHARS,
        description="id of a title, or a provider key such as mal:5114",
        examples=["mal:5114"],
    ),
]
Query = Annotated[
    str,
    # The pattern is for readers of the schema: what ``_tidy`` refuses, it refuses in words.
    Field(max_length=MAX_TEXT_CHARS, json_schema_extra={"minLength": 1, "pattern": r"\S"}),
    AfterValidator(_tidy),
]
Filters = Annotated[dict[str, JsonValue], Field(strict=False), WithJsonSchema(FILTER_SCHEMA)]
Channel = Annotated[str, Field(max_length=40)]
Understanding = Literal["titles", "filters", "expansion", "examples"]
UNDERSTANDING: frozenset[Understanding] = frozenset({"titles", "filters", "expansion", "examples"})


class Search(BaseModel):
    """What every kind of search has in common."""

    # Strict: a limit of `true` or `"5"` is a mistake.  JSON has no tuples and sets, so that the
    # fields that are one read lists.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    limit: int = Field(10, ge=1, le=MAX_LIMIT, description="hits to return")
    offset: int = Field(0, ge=0, le=MAX_OFFSET, description="hits to skip")
    filters: Filters | None = Field(
        None,
        description="and/or/not over leaves, or a plain mapping of field to value, list or range",
        examples=FILTER_EXAMPLES,
    )
    score_threshold: float | None = Field(None, description="hits below this score are dropped")
    ranker: str | None = Field(
        None, max_length=40, description="name of a ranker the service lists; empty: the release's"
    )
    weights: dict[Channel, Annotated[float, Field(ge=0, le=100)]] | None = Field(
        None, description="weight by channel; channels not named keep the release's"
    )
    nsfw: Literal["exclude", "demote", "include"] = "exclude"
    spoilers: Literal["allow", "avoid"] = Field(
        "allow", description="avoid: sequels come after what they continue, no synopsis sentences"
    )
    fold_franchise: bool = Field(False, description="one hit per franchise, the others under it")
    explain: bool = Field(False, description="say for each hit why it is there")


class TextSearch(Search):
    """Titles for words."""

    query: Query = Field(examples=["bounty hunters drifting through space, jazz"])
    understand: frozenset[Understanding] = Field(
        UNDERSTANDING,
        strict=False,
        description="what may be read out of the words; empty: nothing",
    )


class PictureSearch(Search):
    """Titles for a picture."""

    picture: Picture = Field(repr=False)
    views: bool = Field(True, description="also look at crops, without bars, and mirrored")


class MultimodalSearch(Search):
    """Titles for words and a picture together, or for the one that is given."""

    query: Query | None = None
    picture: Picture | None = Field(None, repr=False)
    weight: float = Field(0.5, ge=0, le=1, description="share of the picture: 0 words, 1 picture")
    understand: frozenset[Understanding] = Field(UNDERSTANDING, strict=False)
    views: bool = True

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.query is None and self.picture is None:
            raise ValueError("give a query, a picture or both")
        return self


class SimilarSearch(Search):
    """Titles like some titles and unlike others."""

    positive: tuple[Reference, ...] = Field(min_length=1, max_length=MAX_REFERENCES, strict=False)
    negative: tuple[Reference, ...] = Field((), max_length=MAX_REFERENCES, strict=False)
    mode: Literal["content", "visual", "vector"] = Field(
        "content", description="by synopsis, by pictures, or by the vectors named in `vectors`"
    )
    vectors: dict[
        Literal["text", "picture", "thumbnail"], Annotated[float, Field(gt=0, le=100)]
    ] = Field({"text": 1.0, "picture": 1.0}, min_length=1, description="weights of mode `vector`")
    strategy: Literal["average_vector", "best_score"] = "average_vector"
    metric: Literal["cosine", "dot", "euclid"] = "cosine"
    exclude_franchise: bool = Field(False, description="leave out the references' own franchises")
