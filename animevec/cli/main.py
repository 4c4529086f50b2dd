"""Entry point: subcommands are found by entry point and imported only when used."""

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from animevec import __version__, quiet
from animevec.errors import AnimevecError


class Commands(click.Group):
    """A group whose members are the ``animevec.commands`` entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_plugins())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        plugin = _plugins().get(cmd_name)
        return None if plugin is None else plugin.load()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AnimevecError as error:
            click.secho(f"error: {error.message}", fg="red", err=True)
            sys.exit(1)


def _plugins() -> dict[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group="animevec.commands")}


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, prog_name="animevec")
def main() -> None:
    """Anime search by words, by picture, by both and by likeness.

    \b
    Examples:
      animevec up
      animevec search "bounty hunters drifting through space"
      animevec COMMAND -h
    """
    quiet.apply()
