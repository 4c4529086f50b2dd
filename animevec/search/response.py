"""What is answered: hits with their channels, what was understood, and how long it took."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from animevec.catalog.record import Kind, Picture, Rating, Season, Status

Match = Literal["exact", "likely", "none"]


class Answer(BaseModel):
    """Base of everything inside an answer."""

    model_config = ConfigDict(frozen=True)


class Summary(Answer):
    """The part of a record that a result card shows."""

    id: UUID
    title: str
    title_english: str | None = None
    title_japanese: str | None = None
    type: Kind
    status: Status
    year: int | None = None
    season: Season | None = None
    episodes: int | None = None
    duration_minutes: float | None = None
    rating: Rating | None = None
    score: float | None = None
    popularity: int | None = None
    genres: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    demographics: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    source: str | None = None
    synopsis: str | None = None
    picture: Picture | None = None
    keys: Mapping[str, str] = {}
    nsfw: bool = False


class ChannelHit(Answer):
    """One channel's part in a hit: rank from 1, its own score, its share of the hit's score."""

    name: str
    rank: int = Field(ge=1)
    score: float
    share: float = Field(ge=0, le=1)


class Shared(Answer):
    """What a hit and the reference titles have in common."""

    genres: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    demographics: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()


class WordMatch(Answer):
    """A word of the query and the word of the sentence that is nearest to it, cosine up to 1."""

    query: str
    text: str
    similarity: float


class Explanation(Answer):
    """Why a hit is there. ``terms`` are the query's words found in it; ``words`` those that the
    sentence answers by meaning, where the encoder has a vector for every token.
    """

    summary: str
    title: str | None = Field(None, description="the name that matched, as the catalogue has it")
    sentence: str | None = Field(None, description="sentence of the synopsis nearest the query")
    terms: tuple[str, ...] = ()
    words: tuple[WordMatch, ...] = ()
    shared: Shared | None = None


class Hit(Answer):
    """One title found."""

    id: UUID
    score: float
    probability: float | None = Field(
        None, ge=0, le=1, description="calibrated: relevant; none for likeness"
    )
    match: Match = "likely"
    record: Summary
    channels: tuple[ChannelHit, ...] = ()
    franchise: UUID | None = Field(None, description="same for titles of one franchise")
    folded: tuple[UUID, ...] = Field((), description="hits of the same franchise under this one")
    explanation: Explanation | None = None


class ReadFilter(Answer):
    """A filter said in words."""

    phrase: str
    filter: dict[str, JsonValue]


class TitleMatch(Answer):
    """The catalogue's name nearest to the query; ``score`` 0 to 1."""

    id: UUID
    title: str
    strength: Literal["strong", "weak", "none"]
    score: float


class Interpretation(Answer):
    """What was read out of the words; switch parts off with ``understand``."""

    query: str
    text: str = Field(description="the words that were searched for by meaning")
    filters: tuple[ReadFilter, ...] = ()
    expanded: Mapping[str, tuple[str, ...]] = Field({}, description="label: words it came from")
    removed: tuple[str, ...] = ()
    positive: tuple[TitleMatch, ...] = ()
    negative: tuple[TitleMatch, ...] = ()
    title: TitleMatch | None = None


class SearchResult(Answer):
    """The answer to one search."""

    hits: tuple[Hit, ...]
    match: Match = Field(description="whether the catalogue has what was asked for")
    candidates: int = Field(description="distinct titles that the channels found")
    ranker: str
    release: str
    revision: int = Field(description="catalogue revision the index has reached")
    interpretation: Interpretation | None = None
    warnings: tuple[str, ...] = Field(
        (),
        description="filter values that no title has, references that could not be compared",
    )
    timings_ms: Mapping[str, float] = {}


class BatchOutcome(Answer):
    """One item of a batch: a result, or the ``error`` object of the envelope."""

    result: SearchResult | None = None
    error: dict[str, Any] | None = None


class RankerInfo(Answer):
    """A ranker that a request may name."""

    name: str
    description: str
    available: bool = True
