"""Encoders in a process of their own: the same answers, its death is nobody else's."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from animevec.encoders.base import Embedding, Failure, Outcome, PictureItem, TextItem, View
from animevec.encoders.load import load_encoder
from animevec.errors import ModelError, NotFound, Unavailable, UnsupportedMedia
from animevec.settings import Settings
from bentos.encoder_process import EncoderProcess
from tests.service.conftest import CARD, settings_at
from tests.service.test_champion import make_adapter

NAME = CARD.name


def picture() -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "PNG")
    return out.getvalue()


ITEMS = [
    TextItem("a robot boy who fights for justice"),
    PictureItem(picture()),
    PictureItem(picture(), view=View.MIRRORED),
    PictureItem(b"no picture"),
]


@pytest.fixture(scope="module")
def place(built: Path) -> Settings:
    return settings_at(built)


@pytest.fixture
def process(place: Settings) -> Iterator[EncoderProcess]:
    process = EncoderProcess(place)
    yield process
    process.close()


def vectors(outcomes: list[Outcome]) -> np.ndarray:
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def child() -> psutil.Process:
    return next(
        one
        for one in psutil.Process().children()
        if one.status() != psutil.STATUS_ZOMBIE and "encoder_worker" in " ".join(one.cmdline())
    )


def test_it_answers_what_the_encoder_here_answers(process: EncoderProcess, place: Settings) -> None:
    beside, here = process.load(NAME), load_encoder(NAME, place)
    assert beside.card == here.card
    got, expected = beside.encode(ITEMS), here.encode(ITEMS)
    np.testing.assert_array_equal(vectors(got), vectors(expected))
    assert isinstance(got[3], Failure) and isinstance(got[3].error, UnsupportedMedia)
    assert got[3].error.details == getattr(expected[3], "error").details  # noqa: B009


def test_what_cannot_be_loaded_is_refused_with_the_reason(process: EncoderProcess) -> None:
    with pytest.raises(NotFound, match="no such card"):
        process.load("no such card")
    encoder = process.load(NAME)
    with pytest.raises(ModelError, match="adapter"):
        encoder.adapters.load("themes", Path("/nowhere"))  # type: ignore[attr-defined]
    assert encoder.adapters.names == ()  # type: ignore[attr-defined]
    assert len(vectors(encoder.encode(ITEMS))) == 3


def test_killed_under_load_it_starts_again_and_nobody_gets_an_error(
    process: EncoderProcess,
) -> None:
    encoder = process.load(NAME)
    expected = vectors(encoder.encode(ITEMS))
    right: list[bool] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            right.append(np.array_equal(vectors(encoder.encode(ITEMS)), expected))

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        try:
            wait_until(lambda: len(right) > 8)
            os.kill(child().pid, signal.SIGKILL)
            answered = len(right)
            wait_until(lambda: len(right) > answered + 16)
        finally:
            stop.set()
    assert [one.exception() for one in asking] == [None] * 8
    assert all(right)


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline, "not within 30 s"
        time.sleep(0.05)


def test_started_again_it_has_the_adapters_that_were_not_unloaded(
    process: EncoderProcess, tmp_path: Path
) -> None:
    encoder = process.load("minilm")
    for seed, name in enumerate(("old", "new")):
        encoder.adapters.load(name, make_adapter(tmp_path / name, seed))  # type: ignore[attr-defined]
    items = [TextItem("a robot boy", adapter=name) for name in ("new", "old")]
    assert len(vectors(encoder.encode(items))) == 2
    encoder.adapters.unload("old")  # type: ignore[attr-defined]
    for _ in range(2):
        new, old = encoder.encode(items)
        assert isinstance(new, Embedding)
        assert isinstance(old, Failure) and isinstance(old.error, NotFound)
        os.kill(child().pid, signal.SIGKILL)
    encoder.adapters.unload("old")  # type: ignore[attr-defined]
    assert encoder.adapters.names == ("new",)  # type: ignore[attr-defined]


def test_asked_after_the_end_it_says_so(place: Settings) -> None:
    process = EncoderProcess(place)
    encoder = process.load(NAME)
    process.close()
    with pytest.raises(Unavailable, match="stopping"):
        encoder.encode(ITEMS)


def test_it_does_not_outlive_its_parent(built: Path) -> None:
    program = (
        "import os, sys; from tests.service.conftest import settings_at; from pathlib import Path;"
        "from bentos.encoder_process import EncoderProcess;"
        "process = EncoderProcess(settings_at(Path(sys.argv[1])));"
        "print(process._child._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(built)], stdout=subprocess.PIPE, check=False
    )
    orphan = int(done.stdout)
    wait_until(lambda: not psutil.pid_exists(orphan))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no cores to choose here")
def test_one_core_is_kept_to_and_children_get_them_all() -> None:
    program = (
        "import os, subprocess, sys, threading; from animevec import cores;"
        "had = os.sched_getaffinity(0); wait = threading.Event();"
        "thread = threading.Thread(target=wait.wait); thread.start(); cores.keep_to_one();"
        "held = [os.sched_getaffinity(n) for n in (0, thread.native_id)]; wait.set();"
        "child = 'import os; from animevec import cores; cores.spread();"
        "print(sorted(os.sched_getaffinity(0)))';"
        "got = subprocess.check_output([sys.executable, '-c', child], text=True);"
        "assert [len(one) for one in held] == [1, 1] and held[0] == held[1], held;"
        "assert got.strip() == str(sorted(had)), got"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
