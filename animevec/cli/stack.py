"""``animevec up``, ``down`` and ``status``."""

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option


@click.command()
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["service", "mlflow", "prefect", "flows"]),
    show_default="what stack.processes names",
    help="Start this one alone; repeatable.",
)
def up(only: tuple[str, ...]) -> None:
    """Make the home ready, start everything, and print the addresses.

    The first time it imports the sample catalogue and builds the index; later it only starts what
    is not running.

    \b
    Examples:
      animevec up
      animevec up --only service --only mlflow
    """
    from rich.console import Console

    from animevec.settings import Settings
    from animevec.stack.rise import rise

    console = Console(highlight=False)
    rise(Settings(), console, only)


@click.command()
def down() -> None:
    """Stop everything that ``animevec up`` started; data stays."""
    from animevec.settings import Settings
    from animevec.stack.process import Supervisor
    from animevec.stack.table import every_process

    settings = Settings()
    supervisor = Supervisor(settings.home / "run")
    for process in reversed(every_process(settings)):
        stopped = supervisor.stop(process)
        click.echo(f"{process.name}: {'stopped' if stopped else 'was not running'}")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what runs, where, since when and with how much memory.

    \b
    Exit code: 0 everything is ready, 1 something is not.

    \b
    Example:
      animevec status --json
    """
    import sys

    from rich.console import Console

    from animevec.settings import Settings
    from animevec.stack.overview import overview, table

    rows = overview(Settings())
    facts = {row.name: row.as_json() for row in rows}
    terminal.answer(facts, as_json, lambda: Console(highlight=False).print(table(rows)))
    sys.exit(0 if all(row.state == "ready" for row in rows) else 1)
