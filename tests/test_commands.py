"""Every command of ``animevec`` explains itself at once, and all show things in one way."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from animevec.cli import terminal
from animevec.cli.main import main

HEAVY = {"torch", "transformers", "mlflow", "prefect", "numpy", "pydantic", "rich", "sqlalchemy"}


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


COMMANDS = dict(commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_does(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("name", sorted({path[0] for path in COMMANDS} - {"down"}))
def test_examples_can_be_copied(name: str) -> None:
    found = CliRunner().invoke(main, [name, "--help"])
    assert f"Example{found.output.partition('Example')[2]}".strip() != "Example"
    assert f"  animevec {name}" in found.output.partition("Example")[2]


def test_defaults_are_shown() -> None:
    found = CliRunner().invoke(main, ["search", "--help"], terminal_width=120).output
    assert "[default: 10; 1<=x<=100]" in found
    assert "[default: (the release's)]" in found


def test_help_waits_for_no_library() -> None:
    asked = "import sys; from animevec.cli.main import main; main(['-h'], standalone_mode=False);"
    told = f"print(sorted({HEAVY} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", asked + told], capture_output=True, text=True, check=True
    )
    assert "search" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_bar_is_drawn_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    _work(quiet=False)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    _work(quiet=True)
    assert capsys.readouterr() == ("", "")
    _work(quiet=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "reading [3]" in err


def _work(quiet: bool) -> None:
    with terminal.bar("reading [3]", quiet) as progress:
        progress(1, 2)
        progress(2, 2)


def test_cells_keep_their_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(["why"], [["[red] ones"]], "Titles")
    out = capsys.readouterr().out
    assert "Titles" in out
    assert "[red] ones" in out


def test_rows_are_for_people_or_programs(capsys: pytest.CaptureFixture[str]) -> None:
    found = [{"name": "宇宙", "aliases": ["live", "next"]}]
    terminal.rows(found, as_json=True)
    assert json.loads(capsys.readouterr().out) == found
    terminal.rows(found, as_json=False)
    assert "live, next" in capsys.readouterr().out
    terminal.rows([], as_json=False, nothing="no index yet")
    assert capsys.readouterr().out == "no index yet\n"
