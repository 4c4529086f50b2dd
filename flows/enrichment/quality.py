"""How complete and how consistent a record is, and what is wrong with it by field path."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from animevec.catalog.record import Anime, Kind, Status, Value
from flows.enrichment import dates

# What a complete record has; the weights say how much search and its pages miss it.
WEIGHTS: dict[str, float] = {
    "titles": 3,
    "synopsis": 3,
    "genres": 2,
    "type": 2,
    "status": 2,
    "aired_from": 2,
    "year": 1,
    "season": 1,
    "episodes": 1,
    "duration_minutes": 1,
    "studios": 1,
    "source": 1,
    "rating": 1,
    "pictures": 2,
    "score": 1,
    "characters": 1,
    "staff": 1,
    "statistics": 1,
    "links": 0.5,
}
MARKUP = ("<br", "<script", "</", "[/", "~!", "&lt;", "[Written by")


class Problem(Value):
    """Something wrong at a path of a record or of a source's answer."""

    path: str
    message: str


class Quality(Value):
    """Two scores between 0 and 1; ``completeness`` weighs the fields that are filled."""

    completeness: float
    consistency: float
    problems: tuple[Problem, ...] = ()


class Assessed(Value):
    """The quality of one title after a run."""

    key: str
    title: str
    confidence: float
    quality: Quality


def assess(record: Anime, today: date | None = None) -> Quality:
    """The quality of a record; consistency is the share of the checks that hold."""
    day = today or datetime.now(UTC).date()
    found = [list(check(record, day)) for check in CHECKS]
    problems = tuple(problem for problems in found for problem in problems)
    held = sum(not problems for problems in found)
    return Quality(
        completeness=round(completeness(record), 3),
        consistency=round(held / len(CHECKS), 3),
        problems=problems,
    )


def completeness(record: Anime) -> float:
    """The weighted share of the expected fields that are filled."""
    filled = sum(
        weight
        for name, weight in WEIGHTS.items()
        if getattr(record, name) not in (Anime.model_fields[name].default, None, (), {})
    )
    return filled / sum(WEIGHTS.values())


def _dates(record: Anime, today: date) -> Iterator[Problem]:
    first, last = record.aired_from, record.aired_to
    if first and last and last < first:
        yield Problem(path="aired_to", message=f"{last} is before the first day, {first}")
    if first and record.year and abs(first.year - record.year) > 1:
        yield Problem(path="year", message=f"{record.year}, but it aired from {first}")


def _season(record: Anime, today: date) -> Iterator[Problem]:
    if record.season and record.aired_from and record.year == record.aired_from.year:
        own = dates.season_of(record.aired_from.month)
        if own is not record.season:
            yield Problem(path="season", message=f"{record.season}, but it began in {own}")


def _status(record: Anime, today: date) -> Iterator[Problem]:
    first, last = record.aired_from, record.aired_to
    if record.status is Status.FINISHED and last and last > today:
        yield Problem(path="status", message=f"finished, but its last day is {last}")
    if record.status is Status.UPCOMING and first and first < today:
        yield Problem(path="status", message=f"upcoming, but it began on {first}")
    if record.status is Status.AIRING and last and last < today:
        yield Problem(path="status", message=f"airing, but its last day was {last}")


def _episodes(record: Anime, today: date) -> Iterator[Problem]:
    numbers = [episode.number for episode in record.episode_list]
    if record.episodes and numbers and max(numbers) > record.episodes:
        yield Problem(
            path=f"episode_list.{numbers.index(max(numbers))}.number",
            message=f"episode {max(numbers)} of {record.episodes}",
        )
    if record.type is Kind.MOVIE and (record.episodes or 1) > 10:
        yield Problem(path="episodes", message=f"a movie of {record.episodes} episodes")


def _lengths(record: Anime, today: date) -> Iterator[Problem]:
    if record.duration_minutes and record.duration_minutes > 300:
        yield Problem(path="duration_minutes", message=f"{record.duration_minutes} for one episode")


def _figures(record: Anime, today: date) -> Iterator[Problem]:
    for name, figures in record.statistics.items():
        if figures.score is not None and figures.scale:
            low, high = figures.scale
            if not low <= figures.score <= high:
                yield Problem(
                    path=f"statistics.{name}.score",
                    message=f"{figures.score} is outside {low} to {high}",
                )


def _relations(record: Anime, today: date) -> Iterator[Problem]:
    own = {f"{provider}:{id}" for provider, id in record.keys.items()}
    for place, relation in enumerate(record.relations):
        if relation.key in own:
            yield Problem(path=f"relations.{place}.key", message=f"{relation.key} is itself")


def _texts(record: Anime, today: date) -> Iterator[Problem]:
    texts = [("synopsis", record.synopsis), ("background", record.background)]
    texts += [(f"titles.{place}.text", title.text) for place, title in enumerate(record.titles)]
    for path, text in texts:
        if text and (mark := next((m for m in MARKUP if m in text), None)):
            yield Problem(path=path, message=f"markup: {mark}")


def _people(record: Anime, today: date) -> Iterator[Problem]:
    seen: set[tuple[str, str | None]] = set()
    for place, one in enumerate(record.characters):
        key = (one.name.casefold(), one.native_name)
        if key in seen:
            yield Problem(path=f"characters.{place}.name", message=f"{one.name} stands twice")
        seen.add(key)


CHECKS: tuple[Callable[[Anime, date], Iterator[Problem]], ...] = (
    _dates,
    _season,
    _status,
    _episodes,
    _lengths,
    _figures,
    _relations,
    _texts,
    _people,
)
