"""``animevec evaluate``: figures of this installation's answers, and the fit of its confidence."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option

if TYPE_CHECKING:
    from animevec.assembly import Assembly
    from evaluation.campaign import Campaign

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"

shared_option = click.option(
    "--shared",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=BESIDE if BESIDE.is_dir() else None,
    show_default="../shared/data beside the checkout",
    help="Folder of further judgements.",
)
most_option = click.option(
    "--queries",
    "most",
    default=500,
    type=click.IntRange(1),
    help="At most so many of each set, drawn by their ids.",
)


@click.group(invoke_without_command=True)
@click.option(
    "--set", "names", multiple=True, metavar="NAME", help="A set, or its first letters; repeatable."
)
@click.option(
    "--system",
    "only",
    multiple=True,
    metavar="NAME",
    help="A system beside the default one; repeatable.",
)
@shared_option
@most_option
@click.option("--report", type=click.Path(path_type=Path), help="Folder for HTML and JSON.")
@json_option
@click.option(
    "--markdown",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Document whose marked section is replaced by the figures.",
)
@click.pass_context
def evaluate(
    context: click.Context,
    names: tuple[str, ...],
    only: tuple[str, ...],
    shared: Path | None,
    most: int,
    report: Path | None,
    as_json: bool,
    markdown: Path | None,
) -> None:
    """Ask the judged queries that this catalogue can answer, and say how well it does.

    \b
    Examples:
      animevec evaluate --report out/
      animevec evaluate --set title-variants --system title
      animevec evaluate --markdown docs/evaluation.md
      animevec evaluate calibrate
    """
    if context.invoked_subcommand:
        return
    from evaluation import report as writing
    from evaluation.campaign import campaign

    with _installation() as assembly:
        found = campaign(assembly, shared, names, only, most, partial(terminal.bar, quiet=as_json))
    if as_json:
        click.echo(writing.as_json(found), nl=False)
    else:
        _show(found)
    if markdown:
        writing.write_markdown(found, markdown)
    if report:
        page = writing.write_report(found, report)
        click.echo(f"Report: {page}", err=True)


@evaluate.command()
@shared_option
@most_option
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the parameters; without it nothing is written.",
)
def calibrate(shared: Path | None, most: int, write: Path | None) -> None:
    """Fit stated probabilities to one half of the judged queries and test them on the other.

    The parameters that ship are in animevec/search/data/calibration.json.

    \b
    Example:
      animevec evaluate calibrate --write calibration.json
    """
    from evaluation.calibrate import fit

    with _installation() as assembly:
        fitted = fit(assembly, shared, most, terminal.bar)
    for half in fitted.halves:
        click.echo(
            f"{half.kind}: error {half.before:.3f} -> {half.after:.3f} on {half.held_out:,} hits "
            f"held out, fitted to {half.fitted_to:,} of {', '.join(half.sets)}"
        )
    if write:
        fitted.calibration.save(write)
        click.echo(f"Written to {write}.")


def _show(found: "Campaign") -> None:
    from evaluation.report import headline
    from evaluation.tables import tables

    click.echo(headline(found))
    for table in tables(found, slices=False):
        cells = [[value.replace("*", "") for value in row] for row in table.rows]
        terminal.table(table.columns, cells, table.title)


@contextmanager
def _installation() -> Iterator["Assembly"]:
    """The settings' own encoders over the live index; no query is encoded twice."""
    from animevec.assembly import local_release
    from animevec.lineup import open_lineup
    from animevec.settings import Settings
    from evaluation.remembering import Remembering

    settings = Settings()
    with open_lineup(settings, Remembering) as lineup:
        yield lineup.open(local_release(settings))
