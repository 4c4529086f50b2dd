"""Imports that bring pictures along: kept by content, told where one cannot be."""

from pathlib import Path

import pytest
from PIL import Image

from animevec.catalog.importers import Pictures, import_file
from animevec.catalog.store import Catalog
from animevec.errors import InvalidRequest
from tests.catalog.rows import mal_row, write


def _paint(path: Path, colour: str) -> None:
    Image.new("RGB", (30, 40), colour).save(path)


def test_pictures_are_kept_by_their_content(catalog: Catalog, tmp_path: Path) -> None:
    covers, kept = tmp_path / "covers", tmp_path / "kept"
    covers.mkdir()
    _paint(covers / "1.jpg", "red")
    _paint(covers / "2.png", "blue")
    (covers / "3.webp").write_text("no picture")
    (covers / "notes.txt").write_text("left alone")
    file = write(tmp_path / "rows", [mal_row(n) for n in (1, 2, 3, 4)])
    report = import_file(catalog, file, pictures=Pictures(covers, kept))
    assert [error.line for error in report.errors] == [3]
    assert "3.webp is no JPEG, PNG or WebP picture" in report.errors[0].reason
    assert catalog.count() == 4
    for number, name in ((1, "1.jpg"), (2, "2.png")):
        record = catalog.get(catalog.resolve(f"mal:{number}"))  # type: ignore[arg-type]
        assert record is not None
        (cover,) = record.pictures
        assert (cover.width, cover.height) == (30, 40)
        assert cover.url == f"https://example.org/{number}.jpg"
        assert (kept / str(cover.sha256)).read_bytes() == (covers / name).read_bytes()
    assert len(list(kept.iterdir())) == 2


def test_what_is_no_file_among_the_pictures_is_passed_over(
    catalog: Catalog, tmp_path: Path
) -> None:
    covers = tmp_path / "covers"
    (covers / "1.jpg").mkdir(parents=True)
    (covers / "2.jpg").symlink_to(tmp_path / "nowhere")
    _paint(covers / "3.png", "red")
    file = write(tmp_path / "rows", [mal_row(n) for n in (1, 2, 3)])
    pictures = Pictures(covers, tmp_path / "kept")
    report = import_file(catalog, file, pictures=pictures)
    assert (report.created, report.errors, list(pictures.files)) == (3, (), ["3"])


def test_a_picture_that_cannot_be_read_or_kept_is_told_and_its_title_imported(
    catalog: Catalog, tmp_path: Path
) -> None:
    covers, kept = tmp_path / "covers", tmp_path / "kept"
    covers.mkdir()
    kept.write_text("a file where the folder should be")
    _paint(covers / "1.png", "red")
    file = write(tmp_path / "rows", [mal_row(1)])
    report = import_file(catalog, file, pictures=Pictures(covers, kept))
    assert (report.created, len(report.errors)) == (1, 1)
    assert "picture 1.png was not kept: " in report.errors[0].reason


def test_pictures_added_later_are_not_taken_for_the_same_import(
    catalog: Catalog, tmp_path: Path
) -> None:
    covers = tmp_path / "covers"
    covers.mkdir()
    _paint(covers / "1.png", "red")
    file = write(tmp_path / "rows", [mal_row(1), mal_row(2)])
    import_file(catalog, file)
    report = import_file(catalog, file, pictures=Pictures(covers, tmp_path / "kept"))
    assert (report.already, report.updated, report.unchanged) == (False, 1, 1)
    report = import_file(catalog, file, again=True)
    assert report.unchanged == 2, "an address does not push a held file out"


def test_a_picture_too_large_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    _paint(tmp_path / "1.png", "red")
    pictures = Pictures(tmp_path, tmp_path / "kept", limit=10)
    report = import_file(catalog, write(tmp_path / "rows", [mal_row(1)]), pictures=pictures)
    assert "the limit is 10" in report.errors[0].reason
    with pytest.raises(InvalidRequest, match="no folder of pictures"):
        Pictures(tmp_path / "none", tmp_path)
