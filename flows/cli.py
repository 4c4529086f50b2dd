"""``animevec enrich`` and ``animevec review``: titles out of six sources, and what they dispute."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option
from animevec.errors import InvalidRequest, NotFound
from animevec.validation import refusal

if TYPE_CHECKING:
    from uuid import UUID

    from animevec.catalog.store import Catalog
    from animevec.settings import Settings
    from flows.enrichment.report import RunReport
    from flows.enrichment.request import Enrich
    from flows.enrichment.review import Item
    from flows.enrichment.runner import Runner

SHOWN = 20  # rows in a summary; --json lists them all


@click.command()
@click.argument("titles", nargs=-1)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Whom to ask; repeatable.")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Which parts; repeatable.")
@click.option("--limit", default=1_000, help="Most titles of this run.")
@click.option(
    "--at-most",
    "limits",
    multiple=True,
    metavar="SOURCE=N",
    show_default="anidb=100",
    help="Most titles a source is asked about; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@json_option
def enrich(
    titles: tuple[str, ...],
    sources: tuple[str, ...],
    stages: tuple[str, ...],
    limit: int,
    limits: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Ask the sources about TITLES, or about whatever is due, and write what they agree on.

    A run that was stopped goes on where it stopped when the same one is started again.  Outages
    change nothing; what sources dispute waits in `animevec review list`.

    \b
    Exit code: 0 every title was merged, 3 some were not, 1 nothing could be done.

    \b
    Examples:
      animevec enrich mal:1 anilist:21 --dry-run
      animevec enrich --limit 500 --at-most anidb=50
      animevec enrich mal:1 --source jikan --stage statistics
    """
    import asyncio

    request = _request(titles, sources, stages, limit, limits, dry_run)
    with _opened() as (_, _, runner), terminal.bar("answers", as_json) as progress:
        report = asyncio.run(runner.run(request, progress))
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        _print_report(report)
    if report.troubles:
        raise SystemExit(3)


@click.group()
def review() -> None:
    """Values and ids that sources dispute: list them, accept one, or put another in its place.

    A title's id at a provider is the field keys.PROVIDER: "null" where it has no page there; set
    to the id it is known under, that page is the title's whatever ids it names.

    \b
    Examples:
      animevec review list
      animevec review accept mal:1 rating
      animevec review reject mal:1 rating --source kitsu
      animevec review reject mal:1 keys.anidb --value 23 --reason "the other is the film"
      animevec review set mal:1 episodes 26 --reason "the box says so"
      animevec review set mal:1 keys.kitsu null
      animevec review withdraw mal:1 episodes
    """


@review.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "accepted", "rejected", "all"]),
    default="open",
    help="Which ones to list.",
)
@click.option("--limit", default=100, type=click.IntRange(1, 10_000), help="How many at most.")
@json_option
def list_(state: str, limit: int, as_json: bool) -> None:
    """List the queue, the least sure first."""
    from flows.enrichment.ledger import leading
    from flows.enrichment.review import State

    with _opened() as (_, catalog, runner):
        items = runner.reviews.items(None if state == "all" else State(state), limit)
        records = catalog.get_many([item.id for item in items])
    keys = {id: leading(record.keys) for id, record in records.items()}
    terminal.answer(
        [_plain(item, keys.get(item.id)) for item in items],
        as_json,
        lambda: terminal.table(
            ["key", "title", "field", "in force", "others"],
            [
                [keys.get(i.id, i.id), i.title, i.field, f"{i.chosen}: {i.value}", _others(i)]
                for i in items
            ],
        ),
    )


@review.command("accept")
@click.argument("key")
@click.argument("field")
@click.option("--actor", default="cli", help="Who decides.")
def accept(key: str, field: str, actor: str) -> None:
    """Accept the value in force of FIELD of the title KEY; asked again if sources change."""
    from flows.enrichment import ruling

    with _opened() as (_, catalog, runner):
        item = ruling.accept(runner.reviews, _id(catalog, key), field, actor)
    click.echo(f"{item.title}: {field} stays {item.value} ({item.chosen})")


@review.command("reject")
@click.argument("key")
@click.argument("field")
@click.option("--source", metavar="NAME", help="Take the value of this source.")
@click.option("--value", metavar="JSON", help="Take this value.")
@click.option("--reason", help="Why; kept with the value.")
@click.option("--actor", default="cli", help="Who decides.")
def reject(
    key: str, field: str, source: str | None, value: str | None, reason: str | None, actor: str
) -> None:
    """Put another value in place of the one in force; no later run replaces it."""
    from flows.enrichment import policy, ruling

    with _opened() as (_, catalog, runner):
        id = _id(catalog, key)
        chosen = _chosen(runner.reviews.find(id, field), source, value)
        revision = ruling.reject(
            runner.reviews, catalog, policy.load(), id, field, chosen, actor, reason
        )
    click.echo(f"{key}: {field} is {chosen} from now on; revision {revision:,}")


@review.command("set")
@click.argument("key")
@click.argument("field")
@click.argument("value")
@click.option("--reason", help="Why; kept with the value.")
@click.option("--actor", default="cli", help="Who decides.")
def set_(key: str, field: str, value: str, reason: str | None, actor: str) -> None:
    """Set FIELD to VALUE (JSON, or plain text), disputed or not; no later run replaces it."""
    from flows.enrichment import policy, ruling

    with _opened() as (_, catalog, runner):
        id, chosen = _id(catalog, key), _json(value)
        revision = ruling.put(
            runner.reviews, catalog, policy.load(), id, field, chosen, actor, reason
        )
    click.echo(f"{key}: {field} is {chosen} from now on; revision {revision:,}")


@review.command("withdraw")
@click.argument("key")
@click.argument("field")
def withdraw(key: str, field: str) -> None:
    """Take back what was put in place of FIELD; from the next run on the sources speak again."""
    with _opened() as (_, catalog, runner):
        runner.reviews.withdraw(_id(catalog, key), field)
    click.echo(f"{key}: {field} is the sources' again; next: animevec enrich {key}")


def _request(
    titles: Sequence[str],
    sources: Sequence[str],
    stages: Sequence[str],
    limit: int,
    limits: Sequence[str],
    dry_run: bool,
) -> Enrich:
    from pydantic import ValidationError

    from flows.enrichment.request import Enrich

    budgets = {name: number for name, _, number in (each.partition("=") for each in limits)}
    given = {"titles": titles, "sources": sources, "stages": stages, "limits": budgets}
    chosen = {name: value for name, value in given.items() if value}
    try:
        return Enrich.model_validate(chosen | {"limit": limit, "dry_run": dry_run})
    except ValidationError as error:
        raise refusal(error.errors()) from error


@contextmanager
def _opened() -> Iterator[tuple[Settings, Catalog, Runner]]:
    from animevec.catalog.store import Catalog
    from animevec.settings import Settings
    from flows.enrichment.runner import Runner

    settings = Settings()
    with (
        Catalog.open(settings.catalog_url) as catalog,
        Runner(settings, catalog) as runner,
    ):
        yield settings, catalog, runner


def _id(catalog: Catalog, key: str) -> UUID:
    if (id := catalog.resolve(key)) is None:
        raise NotFound(f"the catalogue has no title {key}", key=key)
    return id


def _chosen(item: Item, source: str | None, value: str | None) -> Any:
    """The value to take: a source's, or the one given."""
    if (source is None) == (value is None):
        raise InvalidRequest("name either --source or --value")
    if source is not None:
        if source not in item.others:
            known = ", ".join(item.others)
            raise InvalidRequest(f"{source} says nothing else of {item.field}; others: {known}")
        return item.others[source]
    return _json(value or "")


def _json(value: str) -> Any:
    """A value given as JSON; plain text stands for itself."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _plain(item: Item, key: str | None) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "key": key,
        "title": item.title,
        "field": item.field,
        "chosen": item.chosen,
        "value": item.value,
        "others": dict(item.others),
        "confidence": item.confidence,
        "state": item.state.value,
        "at": item.at.isoformat(timespec="seconds"),
        "actor": item.actor,
    }


def _others(item: Item) -> str:
    return "; ".join(f"{source}: {value}" for source, value in item.others.items())


def _print_report(report: RunReport) -> None:
    if report.resumed_at:
        click.echo(f"went on after {report.resumed_at:,} titles that an attempt before this did")
    kinds = ("found", "not_found", "refused", "unreachable", "malformed")
    rows = [
        [source, *(counts.get(kind, 0) for kind in kinds), report.requests.get(source, 0)]
        for source, counts in report.outcomes.items()
    ]
    if rows:
        terminal.table(["source", *kinds, "requests"], rows)
    if report.changes:
        rows = [[c.title, c.field, _short(c.before), _short(c.after)] for c in report.changes]
        terminal.table(["title", "field", "before", "after"], rows)
    for trouble in report.troubles[:SHOWN]:
        click.secho(f"  {trouble.key}: {trouble.message}", fg="yellow", err=True)
    for key in report.orphans[:SHOWN]:
        click.secho(f"  {key} is gone from every source that had it; kept", fg="yellow", err=True)
    states = ", ".join(f"{count:,} {state}" for state, count in report.states.items())
    click.echo(
        f"{report.titles:,} titles in {report.seconds:.1f} s: {states or 'nothing is due'}; "
        f"{report.reviews:,} new for review; revision {report.revision:,}"
    )
    if report.dry_run:
        click.echo("nothing was written (--dry-run)")
    if report.report:
        click.echo(f"data quality: {report.report}/report.html")
    if report.reviews:
        click.echo("next: animevec review list")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
