"""What sources are asked, what they answer, and what comes out of the merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from pydantic import Field

from animevec.catalog.record import (
    Anime,
    Character,
    Episode,
    Json,
    Kind,
    Label,
    Person,
    Picture,
    Provider,
    Rating,
    Relation,
    Season,
    Statistics,
    Status,
    Text,
    Title,
    Value,
)


class Stage(StrEnum):
    """The six parts of a record that are fetched and merged on their own."""

    METADATA = "metadata"
    EPISODES = "episodes"
    RELATIONSHIPS = "relationships"
    STATISTICS = "statistics"
    CHARACTERS = "characters"
    STAFF = "staff"


ALL_STAGES = frozenset(Stage)


class OutcomeKind(StrEnum):
    """How asking one source about one title ended."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"

    @property
    def definite(self) -> bool:
        """Whether the source answered the question; all else is an outage and proves nothing."""
        return self in {OutcomeKind.FOUND, OutcomeKind.NOT_FOUND}


class Fault(Value):
    """A value of the wrong type, by its path in the source's answer; only that value is lost."""

    path: str
    message: str


class SourceRecord(Value):
    """What one source says of one title: typed, without markup and sentinels.

    ``None`` and empty mean that the source says nothing. A date keeps its zone where the source
    gave a moment; a date known only to the month or year fills ``year`` and ``season`` alone.
    """

    source: Provider
    key: Text = Field(description="provider key of the page itself, such as mal:1")
    url: str | None = None
    keys: dict[Provider, tuple[str, ...]] = Field(
        {}, description="ids elsewhere that the source names for this title; may be several"
    )
    updated_at: datetime | None = Field(None, description="when the source last changed it")
    titles: tuple[Title, ...] = ()
    synopsis: str | None = None
    background: str | None = None
    labels: tuple[Label, ...] = Field((), description="genres, themes, demographics, tags")
    type: Kind | None = None
    status: Status | None = None
    aired_from: datetime | date | None = None
    aired_to: datetime | date | None = None
    year: int | None = Field(None, ge=1900, le=2100)
    season: Season | None = None
    country: str | None = Field(None, description="ISO 3166 country of origin")
    rating: Rating | None = None
    nsfw: bool | None = None
    material: str | None = Field(None, description="what it was adapted from")
    episodes: int | None = Field(None, ge=1)
    duration_minutes: float | None = Field(None, gt=0)
    studios: tuple[Label, ...] = ()
    producers: tuple[Label, ...] = ()
    licensors: tuple[Label, ...] = ()
    pictures: tuple[Picture, ...] = ()
    trailer: str | None = None
    links: dict[str, str] = Field({})
    episode_list: tuple[Episode, ...] = ()
    relations: tuple[Relation, ...] = ()
    statistics: Statistics | None = None
    characters: tuple[Character, ...] = ()
    staff: tuple[Person, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def provider(self) -> str:
        """Whose id ``key`` is."""
        return self.key.partition(":")[0]


class Wanted(Value):
    """A title to ask sources about, by the ids it is known under."""

    id: UUID | None = None
    keys: dict[Provider, str]
    stages: frozenset[Stage] = ALL_STAGES


class SourceOutcome(Value):
    """How asking ``source`` about one title ended, when, and under which licence it answered.

    ``parts`` says it stage by stage where requests of one title ended differently: a record may
    be found while its characters were unreachable.
    """

    source: Provider
    key: Text = Field(description="provider key asked for")
    kind: OutcomeKind
    at: datetime = Field(description="when the answer was made, in UTC; a cached one is older")
    licence: str | None = None
    record: SourceRecord | None = None
    parts: dict[Stage, OutcomeKind] = Field({})
    detail: str | None = Field(None, description="why it was not found, refused, ...")
    retry_after_s: float | None = Field(None, ge=0)
    requests: int = Field(0, ge=0, description="requests sent; those of a batch count for one")
    cached: int = Field(0, ge=0, description="answers taken from the cache without a request")

    def part(self, stage: Stage) -> OutcomeKind:
        """How the requests of one stage ended."""
        return self.parts.get(stage, self.kind)


class Rate(Value):
    """At most ``requests`` in any ``seconds``."""

    requests: int = Field(ge=1)
    seconds: float = Field(gt=0)


class SourceFacts(Value):
    """Everything about a source that may change without its answers changing."""

    name: Provider
    provider: Provider = Field(description="whose ids its records carry: jikan's are mal's")
    title: str
    base_url: str
    licence: str
    rates: tuple[Rate, ...]
    batch: int = Field(1, ge=1, description="titles per request")
    stages: frozenset[Stage] = ALL_STAGES
    keep_s: float | None = Field(
        None, description="keeps answers this long whatever their headers say; else RFC 9111"
    )
    error_marks: tuple[str, ...] = Field(
        (), description="how an error sent with status 200 begins; it is not cached"
    )
    robots: bool = Field(False, description="reads pages, so robots.txt is asked first")
    recorded_only: bool = Field(False, description="never fetched; reads an operator's folder")


class Source(Protocol):
    """Asks one source. Adding one is one module and one line in ``sources.REGISTRY``."""

    @property
    def facts(self) -> SourceFacts:
        """Its name, address, licence and limits."""
        ...

    def knows(self, wanted: Wanted) -> bool:
        """Whether the title carries an id this source can be asked by."""
        ...

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One outcome for each of ``wanted`` (at most ``facts.batch``), in order; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value some source has for a field."""

    source: str
    value: Any
    at: datetime | None = None
    licence: str | None = None
    provisional: bool = False
    """Said before the title aired; gives way to what is said of the aired one."""


class Conflict(Value):
    """Sources that contradict each other on a field, and which of them won."""

    field: str
    chosen: str = Field(description="source of the value kept")
    value: Json = None
    others: dict[str, Json] = Field({})
    confidence: float = Field(ge=0, le=1)
    settled: bool = Field(description="the policy decides this; an unsettled one is for review")


class Override(Value):
    """A value an operator set; no run replaces it."""

    field: str
    value: Json
    actor: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Enriched:
    """A merged title and how it came about."""

    anime: Anime
    conflicts: tuple[Conflict, ...]
    confidence: float
    outcomes: tuple[SourceOutcome, ...]
    identity: tuple[Conflict, ...] = ()
    """Ids that sources contradict each other on; reported, never resolved by guess."""


Overrides = Mapping[str, Override]
