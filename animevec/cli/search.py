"""``animevec search``: ask in words, with a picture, by likeness, or with all of them."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from animevec.cli.terminal import json_option
from animevec.validation import refusal

if TYPE_CHECKING:
    from animevec.search.request import MultimodalSearch, SimilarSearch
    from animevec.search.response import SearchResult
    from animevec.settings import Settings

Asked = TypeVar("Asked", "MultimodalSearch", "SimilarSearch")
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(.+?)\s*")
_BOUNDS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}


@click.command()
@click.argument("query", required=False)
@click.option(
    "--picture",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Titles with this picture, or like it: a JPEG, PNG or WebP file.",
)
@click.option(
    "--weight",
    default=0.5,
    type=click.FloatRange(0, 1),
    help="With words and --picture: the picture's share.",
)
@click.option(
    "--like", multiple=True, metavar="ID", help="Titles like this id or key (mal:1); repeatable."
)
@click.option(
    "--unlike", multiple=True, metavar="ID", help="With --like: and unlike this one; repeatable."
)
@click.option(
    "--mode",
    type=click.Choice(["content", "visual", "vector"]),
    default="content",
    help="With --like: by synopsis, by pictures, or by both.",
)
@click.option(
    "--metric",
    type=click.Choice(["cosine", "dot", "euclid"]),
    default="cosine",
    help="With --like: how vectors are compared; euclid's scores are distances.",
)
@click.option(
    "--exclude-franchise", is_flag=True, help="With --like: leave out these titles' franchises."
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="CONDITION",
    help="type=TV, genres=Action,Drama, genres!=Harem, 'year>=1995', or a JSON filter; repeatable.",
)
@click.option("--limit", default=10, type=click.IntRange(1, 100), help="Titles to show.")
@click.option(
    "--offset", default=0, type=click.IntRange(0, 10_000), help="Titles to skip before the first."
)
@click.option(
    "--threshold",
    "score_threshold",
    type=float,
    metavar="SCORE",
    help="Leave out what scores less, or is further away by --metric euclid.",
)
@click.option(
    "--ranker",
    metavar="NAME",
    show_default="the release's",
    help="How to rank; a wrong name lists the right ones.",
)
@click.option(
    "--nsfw",
    type=click.Choice(["exclude", "demote", "include"]),
    default="exclude",
    help="Adult titles: none of them, at half their score, or as any other.",
)
@click.option(
    "--spoilers",
    type=click.Choice(["allow", "avoid"]),
    default="allow",
    help="avoid: sequels after what they continue, and no sentence quoted.",
)
@click.option("--fold-franchise", is_flag=True, help="Only the best title of each franchise.")
@click.option("--explain", is_flag=True, help="Quote the nearest sentence under each title.")
@click.option("--literal", is_flag=True, help="Take the words as they are: read nothing into them.")
@json_option
def search(
    query: str | None,
    picture: Path | None,
    weight: float,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    mode: str,
    metric: str,
    exclude_franchise: bool,
    filters: tuple[str, ...],
    literal: bool,
    as_json: bool,
    **common: Any,
) -> None:
    """Search the catalogue in words, with a picture, with both, or by likeness to titles.

    A running service is asked; without one the index is opened here.

    \b
    Examples:
      animevec search "bounty hunters in space, not a movie, before 2005"
      animevec search "like Naruto but lighter" --filter type=TV --limit 10 --offset 10
      animevec search --picture screenshot.png
      animevec search "the same, but in winter" --picture screenshot.png --weight 0.7
      animevec search --like mal:1 --like mal:5 --unlike mal:20 --exclude-franchise
    """
    from animevec.search.request import MultimodalSearch, SimilarSearch
    from animevec.settings import Settings

    _refuse_mixed(query or picture, like, unlike)
    if filters:
        common["filters"] = {"and": [condition(text) for text in filters]}
    asked: MultimodalSearch | SimilarSearch
    if like:
        common |= {"positive": like, "negative": unlike, "mode": mode, "metric": metric}
        common["exclude_franchise"] = exclude_franchise
        asked = _valid(SimilarSearch, common)
    else:
        common |= {"understand": []} if literal else {}
        common |= {"picture": picture.read_bytes() if picture else None, "weight": weight}
        asked = _valid(MultimodalSearch, {"query": query, **common})
    result = ask(Settings(), asked)
    if as_json:
        click.echo(result.model_dump_json(indent=2))
    else:
        show(result, asked.offset + 1)


def _refuse_mixed(words: object, like: tuple[str, ...], unlike: tuple[str, ...]) -> None:
    if not words and not like:
        raise click.UsageError('say what to look for: words, --picture or --like ("-h" shows how)')
    if words and (like or unlike):
        raise click.UsageError("--like and --unlike are asked without words and without --picture")


def _valid(kind: type[Asked], values: dict[str, Any]) -> Asked:
    from pydantic import ValidationError

    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise click.UsageError(refusal(error.errors()).message) from error


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


def show(result: "SearchResult", first: int = 1) -> None:
    """The answer as a table, with what was read out of the words above it.

    ``first`` is the place of the first hit: 1 unless hits before it were skipped.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    for line in _read_as(result):
        console.print(line, style="dim")
    table = Table(box=None, pad_edge=False)
    for column in ("", "title", "year", "type", "score", "why"):
        wide = column in ("title", "why")
        table.add_column(column, overflow="fold", no_wrap=not wide, ratio=1 if wide else None)
    for place, hit in enumerate(result.hits, start=first):
        record = hit.record
        why = hit.explanation.sentence if hit.explanation else None
        reasons = [f"{c.name} {c.share:.0%}" for c in hit.channels]
        if hit.folded:
            reasons.append(f"{len(hit.folded)} more of the franchise")
        table.add_row(
            str(place),
            record.title_english or record.title,
            str(record.year or ""),
            record.type.value,
            f"{hit.score:.3f}",
            f"{hit.match}: {', '.join(reasons)}" + (f"\n{why}" if why else ""),
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
