"""``animevec catalog`` as a person and as a program uses it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from animevec.cli.main import main
from tests.catalog.rows import HEADER, mal_row

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environment = {"ANIMEVEC_HOME": str(tmp_path / "home"), "COLUMNS": "120"}

    def run(*arguments: object) -> Result:
        words = ["catalog", *map(str, arguments)]
        return CliRunner().invoke(main, words, env=environment)

    return run


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    texts = [json.dumps(row) for row in (mal_row(1), {"mal_id": 2}, mal_row(3))]
    file.write_text("\n".join(texts))
    return file


def test_import_says_what_it_did_and_what_it_refused(run: Run, rows: Path) -> None:
    result = run("import", rows)
    assert result.exit_code == 3
    assert "3 rows of mal: 2 created, 0 updated, 0 unchanged, 1 refused" in result.stdout
    assert "line 2: field 'title' is missing" in result.stderr
    assert "imported already; --force" in run("import", rows).stdout


def test_import_speaks_json(run: Run, rows: Path) -> None:
    report = json.loads(run("import", rows, "--json").stdout)
    assert (report["format"], report["created"]) == ("mal", 2)
    assert report["errors"] == [{"line": 2, "reason": "field 'title' is missing"}]


def test_rows_of_a_document_are_not_called_lines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([mal_row(1), {"mal_id": 2}]))
    result = run("import", tmp_path / "rows.json")
    assert result.exit_code == 3
    assert "row 2: field 'title' is missing" in result.stderr


def test_an_import_of_no_title_is_a_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps(HEADER))
    result = run("import", tmp_path / "rows.json")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: rows.json holds no title")


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("import", tmp_path / "none.jsonl")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: there is no file")


def test_a_catalogue_that_cannot_be_opened(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database, but as long as a header is" * 100)
    result = run("--url", f"sqlite:///{tmp_path / 'notes.db'}", "stats")
    assert (result.exit_code, "file is not a database" in result.stderr) == (1, True)


def test_look_up_change_and_delete(run: Run, rows: Path, tmp_path: Path) -> None:
    run("import", rows)
    assert "Hoshi no Kaze 1" in run("get", "mal:1").stdout
    record = json.loads(run("get", "mal:1", "--json").stdout)
    assert record["keys"]["mal"] == "1"
    deleted = run("delete", "mal:1", "--reason", "mistake", "--yes")
    assert (deleted.exit_code, f"mal:1: {record['id']}" in deleted.stdout) == (0, True)
    assert run("get", "mal:1").exit_code == 1
    for key in (record["id"], "mal:1"):
        versions = json.loads(run("history", key, "--json").stdout)
        assert [(v["kind"], v["reason"]) for v in versions] == [
            ("upsert", ""),
            ("delete", "mistake"),
        ]
        assert "mistake" in run("history", key).stdout
    stats = json.loads(run("stats", "--json").stdout)
    assert (stats["titles"], stats["types"]) == (1, {"SPECIAL": 1})
    assert "1 titles at revision 3" in run("stats").stdout


def test_delete_tells_programs_the_ids(run: Run, rows: Path) -> None:
    run("import", rows)
    id = json.loads(run("get", "mal:1", "--json").stdout)["id"]
    report = json.loads(run("delete", "mal:1", "--reason", "mistake", "--yes", "--json").stdout)
    assert report == {"deleted": 1, "ids": [id], "revision": 3}


def test_a_deleted_title_is_left_out_of_an_import_until_it_is_revived(run: Run, rows: Path) -> None:
    run("import", rows)
    run("delete", "mal:1", "--reason", "licence withdrawn", "--yes")
    result = run("import", rows, "--force")
    assert "1 deleted earlier, left out; --revive brings them back" in result.stdout
    assert json.loads(run("import", rows, "--json").stdout)["left_out"] == 1
    assert run("get", "mal:1").exit_code == 1
    result = run("import", rows, "--revive")
    assert "1 created" in result.stdout and "left out" not in result.stdout
    assert run("get", "mal:1").exit_code == 0


def test_a_deleted_title_leaves_no_picture(run: Run, rows: Path, tmp_path: Path) -> None:
    covers, other = tmp_path / "covers", f"sqlite:///{tmp_path / 'other.db'}"
    covers.mkdir()
    for number, colour in ((1, "red"), (3, "blue")):
        Image.new("RGB", (30, 40), colour).save(covers / f"{number}.png")
    for url in ((), ("--url", other)):
        run(*url, "import", rows, "--pictures", covers)
    kept = tmp_path / "home" / "pictures"
    assert len([*kept.iterdir()]) == 2
    run("--url", other, "delete", "mal:1", "--reason", "x", "--yes")
    assert len([*kept.iterdir()]) == 2, "the settings' catalogue still names it"
    run("delete", "mal:1", "--reason", "x", "--yes")
    assert [file.read_bytes() for file in kept.iterdir()] == [(covers / "3.png").read_bytes()]


def test_delete_asks_first(run: Run, rows: Path) -> None:
    run("import", rows)
    assert run("delete", "mal:1", "--reason", "mistake").exit_code == 1
    assert run("get", "mal:1").exit_code == 0


def test_export_can_be_imported_elsewhere(run: Run, rows: Path, tmp_path: Path) -> None:
    run("import", rows)
    out = tmp_path / "out.jsonl.gz"
    assert "2 titles written" in run("export", out).stdout
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert run("--url", other, "import", out).exit_code == 0
    assert json.loads(run("--url", other, "stats", "--json").stdout)["titles"] == 2


@pytest.mark.parametrize(
    ("key", "message"),
    [("mal:99", "has no title mal:99"), ("bebop", "neither an id nor a provider key")],
)
def test_a_key_nobody_knows(run: Run, key: str, message: str) -> None:
    for command in ("get", "history"):
        result = run(command, key)
        assert (result.exit_code, message in result.stderr) == (1, True)


@pytest.mark.parametrize("command", ["import", "export", "stats", "get", "history", "delete"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5
