"""A served index is rebuilt in a process of its own: the swap, its errors, and its end."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from animevec.assembly import Assembly
from animevec.errors import ModelError, Unavailable
from animevec.index.base import Query
from animevec.index.document import TEXT
from animevec.lineup import open_assembly
from animevec.rebuilding import order, rebuild_apart
from tests.service.conftest import settings_at


@pytest.fixture
def assembly(home: Path) -> Iterator[Assembly]:
    with open_assembly(settings_at(home)) as opened:
        yield opened


def test_a_rebuild_swaps_and_keeps_the_index_before(assembly: Assembly) -> None:
    first, points = assembly.live, assembly.store.count(assembly.live)
    told: list[tuple[int, int | None]] = []
    report = rebuild_apart(assembly, lambda done, total: told.append((done, total)))
    assert assembly.live == report.name != first
    assert told[-1] == (points, points) == (report.points, report.points)
    [hit] = list(assembly.store.scroll(assembly.live, with_vectors=(TEXT,)))[:1]
    [found] = assembly.store.query_batch(assembly.live, [Query(hit.vectors[TEXT], TEXT, 1)])
    assert found[0].id == hit.id
    assert sorted(assembly.store.names()) == sorted([first, report.name])


def test_what_the_build_raises_is_raised_here_and_the_index_stays(assembly: Assembly) -> None:
    text = assembly.release.text.model_copy(update={"revision": "another"})
    other = replace(assembly, release=assembly.release.model_copy(update={"text": text}))
    live = assembly.live
    with pytest.raises(ModelError, match="at revision another"):
        rebuild_apart(other)
    assert assembly.live == live


def test_a_build_that_says_nothing_is_an_error(assembly: Assembly) -> None:
    settings = assembly.settings.model_copy(update={"home": Path("/proc/nowhere")})
    with pytest.raises(Unavailable, match="ended with status 1"):
        rebuild_apart(replace(assembly, settings=settings))


def test_the_child_ends_with_the_service(assembly: Assembly) -> None:
    command = [sys.executable, "-m", "animevec.rebuilding"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.communicate(f"{order(assembly)}\n".encode(), timeout=60)
    assert child.returncode == 1
