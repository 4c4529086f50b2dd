"""What travels to an encoder service and back arrives as it was; the topology works whole."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError

from animevec.encoders.base import (
    Embedding,
    Failure,
    Head,
    Item,
    PictureItem,
    SparseVector,
    Task,
    TextItem,
    View,
)
from animevec.encoders.cards import find_card
from animevec.errors import Unavailable, UnsupportedMedia
from bentos.opening import TRIES, RemoteEncoder
from bentos.wire import WireItem, WireOutcome
from tests.service.conftest import Served, copied, settings_at


@pytest.mark.parametrize(
    "item",
    [
        TextItem("進撃の巨人", Task.QUERY, frozenset({Head.DENSE, Head.SPARSE}), 256, "anime"),
        TextItem(""),
        PictureItem(b"\x00\xff" * 99, dimensions=512, view=View.MIRRORED),
    ],
)
def test_items_arrive_as_they_were(item: Item) -> None:
    packed = WireItem.of(item).model_dump_json()
    assert WireItem.model_validate_json(packed).item() == item


def test_outcomes_arrive_as_they_were() -> None:
    random = np.random.default_rng(0)
    sent = Embedding(
        5,
        random.normal(size=8).astype(np.float32),
        SparseVector(np.array([1, 2**32 - 1], np.uint32), np.array([0.5, 2], np.float32)),
        random.normal(size=(4, 3)).astype(np.float32),
        np.array([(0, 2), (2, 5), (6, 9), (9, 9)], np.int32),
    )
    got = WireOutcome.model_validate_json(WireOutcome.of(sent).model_dump_json()).outcome()
    assert isinstance(got, Embedding) and got.tokens == 5
    assert got.sparse is not None and sent.sparse is not None
    np.testing.assert_array_equal(got.dense, sent.dense)
    np.testing.assert_array_equal(got.colbert, sent.colbert)
    np.testing.assert_array_equal(got.spans, sent.spans)
    np.testing.assert_array_equal(got.sparse.indices, sent.sparse.indices)
    np.testing.assert_array_equal(got.sparse.values, sent.sparse.values)


def test_an_error_keeps_its_class_and_details() -> None:
    sent = Failure(UnsupportedMedia("not a picture", start="68 65"))
    got = WireOutcome.model_validate_json(WireOutcome.of(sent).model_dump_json()).outcome()
    assert isinstance(got, Failure) and isinstance(got.error, UnsupportedMedia)
    assert got.error.details == {"start": "68 65"}


@dataclass
class Closing:
    """An encoder service that closes the first connections instead of answering."""

    closes: int
    error: Exception = field(default_factory=ServerDisconnectedError)
    calls: int = 0

    def __call__(self, items: list[WireItem]) -> list[WireOutcome]:
        self.calls += 1
        if self.calls <= self.closes:
            raise self.error
        return [WireOutcome.of(Embedding(3)) for _ in items]


def test_a_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    service = Closing(closes=TRIES - 1)
    [found] = RemoteEncoder(find_card("minilm"), service).encode([TextItem("a robot")])
    assert isinstance(found, Embedding) and found.tokens == 3
    assert service.calls == TRIES


@pytest.mark.parametrize(
    ("error", "calls"), [(ServerDisconnectedError(), TRIES), (ClientPayloadError("cut off"), 1)]
)
def test_a_service_that_does_not_answer_is_unavailable(error: Exception, calls: int) -> None:
    service = Closing(closes=99, error=error)
    with pytest.raises(Unavailable, match="the encoder service of minilm does not answer"):
        RemoteEncoder(find_card("minilm"), service).encode([TextItem("a robot")])
    assert service.calls == calls


@pytest.fixture
def both(built: Path, tmp_path: Path) -> Iterator[list[Served]]:
    """Encoders in services of their own, and in a process beside the searches."""
    with ExitStack() as stack:
        services = [
            Served(settings_at(copied(built, tmp_path / topology), topology=topology))
            for topology in ("services", "own_process")
        ]
        for service in services:
            stack.callback(service.stop)
            service.start()
        yield services


@pytest.mark.slow
def test_encoders_in_services_of_their_own_answer_the_same(both: list[Served]) -> None:
    body = {"query": "a robot boy who fights for justice", "limit": 5}
    answers = [one.client.post("/api/v1/search", json=body).json() for one in both]
    ids = [[hit["id"] for hit in answer["hits"]] for answer in answers]
    assert ids[0] == ids[1]
    bad = both[0].client.post("/api/v1/search/image", json={"picture": "aGVsbG8gd29ybGQ="})
    assert (bad.status_code, bad.json()["error"]["code"]) == (415, "unsupported_media")
