"""What commands show: bars on standard error; tables and JSON on standard output."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from animevec.progress import Progress

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@contextmanager
def bar(
    label: str, quiet: bool = False, *, total: int | None = None, of_bytes: bool = False
) -> Iterator["Progress"]:
    """A progress bar on standard error while the work goes on.

    Nothing is drawn where ``quiet``, or where standard error is no terminal.  ``total`` is what
    there is to do, as far as it is known beforehand; ``of_bytes`` counts megabytes.
    """
    from rich import progress
    from rich.console import Console

    counted = progress.DownloadColumn() if of_bytes else progress.MofNCompleteColumn()
    times = progress.TimeElapsedColumn(), progress.TimeRemainingColumn()
    words = progress.TextColumn("{task.description}", markup=False)
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = words, progress.BarColumn(), counted, *times
    with progress.Progress(*columns, console=console, disable=hidden, transient=True) as shown:
        task = shown.add_task(label, total=total)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def answer(facts: Any, as_json: bool, show: Callable[[], None]) -> None:
    """Print ``facts`` as JSON, or ``show`` them to a person."""
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))
    else:
        show()


def rows(found: Sequence[Mapping[str, Any]], as_json: bool, nothing: str = "nothing yet") -> None:
    """Print rows of the same fields, as JSON or as a table; ``nothing`` where there are none."""

    def show() -> None:
        if found:
            table(list(found[0]), [list(row.values()) for row in found])
        else:
            click.echo(nothing)

    answer(found, as_json, show)


def table(columns: Sequence[str], cells: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Print a table; cells are taken as they read, brackets included."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in cells:
        shown.add_row(*(Text(_cell(value)) for value in row))
    Console().print(shown)


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
