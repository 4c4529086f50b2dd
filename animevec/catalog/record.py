"""The anime record and the values inside it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import to_jsonable_python

OWN = "animevec"
"""The source of what this project says itself."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Provider = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f]{1,150}$")]
Json = Annotated[Any, AfterValidator(to_jsonable_python)]
Whole = Annotated[int, Field(le=2**63 - 1)]  # what an index's payload can hold
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Value(BaseModel):
    """Base of everything inside a record: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Kind(StrEnum):
    """How a title was released."""

    TV = "TV"
    MOVIE = "MOVIE"
    OVA = "OVA"
    ONA = "ONA"
    SPECIAL = "SPECIAL"
    MUSIC = "MUSIC"
    CM = "CM"
    PV = "PV"
    UNKNOWN = "UNKNOWN"


class Status(StrEnum):
    """Where a title is in its run."""

    FINISHED = "FINISHED"
    AIRING = "AIRING"
    UPCOMING = "UPCOMING"
    HIATUS = "HIATUS"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class Season(StrEnum):
    """Quarter of first airing: January is winter."""

    WINTER = "WINTER"
    SPRING = "SPRING"
    SUMMER = "SUMMER"
    FALL = "FALL"


class Rating(StrEnum):
    """Audience classification."""

    G = "G"
    PG = "PG"
    PG_13 = "PG_13"
    R = "R"
    R_PLUS = "R_PLUS"
    RX = "RX"


class Title(Value):
    """One name. ``language`` is BCP 47 (``ja-Latn`` is romaji), ``und`` where unknown."""

    text: Text
    language: str = "und"
    kind: Literal["main", "official", "synonym", "short"] = "synonym"


class Picture(Value):
    """A picture by URL, by SHA-256 of a file in the pictures folder, or both."""

    kind: Literal["cover", "thumbnail", "banner", "screenshot"] = "cover"
    url: str | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    width: Whole | None = Field(None, ge=1)
    height: Whole | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not (self.url or self.sha256):
            raise ValueError("a picture needs a url or a sha256")
        return self


class Person(Value):
    """A staff member or voice actor."""

    name: Text
    native_name: str | None = None
    role: str | None = None
    language: str | None = None
    keys: dict[str, str] = {}


class Character(Value):
    """A character of one title."""

    name: Text
    native_name: str | None = None
    aliases: tuple[str, ...] = ()
    role: Literal["main", "supporting", "background"] | None = None
    description: str | None = None
    picture: Picture | None = None
    voices: tuple[Person, ...] = ()
    keys: dict[str, str] = {}


class Relation(Value):
    """An edge to another work; ``key`` is a provider key such as ``mal:5``."""

    kind: Literal[
        "sequel",
        "prequel",
        "parent",
        "side_story",
        "summary",
        "full_story",
        "spin_off",
        "alternative",
        "character",
        "adaptation",
        "other",
    ]
    key: Text
    title: str | None = None
    medium: Literal["anime", "manga", "novel", "other"] = "anime"


class Episode(Value):
    """One episode; ``aired`` keeps its zone where the source gave one."""

    number: Whole = Field(ge=0)
    title: str | None = None
    titles: tuple[Title, ...] = ()
    synopsis: str | None = None
    aired: datetime | date | None = None
    duration_minutes: float | None = Field(None, gt=0)
    filler: bool | None = None
    recap: bool | None = None
    score: float | None = None


class Statistics(Value):
    """Figures of one source on its own scale; never merged with another's."""

    score: float | None = None
    scale: tuple[float, float] | None = None
    votes: Whole | None = Field(None, ge=0)
    members: Whole | None = Field(None, ge=0)
    favorites: Whole | None = Field(None, ge=0)
    rank: Whole | None = Field(None, ge=1)
    popularity_rank: Whole | None = Field(None, ge=1)


class Provenance(Value):
    """Where a field's value came from, and what the other sources said."""

    source: Text
    fetched_at: datetime | None = None
    licence: str | None = None
    confidence: float = Field(1.0, ge=0, le=1)
    alternatives: dict[str, Json] = {}


class Anime(Value):
    """One title. Durations are minutes per episode, scores 1 to 10, ranks count from 1."""

    id: UUID
    keys: dict[Provider, Key] = Field(description="provider to id there: {'mal': '1'}")
    titles: tuple[Title, ...] = Field(min_length=1)
    synopsis: str | None = None
    background: str | None = None
    genres: tuple[Label, ...] = ()
    themes: tuple[Label, ...] = ()
    demographics: tuple[Label, ...] = ()
    tags: tuple[Label, ...] = ()
    type: Kind = Kind.UNKNOWN
    status: Status = Status.UNKNOWN
    aired_from: date | None = None
    aired_to: date | None = None
    zone: str | None = Field(None, description="IANA time zone of the days it aired on")
    year: int | None = Field(None, ge=1900, le=2100)
    season: Season | None = None
    rating: Rating | None = None
    score: float | None = Field(None, ge=1, le=10)
    scored_by: Whole | None = Field(None, ge=0)
    rank: Whole | None = Field(None, ge=1)
    popularity: Whole | None = Field(None, ge=1)
    members: Whole | None = Field(None, ge=0)
    favorites: Whole | None = Field(None, ge=0)
    studios: tuple[Label, ...] = ()
    producers: tuple[Label, ...] = ()
    licensors: tuple[Label, ...] = ()
    source: str | None = None
    duration_minutes: float | None = Field(None, gt=0)
    episodes: Whole | None = Field(None, ge=1)
    nsfw: bool = False
    pictures: tuple[Picture, ...] = ()
    trailer: str | None = None
    characters: tuple[Character, ...] = ()
    staff: tuple[Person, ...] = ()
    relations: tuple[Relation, ...] = ()
    episode_list: tuple[Episode, ...] = ()
    statistics: dict[str, Statistics] = {}
    links: dict[str, str] = {}
    provenance: dict[str, Provenance] = Field(
        {}, description="by field name; '*' speaks for every field not named"
    )

    @property
    def title(self) -> str:
        """The main title, else the first."""
        return self._named("main") or self.titles[0].text

    @property
    def title_english(self) -> str | None:
        """The English title, if any."""
        return self._in("en")

    @property
    def title_japanese(self) -> str | None:
        """The title in Japanese script, if any."""
        return self._in("ja")

    def origin(self, field: str) -> Provenance | None:
        """Where the value of ``field`` came from, where that is known."""
        return self.provenance.get(field) or self.provenance.get("*")

    def tentative(self, field: str) -> bool:
        """Whether any source may replace the value of ``field``.

        Nobody answers for a value of unknown origin, nor for the facts of this project's sample;
        its synopses are its own.
        """
        origin = self.origin(field)
        return origin is None or (origin.source == OWN and field != "synopsis")

    def _named(self, kind: str) -> str | None:
        return next((t.text for t in self.titles if t.kind == kind), None)

    def _in(self, language: str) -> str | None:
        known = [t for t in self.titles if t.language == language]
        known.sort(key=lambda t: ("main", "official", "synonym", "short").index(t.kind))
        return known[0].text if known else None
