"""``animevec search``: ask in words, with a picture, by likeness, or with all of them."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from animevec.search.request import MultimodalSearch, SimilarSearch
    from animevec.search.response import SearchResult
    from animevec.settings import Settings

_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(.+?)\s*")
_BOUNDS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}


@click.command()
@click.argument("query", required=False)
@click.option("--picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--weight", default=0.5, show_default=True, help="Share of the picture, 0 to 1.")
@click.option("--like", multiple=True, metavar="ID", help="Titles like this id or key (mal:1).")
@click.option("--unlike", multiple=True, metavar="ID", help="With --like: and unlike this one.")
@click.option(
    "--mode",
    type=click.Choice(["content", "visual", "vector"]),
    default="content",
    show_default=True,
    help="With --like: by synopsis, by pictures, or by both.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="CONDITION",
    help="type=TV, genres=Action,Drama, genres!=Harem, 'year>=1995', or a JSON filter; repeatable.",
)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100))
@click.option("--ranker", help="How to rank; a wrong name lists the right ones.")
@click.option("--explain", is_flag=True, help="Quote the nearest sentence under each title.")
@click.option("--literal", is_flag=True, help="Take the words as they are: read nothing into them.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
def search(
    query: str | None,
    picture: Path | None,
    weight: float,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    mode: str,
    filters: tuple[str, ...],
    limit: int,
    ranker: str | None,
    explain: bool,
    literal: bool,
    as_json: bool,
) -> None:
    """Search the catalogue.

    \b
    animevec search "bounty hunters in space, not a movie, before 2005"
    animevec search "like Naruto but lighter" --filter type=TV
    animevec search --picture screenshot.png
    animevec search --like mal:1 --unlike mal:20

    A running service is asked; without one the index is opened here.
    """
    from animevec.search.request import MultimodalSearch, SimilarSearch
    from animevec.settings import Settings

    common: dict[str, Any] = {"limit": limit, "ranker": ranker, "explain": explain}
    if filters:
        common["filters"] = {"and": [condition(text) for text in filters]}
    asked: MultimodalSearch | SimilarSearch
    if like:
        asked = SimilarSearch.model_validate(
            {"positive": like, "negative": unlike, "mode": mode, **common}
        )
    elif query or picture:
        words: dict[str, Any] = {"understand": []} if literal else {}
        data = picture.read_bytes() if picture else None
        asked = MultimodalSearch.model_validate(
            {"query": query, "picture": data, "weight": weight, **words, **common}
        )
    else:
        raise click.UsageError('say what to look for: words, --picture or --like ("-h" shows how)')
    result = ask(Settings(), asked)
    click.echo(result.model_dump_json(indent=2)) if as_json else show(result)


def condition(text: str) -> dict[str, Any]:
    """One ``--filter``: a JSON object, or field, operator and value.

    Raises:
        click.BadParameter: it is neither.
    """
    if text.lstrip().startswith("{"):
        try:
            read = json.loads(text)
        except json.JSONDecodeError as error:
            raise click.BadParameter(f"{text!r} is not JSON: {error}") from error
        return dict(read)
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no condition; write type=TV or 'year>=1995'")
    field, operator, values = found.groups()
    if operator in _BOUNDS:
        return {"field": field, _BOUNDS[operator]: _value(values)}
    listed = [_value(value.strip()) for value in values.split(",")]
    return {"field": field, "none" if operator == "!=" else "any": listed}


def _value(text: str) -> Any:
    """A number or a boolean where it looks like one."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def ask(settings: "Settings", asked: "MultimodalSearch | SimilarSearch") -> "SearchResult":
    """The answer of the running service, else of an engine opened for this one question."""
    from animevec.search.request import MultimodalSearch

    if _serving(settings):
        from animevec.client import Client

        key = settings.admin_key_file
        secret = key.read_text().strip() if key.is_file() else None
        with Client(_url(settings), secret, timeout_s=settings.serve.timeout_s) as client:
            options = asked.model_dump(exclude_defaults=True)
            if isinstance(asked, MultimodalSearch):
                return client.multimodal(**options)
            return client.similar(*options.pop("positive"), **options)
    from animevec.lineup import open_assembly

    with open_assembly(settings) as assembly:
        engine = assembly.engine
        if isinstance(asked, MultimodalSearch):
            return engine.multimodal(asked)
        return engine.similar(asked)


def _url(settings: "Settings") -> str:
    host = settings.serve.host
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{settings.serve.port}"


def _serving(settings: "Settings") -> bool:
    import httpx

    try:
        return httpx.get(f"{_url(settings)}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def show(result: "SearchResult") -> None:
    """The answer as a table, with what was read out of the words above it."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for line in _read_as(result):
        console.print(line, style="dim", markup=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", "title", "year", "type", "score", "why"):
        wide = column in ("title", "why")
        table.add_column(column, overflow="fold", no_wrap=not wide, ratio=1 if wide else None)
    for place, hit in enumerate(result.hits, start=1):
        record = hit.record
        why = hit.explanation.sentence if hit.explanation else None
        channels = ", ".join(f"{c.name} {c.share:.0%}" for c in hit.channels)
        table.add_row(
            str(place),
            record.title_english or record.title,
            str(record.year or ""),
            record.type.value,
            f"{hit.score:.3f}",
            f"{hit.match}: {channels}" + (f"\n{why}" if why else ""),
        )
    console.print(table)
    ms = result.timings_ms.get("total", 0.0)
    asked = result.interpretation is not None
    verdict = " None is a sure match." if asked and result.match == "none" else ""
    console.print(
        f"{len(result.hits)} of {result.candidates} candidates in {ms:.0f} ms.{verdict}",
        style="dim",
    )


def _read_as(result: "SearchResult") -> list[str]:
    read = result.interpretation
    if read is None:
        return []
    lines = [f"filter: {one.phrase} = {json.dumps(one.filter)}" for one in read.filters]
    lines += [f"also as: {label} ({', '.join(words)})" for label, words in read.expanded.items()]
    lines += [f"like: {one.title}" for one in read.positive]
    return lines + [f"unlike: {one.title}" for one in read.negative]
