"""What a graph still finds under a filter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from animevec.index import edge_config, server_config
from animevec.index.base import DenseSpec, IndexSchema, PayloadType, Point, Query
from animevec.index.edge import EmbeddedStore
from animevec.settings import IndexSettings
from tests.index.conftest import point_id

COUNT, SIZE, RANK, CLUSTERS, TYPES = 8_000, 2_048, 24, 10, 5
TOTAL = COUNT + 300  # the questions: a walk that ends in another cluster costs one of them whole
SECOND = models.FieldCondition(key="type", match=models.MatchValue(value="t1"))


@dataclass(frozen=True)
class Linked:
    """An index with a graph, what is in it, and questions."""

    store: EmbeddedStore
    folder: Path
    rows: np.ndarray
    types: np.ndarray
    questions: np.ndarray


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    """Ten clusters; a fifth of the titles are of each type."""
    rng = np.random.default_rng(0)
    centres, basis = 3 * rng.normal(size=(CLUSTERS, RANK)), rng.normal(size=(RANK, SIZE))
    latent = centres[rng.integers(CLUSTERS, size=TOTAL)] + 0.7 * rng.normal(size=(TOTAL, RANK))
    rows = latent @ basis
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    types = rng.integers(TYPES, size=COUNT)
    folder = tmp_path_factory.mktemp("graph")
    store = EmbeddedStore(folder, IndexSettings(graph_from=COUNT))
    schema = IndexSchema({"text": DenseSpec(SIZE)}, payload={"type": PayloadType.KEYWORD})
    store.create("titles", schema)
    points = [
        Point(point_id(number), {"text": row}, {"type": f"t{types[number]}"})
        for number, row in enumerate(rows[:COUNT])
    ]
    store.upsert("titles", points)
    store.optimize("titles")
    yield Linked(store, folder, rows[:COUNT], types, rows[COUNT:])
    store.close()


def test_a_graph_is_built_from_the_size_the_settings_name(linked: Linked) -> None:
    config = (linked.folder / "titles" / "shard-2" / "edge_config.json").read_text()
    assert '"m":16' in config.replace(" ", "")
    [hits] = linked.store.query_batch("titles", [Query(linked.rows[7], "text", 1)])
    assert hits[0].id == point_id(7)


def test_what_a_filter_keeps_of_few_is_scanned_and_whole(linked: Linked) -> None:
    assert recall(linked, [1]) == 1.0


def test_what_a_filter_keeps_of_many_is_found_in_the_graph(linked: Linked) -> None:
    assert recall(linked, [0, 1, 2, 3]) >= 0.97


def recall(linked: Linked, types: Sequence[int]) -> float:
    """Recall@10 under a filter on types that the graph has no links for, against exact numpy."""
    kept = np.flatnonzero(np.isin(linked.types, types))
    names = models.MatchAny(any=[f"t{one}" for one in types])
    filter = models.Filter(must=[models.FieldCondition(key="type", match=names)])
    shares = []
    for question in linked.questions:
        best = kept[np.argsort(-(linked.rows[kept] @ question))[:10]]
        [hits] = linked.store.query_batch("titles", [Query(question, "text", 10, filter=filter)])
        shares.append(len({point_id(int(one)) for one in best} & {hit.id for hit in hits}) / 10)
    return float(np.mean(shares))


@pytest.mark.parametrize("quantization", ["turbo4", "none"])
@pytest.mark.parametrize("filter", [None, models.Filter(must=[SECOND])])
@pytest.mark.parametrize("engine", [edge_config, server_config])
def test_both_engines_walk_across_what_a_filter_drops(
    engine: object, filter: models.Filter | None, quantization: str
) -> None:
    settings = IndexSettings.model_validate({"quantization": quantization})
    query = Query(np.zeros(4, np.float32), "text", 10, filter=filter)
    params = engine.search_params(settings, query)  # type: ignore[attr-defined]
    assert params.acorn.enable is (filter is not None)
