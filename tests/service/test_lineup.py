"""Releases side by side: each answers with its own adapter, which leaves with its last release."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from animevec.assembly import Assembly, local_release
from animevec.encoders.base import Encoder
from animevec.errors import Conflict
from animevec.lineup import Lineup, open_lineup
from animevec.release import EncoderRef, Release
from animevec.search.request import TextSearch
from animevec.settings import Settings
from bentos.encoder_process import EncoderProcess
from registry.adapters import adapter_sha256
from tests.service.test_champion import make_adapter

NAME = "house"


@pytest.fixture(params=["here", "beside"])
def lineup(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Lineup]:
    """Over encoders in this process, and in one of their own."""
    if request.param == "here":
        with open_lineup(settings) as lineup:
            yield lineup
        return
    process = EncoderProcess(settings)
    try:
        with open_lineup(settings, load=process.load) as lineup:
            yield lineup
    finally:
        process.close()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two adapters."""
    return [make_adapter(tmp_path / f"{seed}", seed) for seed in (1, 2)]


def opened(lineup: Lineup, version: str, folder: Path) -> Assembly:
    """A release with an adapter that is called like everybody's, and an index of its own."""
    base, sha256 = local_release(lineup.settings), adapter_sha256(folder)
    named = {"adapter": NAME, "adapter_sha256": sha256}
    text = EncoderRef.model_validate(base.text.model_dump() | named)
    release = Release(version=version, text=text, picture=base.picture, index=f"of-{sha256[:8]}")
    if lineup.store.resolve(release.index) is None:
        lineup.build(release, {NAME: folder})
    return lineup.open(release, {NAME: folder})


def closeness(assembly: Assembly) -> list[float]:
    """How near each hit's text vector is to that of a query."""
    hits = assembly.engine.text(TextSearch(query="a boy robot with a heart", limit=3)).hits
    return [one.score for hit in hits for one in hit.channels if one.name == "text"]


def loaded(encoder: Encoder) -> set[str]:
    """The adapters on an encoder, by hash."""
    return set(encoder.adapters.names)  # type: ignore[attr-defined]


def test_two_adapters_of_one_name_are_two(lineup: Lineup, folders: list[Path]) -> None:
    first, second = (opened(lineup, f"{n}", folder) for n, folder in enumerate(folders))
    assert closeness(first) != closeness(second)


def test_an_adapter_leaves_with_the_last_release_that_uses_it(
    lineup: Lineup, folders: list[Path]
) -> None:
    first, second = (adapter_sha256(folder) for folder in folders)
    before = closeness(opened(lineup, "1", folders[0]))
    opened(lineup, "2", folders[0])
    encoder = opened(lineup, "3", folders[1]).encoders.text

    lineup.close("1")
    assert loaded(encoder) == {first, second}
    lineup.close("2")
    assert loaded(encoder) == {second}
    assert closeness(opened(lineup, "1", folders[0])) == before


def test_what_cannot_be_opened_leaves_no_adapter(lineup: Lineup, folders: list[Path]) -> None:
    encoder = opened(lineup, "1", folders[0]).encoders.text
    release = lineup.open(local_release(lineup.settings)).release  # its index is without adapters
    named = {"adapter": NAME, "adapter_sha256": adapter_sha256(folders[1])}
    text = EncoderRef.model_validate(release.text.model_dump() | named)
    with pytest.raises(Conflict):
        lineup.open(release.model_copy(update={"version": "2", "text": text}), {NAME: folders[1]})
    assert loaded(encoder) == {adapter_sha256(folders[0])}
