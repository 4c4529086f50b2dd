"""``animevec release``: what is served, what could be, promotion, rollback, the audit trail."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option

if TYPE_CHECKING:
    from animevec.settings import Settings
    from registry.ledger import Promotion
    from registry.promotion import Diff, Promoter

why = click.option("--reason", default="", help="Why; kept in the audit trail.")


@click.group()
def release() -> None:
    """Releases of the search: encoders, index and ranking together, versions in MLflow.

    \b
    Examples:
      animevec release list
      animevec release diff 4
      animevec release promote 4 --reason "better on similarity"
      animevec release rollback
      animevec release export champion release.zip
    """


@release.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every release, newest first, with its aliases and its gate."""
    with _promoter() as promoter:
        aliases = promoter.releases.aliases()
        rows = [
            {
                "version": one.release.version,
                "aliases": [name for name, v in aliases.items() if v == one.release.version],
                "gate": one.gate,
                "text": one.tags["text_encoder"],
                "index": one.release.index,
                "created": one.created.isoformat(timespec="seconds"),
                "verdict": one.tags.get("verdict", ""),
            }
            for one in promoter.releases.list()
        ]
    terminal.rows(rows, as_json)


@release.command()
@click.argument("version")
@json_option
def diff(version: str, as_json: bool) -> None:
    """What promoting VERSION would change; nothing is changed."""
    with _promoter() as promoter:
        found = promoter.diff(version)
    terminal.answer(asdict(found), as_json, lambda: _print_diff(found))


@release.command()
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@why
@click.pass_context
def promote(context: click.Context, version: str, dry_run: bool, reason: str) -> None:
    """Make VERSION the champion; whatever fails leaves the old one serving."""
    if dry_run:
        context.invoke(diff, version=version, as_json=False)
        return
    with _promoter() as promoter:
        _done(promoter.promote(version, getpass.getuser(), reason))


@release.command()
@why
def rollback(reason: str) -> None:
    """Go back to the champion before this one."""
    with _promoter() as promoter:
        _done(promoter.rollback(getpass.getuser(), reason or "rollback"))


@release.command()
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    show_default="registry.keep_releases",
    help="Releases to keep beside those that an alias names.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(keep: int | None, yes: bool) -> None:
    """Remove releases that no alias names, with their indexes and what only they used.

    Says which would go, and asks.
    """
    from registry.retention import expendable
    from registry.retention import prune as run

    settings = _settings()
    kept = keep or settings.registry.keep_releases
    with _promoter() as promoter:
        going = expendable(promoter.releases, kept)
        for one in going:
            click.echo(f"release {one.release.version}: {one.release.index}, gate {one.gate}")
        if going and not yes:
            click.confirm("Remove them?", abort=True, err=True)
        done = run(settings, promoter.releases, promoter.audit, kept, getpass.getuser())
    click.echo(f"removed: {', '.join(done.removed) or 'nothing'}")
    for version, reason in done.kept.items():
        click.echo(f"kept release {version}: {reason}")


@release.command()
@click.argument("version")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(version: str, file: Path) -> None:
    """Write VERSION, or what an alias names, with its adapters to FILE for another machine."""
    from registry.bundle import export_release

    with _promoter() as promoter:
        found = promoter.releases.aliases().get(version, version)
        written = export_release(promoter.releases, promoter.releases.get(found), file)
    click.echo(
        f"{written}: {written.stat().st_size:,} bytes. There: animevec release import {file}"
    )


@release.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Register the release in FILE; its index and its gate are made anew here."""
    from registry.bundle import import_release

    with _promoter() as promoter:
        made = import_release(promoter.releases, file)
    click.echo(f"registered as release {made.version}. Next: the flows `embed` and `evaluate`")


@release.command()
@click.option("--event", metavar="KIND", help="Only events of this kind.")
@click.option("--limit", default=50, type=click.IntRange(1, 1000), help="How many at most.")
@json_option
def audit(event: str | None, limit: int, as_json: bool) -> None:
    """The audit trail, newest first."""
    with _promoter() as promoter:
        rows = [
            {
                "at": entry.at.isoformat(timespec="seconds"),
                "event": entry.event,
                "actor": entry.actor,
                "facts": json.dumps(entry.facts),
            }
            for entry in promoter.audit.entries(event, limit)
        ]
    terminal.rows(rows, as_json)


def _settings() -> "Settings":
    from animevec.settings import Settings

    return Settings()


@contextmanager
def _promoter() -> "Iterator[Promoter]":
    from registry.audit import AuditLog
    from registry.ledger import Ledger, records
    from registry.promotion import Promoter
    from registry.releases import Releases
    from registry.service import find_service

    settings = _settings()
    releases = Releases.of(settings)
    with records(settings) as engine:
        service = find_service(settings, releases)
        yield Promoter(releases, Ledger(engine), AuditLog(engine), service)


def _print_diff(found: "Diff") -> None:
    click.echo(f"{found.alias}: {found.previous} -> {found.version}, gate {found.gate}")
    for label, (before, after) in found.changes.items():
        click.echo(f"  {label}: {before} -> {after}")


def _done(promotion: "Promotion") -> None:
    click.echo(
        f"release {promotion.version} is {promotion.phase} as {promotion.alias} "
        f"(was {promotion.previous}). Back: animevec release rollback"
    )
