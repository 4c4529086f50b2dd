"""Encoding spread over tasks gives what encoding in one process gives, in the same order."""

from pathlib import Path

import numpy as np
import pytest
from prefect import flow
from prefect.testing.utilities import prefect_test_harness

from animevec.encoders.base import Embedding, Item, Outcome, TextItem
from animevec.encoders.load import load_encoder
from animevec.settings import EncoderSettings, FlowSettings, Settings
from flows.encoding import SpreadEncoder, encode_chunk, spread, task_runner

THREADS = "prefect.task_runners:ThreadPoolTaskRunner"
ITEMS: list[Item] = [TextItem(f"the {n}th story of a lighthouse") for n in range(130)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    flows = FlowSettings(task_runner=THREADS, task_runner_options={"max_workers": 2})
    return Settings(home=tmp_path, encoders=EncoderSettings(threads=1), flows=flows)


def same(ours: list[Outcome], theirs: list[Outcome]) -> bool:
    assert len(ours) == len(theirs)
    return all(
        isinstance(a, Embedding)
        and isinstance(b, Embedding)
        and np.allclose(np.asarray(a.dense), np.asarray(b.dense), atol=1e-5)
        for a, b in zip(ours, theirs, strict=True)
    )


def test_a_worker_encodes_as_this_process_does(settings: Settings) -> None:
    here = load_encoder("minilm", settings).encode(ITEMS[:3])
    assert same(encode_chunk(settings, "minilm", {}, ITEMS[:3]), here)


@pytest.mark.slow
def test_chunks_come_back_in_order(settings: Settings) -> None:
    encoder = spread(settings)("minilm")
    assert isinstance(encoder, SpreadEncoder)

    @flow(task_runner=task_runner(settings.flows))
    def spread_out() -> list[Outcome]:
        return encoder.encode(ITEMS)

    with prefect_test_harness(server_startup_timeout=120):
        found = spread_out()
    assert same(found, load_encoder("minilm", settings).encode(ITEMS))
