"""``animevec catalog``: titles in, titles out, and what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option
from animevec.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from animevec.catalog.importers import ImportReport
    from animevec.catalog.record import Anime
    from animevec.catalog.store import Catalog, Version

SHOWN = 10  # errors in the summary; --json lists them all


@click.group()
@click.option("--url", metavar="URL", show_default="the settings'", help="Catalogue to use.")
@click.pass_context
def catalog(context: click.Context, url: str | None) -> None:
    """Titles: import, export, look up, delete.

    \b
    Examples:
      animevec catalog import anime.parquet
      animevec catalog import rows.jsonl.gz --pictures posters/
      animevec catalog stats
      animevec catalog get mal:1
      animevec catalog export backup.jsonl.gz
    """
    context.obj = url


@catalog.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", metavar="NAME", show_default="found out", help="Layout of the rows."
)
@click.option(
    "--pictures",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of covers named by a provider's id: 1.jpg, 5114.png, 30.webp.",
)
@click.option("--pictures-by", default="mal", help="Provider whose ids name the covers.")
@click.option("--force", is_flag=True, help="Start over, also after an import that finished.")
@click.option("--revive", is_flag=True, help="Bring back titles that were deleted.")
@json_option
@click.pass_obj
def import_(
    url: str | None,
    file: Path,
    format_: str | None,
    pictures: Path | None,
    pictures_by: str,
    force: bool,
    revive: bool,
    as_json: bool,
) -> None:
    """Import titles from FILE.

    JSON lines, a JSON document (an array, or an object with one as "data") or Parquet, plain or
    compressed with gzip or Zstandard, in one of these layouts: animevec (this project's own), mal
    (MyAnimeList-like fields) or anime-offline-database.  An import that was stopped goes on where
    it stopped; one that finished is not done twice.  Rows that cannot be read are reported and
    left out, and so are titles that were deleted here, except in the layout animevec.

    \b
    Exit code: 0 every row was imported, 3 some were refused, 1 nothing could be done (as with a
    file that holds no title).

    \b
    Examples:
      animevec catalog import anime-offline-database.jsonl.zst
      animevec catalog import titles.jsonl --format animevec --force
    """
    from animevec.catalog.importers import Pictures, import_file
    from animevec.settings import Settings

    settings = Settings()
    limit = settings.limits.image_bytes
    covers = Pictures(pictures, settings.pictures_path, pictures_by, limit) if pictures else None
    with _opened(url) as store, terminal.bar(f"importing {file.name}", as_json) as progress:
        report = import_file(
            store,
            file,
            format_,
            progress,
            actor="cli",
            pictures=covers,
            again=force,
            revive=revive,
        )
    terminal.answer(asdict(report), as_json, lambda: _print_import(report, file))
    if report.errors:
        raise SystemExit(3)


@catalog.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def export(url: str | None, file: Path, as_json: bool) -> None:
    """Export every title to FILE (.jsonl, .jsonl.gz or .parquet).

    \b
    Example:
      animevec catalog export backup/catalogue.jsonl.gz
    """
    from animevec.catalog.export import export_file

    with _opened(url) as store, terminal.bar(f"exporting {file.name}", as_json) as progress:
        titles = export_file(store, file, progress)
    terminal.answer(
        {"titles": titles, "file": str(file)},
        as_json,
        lambda: click.echo(f"{titles:,} titles written to {file} ({file.stat().st_size:,} bytes)"),
    )


@catalog.command("stats")
@json_option
@click.pass_obj
def stats(url: str | None, as_json: bool) -> None:
    """Count titles by type, status, decade and genre, and show which fields are filled.

    \b
    Example:
      animevec catalog stats --json
    """
    with _opened(url) as store:
        found = asdict(store.stats())
    terminal.answer(found, as_json, lambda: _print_stats(found))


@catalog.command("get")
@click.argument("key")
@json_option
@click.pass_obj
def get(url: str | None, key: str, as_json: bool) -> None:
    """Show one title by provider key or id.

    \b
    Examples:
      animevec catalog get mal:1
      animevec catalog get 8b4ee429-24a1-56bd-ab6c-4e8464a7eac5 --json
    """
    with _opened(url) as store:
        record = store.get(_found(store, key))
    assert record is not None, "resolved to a title"
    plain = record.model_dump(mode="json", exclude_defaults=True)
    terminal.answer(plain, as_json, lambda: _print_record(record))


@catalog.command("history")
@click.argument("key")
@json_option
@click.pass_obj
def history(url: str | None, key: str, as_json: bool) -> None:
    """Show who changed a title, and when; also of a deleted one.

    \b
    Example:
      animevec catalog history mal:1
    """
    with _opened(url) as store:
        gone = None if store.resolve(key) else store.deleted(key)
        versions = store.history(_id(key) or gone or _found(store, key))
    if not versions:
        raise NotFound(f"no title {key} was ever in the catalogue", key=key)
    terminal.rows([_version(version) for version in versions], as_json)


@catalog.command("delete")
@click.argument("keys", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; kept in the history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def delete(url: str | None, keys: tuple[str, ...], reason: str, yes: bool, as_json: bool) -> None:
    """Delete titles and their pictures; indexes that follow the catalogue drop them too.

    \b
    Example:
      animevec catalog delete mal:1 mal:5 --reason "licence withdrawn"
    """
    from animevec.catalog import leftovers
    from animevec.settings import Settings

    settings = Settings()
    with _opened(url) as store:
        ids = [_found(store, key) for key in keys]
        if not yes:
            click.confirm(f"Delete {len(set(ids))} titles?", abort=True, err=True)
        pictures = leftovers.files(store.get_many(ids).values())
        count = store.delete(ids, actor="cli", reason=reason)
        revision = store.revision()
        if url in (None, settings.catalog_url):  # the folder is that of the settings' catalogue
            leftovers.discard(store, pictures, settings.pictures_path)
    terminal.answer(
        {"deleted": count, "ids": list(map(str, ids)), "revision": revision},
        as_json,
        lambda: _print_deleted(dict(zip(keys, ids, strict=True)), count, revision),
    )


@contextmanager
def _opened(url: str | None) -> Iterator[Catalog]:
    from animevec.catalog.store import Catalog
    from animevec.settings import Settings

    with Catalog.open(url or Settings().catalog_url) as store:
        yield store


def _id(key: str) -> UUID | None:
    from uuid import UUID

    try:
        return UUID(key)
    except ValueError:
        return None


def _found(store: Catalog, key: str) -> UUID:
    id = store.resolve(key)
    if id is not None:
        return id
    if _id(key) is None and ":" not in key:
        raise InvalidRequest(f"{key!r} is neither an id nor a provider key such as mal:1", key=key)
    raise NotFound(f"the catalogue has no title {key}", key=key)


def _print_import(report: ImportReport, file: Path) -> None:
    if report.already:
        click.echo(f"{file.name} was imported already; --force imports it again")
    elif report.resumed_at:
        click.echo(f"went on after row {report.resumed_at:,}, where the last attempt stopped")
    click.echo(
        f"{report.rows:,} rows of {report.format}: {report.created:,} created, "
        f"{report.updated:,} updated, {report.unchanged:,} unchanged, "
        f"{len(report.errors):,} refused; revision {report.revision:,}"
    )
    if report.left_out:
        click.echo(f"{report.left_out:,} deleted earlier, left out; --revive brings them back")
    for error in report.errors[:SHOWN]:
        click.secho(f"  {report.unit} {error.line}: {error.reason}", fg="yellow", err=True)
    if len(report.errors) > SHOWN:
        click.secho(f"  and {len(report.errors) - SHOWN:,} more (--json lists all)", err=True)


def _print_deleted(ids: Mapping[str, UUID], count: int, revision: int) -> None:
    for key, id in ids.items():
        click.echo(f"{key}: {id}")
    click.echo(f"{count} deleted; the catalogue is at revision {revision:,}")


def _print_stats(found: Mapping[str, Any]) -> None:
    click.echo(f"{found['titles']:,} titles at revision {found['revision']:,}")
    for name in ("types", "statuses", "decades", "genres", "providers"):
        counts = [[key, f"{count:,}"] for key, count in found[name].items()]
        terminal.table([name, "titles"], counts)
    shares = sorted(found["completeness"].items(), key=lambda item: -item[1])
    terminal.table(["field", "filled"], [[name, f"{share:.1%}"] for name, share in shares])


def _print_record(record: Anime) -> None:
    plain = record.model_dump(mode="json", exclude_defaults=True)
    plain["titles"] = [f"{title.text} ({title.language})" for title in record.titles]
    terminal.table(["field", "value"], [[name, _shown(value)] for name, value in plain.items()])


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, list) and len(value) > 5:
        return f"{len(value)} of them (--json shows them)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _version(version: Version) -> dict[str, Any]:
    return {
        "revision": version.revision,
        "kind": version.kind,
        "at": version.at.isoformat(timespec="seconds"),
        "actor": version.actor,
        "reason": version.reason or "",
        "title": version.record.title if version.record else "",
    }
