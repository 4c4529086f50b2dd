"""Invented titles: what is true of each, and how the sources contradict each other about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Self

from flows.simulator import vocabulary as words

BASES = {"mal": 61_000, "anilist": 210_000, "kitsu": 51_000, "anidb": 21_000}
SHARES = {"anidb": 0.9, "animeschedule": 0.8, "animeplanet": 0.85}
SOURCES = ("jikan", "anilist", "kitsu", "anidb", "animeschedule", "animeplanet")
FIRST_UPDATE = datetime(2025, 3, 1, tzinfo=UTC)
LONG = 12  # every so many titles have over a hundred episodes and several times the characters


@dataclass(frozen=True, slots=True)
class Cast:
    """A character as the sources know it."""

    number: int
    first: str
    last: str
    native: str
    main: bool
    voice: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is true of one invented title; ``version`` grows when it changes upstream."""

    number: int
    romaji: str
    english: str
    native: str
    synopsis: str
    kind: str
    finished: bool
    start: date
    end: date | None
    episodes: int
    minutes: int
    studio: str
    genres: tuple[str, ...]
    material: str
    score: float
    cast: tuple[Cast, ...]
    staff: tuple[tuple[str, str], ...]
    sequel: int | None
    slug: str
    sources: frozenset[str]
    version: int = 0

    def id(self, provider: str) -> str:
        """The id at a provider; a route or slug where that has no numbers."""
        return str(BASES[provider] + self.number) if provider in BASES else self.slug

    @property
    def updated(self) -> datetime:
        """When the sources changed it last."""
        return FIRST_UPDATE + timedelta(days=self.version)

    @property
    def listed_episodes(self) -> int:
        """How many episodes the lists name."""
        return self.episodes if self.finished else max(1, self.episodes // 2)

    def off(self, what: str, one_in: int) -> bool:
        """Whether sources contradict each other on ``what`` of this title."""
        return Random(f"{what}:{self.number}").randrange(one_in) == 0


@dataclass(slots=True)
class World:
    """All titles, and what happened to them since."""

    works: dict[int, Work]
    removed: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def make(cls, titles: int, seed: int = 1) -> Self:
        """``titles`` works; the same for the same seed."""
        return cls({number: invent(number, seed) for number in range(titles)})

    def __iter__(self) -> Iterator[Work]:
        return iter(self.works.values())

    def find(self, source: str, provider: str, id: str) -> Work | None:
        """The title known to a source under an id; None where it has none or removed it."""
        if provider in BASES:
            known = id.isascii() and id.isdigit()
            work = self.works.get(int(id) - BASES[provider]) if known else None
        else:
            number = id.rpartition("-")[2]
            work = self.works.get(int(number)) if number.isdigit() else None
            work = work if work and work.slug == id else None
        there = work and source in work.sources and (source, work.number) not in self.removed
        return work if there else None

    def change(self, number: int) -> None:
        """A new version upstream: another synopsis, a later date of change."""
        work = self.works[number]
        version = work.version + 1
        synopsis = f"{work.synopsis} Its edition {version} is told at greater length."
        self.works[number] = replace(work, version=version, synopsis=synopsis)

    def remove(self, source: str, number: int) -> None:
        """A source deletes its page of the title."""
        self.removed.add((source, number))

    def keys(self, number: int) -> Mapping[str, str]:
        """The one id that enrichment begins with."""
        return {"mal": self.works[number].id("mal")}


def invent(number: int, seed: int) -> Work:
    """The title of a number."""
    random = Random(f"{seed}:{number}")
    noun, place = random.choice(words.NOUNS), random.choice(words.PLACES)
    quality = random.choice(words.QUALITIES)
    serial = words.numeral(number)
    kind = random.choices(("TV", "Movie", "OVA", "ONA"), (70, 12, 8, 10))[0]
    episodes = _episodes(number, kind, random)
    finished = random.random() > 0.1
    start = date(1999, 1, 1) + timedelta(days=random.randrange(26 * 365))
    start = start if finished else date(2025, 10, 1) + timedelta(days=random.randrange(28))
    end = start + timedelta(days=7 * (episodes - 1)) if finished else None
    genres = tuple(sorted(random.sample(words.GENRES, 3)))
    english = f"{quality[1]} {noun[1]} of {place[1]} {serial}"
    return Work(
        number=number,
        romaji=f"{place[0]} no {quality[0]} {noun[0]} {serial}",
        english=english,
        native=f"{place[2]}の{quality[2]}{noun[2]}{number}",
        synopsis=_synopsis(english, noun[1], place[1], random),
        kind=kind,
        finished=finished,
        start=start,
        end=end,
        episodes=episodes,
        minutes=random.choice((23, 24, 24, 24, 12)) if kind != "Movie" else 97,
        studio=random.choice(words.STUDIOS),
        genres=genres,
        material=random.choice(("Manga", "Light novel", "Original", "Visual novel")),
        score=round(random.uniform(5.2, 9.1), 2),
        cast=tuple(_cast(number, place, random) for place in range(_people(number, random))),
        staff=tuple((_name(random), role) for role in words.POSITIONS),
        sequel=number + 1 if number % 5 == 0 else None,
        slug=f"{place[0]}-{quality[0]}-{noun[0]}-{number}".lower(),
        sources=frozenset(s for s in SOURCES if random.random() < SHARES.get(s, 1.0)),
    )


def _episodes(number: int, kind: str, random: Random) -> int:
    if kind == "Movie":
        return 1
    return random.randrange(101, 160) if number % LONG == 7 else random.choice((6, 12, 13, 24, 26))


def _people(number: int, random: Random) -> int:
    few = random.randrange(3, 9)
    return 10 * few if number % LONG == 7 else few


def _name(random: Random) -> str:
    return f"{random.choice(words.FIRST)} {random.choice(words.LAST)}"


def _cast(number: int, place: int, random: Random) -> Cast:
    return Cast(
        number=number * 10 + place + 1,
        first=words.FIRST[(number + 7 * place) % len(words.FIRST)],
        last=words.LAST[(3 * number + place) % len(words.LAST)],
        native=f"{words.KANJI[(number + place) % len(words.KANJI)]}{place + 1}",
        main=place < 2,
        voice=_name(random),
    )


def _synopsis(title: str, noun: str, place: str, random: Random) -> str:
    deeds = random.sample(words.DEEDS, 3)
    return (
        f"{title} begins in {place}, where {deeds[0]}. "
        f"When the {noun.lower()} returns, {deeds[1]}. In the end {deeds[2]}."
    )
