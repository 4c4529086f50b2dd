"""Settings and schema in the embedded engine's own configuration types."""

# Aliases of the engine's type stubs do not exist when the program runs.
from __future__ import annotations

from collections.abc import Callable

import qdrant_edge as edge

from animevec.index.base import Distance, IndexSchema, PayloadType, Query
from animevec.index.graph import EDGES, EF_CONSTRUCT, LINKED, scanned_kb
from animevec.settings import IndexSettings

DISTANCES = {
    Distance.COSINE: edge.Distance.Cosine,
    Distance.DOT: edge.Distance.Dot,
    Distance.EUCLID: edge.Distance.Euclid,
}
# Payload indexes are mapped: rebuilding them in memory took two thirds of opening a shard.
MAPPED = edge.Memory.Cached
QUANTIZATION: dict[str, Callable[[], edge.QuantizationConfigType | None]] = {
    "none": lambda: None,
    "int8": lambda: edge.ScalarQuantizationConfig(
        type=edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Pinned
    ),
    "turbo4": lambda: edge.TurboQuantQuantizationConfig(
        bits=edge.TurboQuantBitSize.Bits4, memory=edge.Memory.Pinned
    ),
    "turbo1": lambda: edge.TurboQuantQuantizationConfig(
        bits=edge.TurboQuantBitSize.Bits1, memory=edge.Memory.Pinned
    ),
    "binary": lambda: edge.BinaryQuantizationConfig(memory=edge.Memory.Pinned),
}


FieldParams = edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams


def edge_config(schema: IndexSchema, settings: IndexSettings, points: int) -> edge.EdgeConfig:
    """The configuration of a shard of about ``points`` points.

    Below ``graph_from`` points there is no graph (m=0): the quantised codes are scanned and the
    best of them rescored exactly, which no filter can mislead.
    The write-ahead log stays on: without it the directory has no lock and every point since the
    last flush dies with the process.
    Opening a shard holds the interpreter lock, so little is read then: the codes and terms that
    every query scans.  The whole vectors, of which it rescores a few hundred, are only mapped.
    """
    return edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(
                size=spec.size, distance=DISTANCES[spec.distance], memory=edge.Memory.Cold
            )
            for name, spec in schema.dense.items()
        },
        sparse_vectors={
            name: edge.EdgeSparseVectorParams(
                modifier=edge.Modifier.Idf if name in schema.idf else None
            )
            for name in schema.sparse
        },
        hnsw_config=edge.HnswIndexConfig(
            m=EDGES if points >= settings.graph_from else 0,
            ef_construct=EF_CONSTRUCT,
            full_scan_threshold=scanned_kb(schema, settings),
        ),
        quantization_config=QUANTIZATION[settings.quantization](),
    )


def field_index(field: str, kind: PayloadType) -> edge.UpdateOperation:
    """The operation that indexes a payload field; run before the first point arrives."""
    return edge.UpdateOperation.create_field_index(field, _field_params(kind, field in LINKED))


def _field_params(kind: PayloadType, linked: bool) -> FieldParams:
    match kind:
        case PayloadType.KEYWORD:
            return edge.KeywordIndexParams(enable_hnsw=linked, memory=MAPPED)
        case PayloadType.INTEGER | PayloadType.BOOL:  # booleans: see PointCodec
            return edge.IntegerIndexParams(enable_hnsw=linked, memory=MAPPED)
        case PayloadType.FLOAT:
            return edge.FloatIndexParams(enable_hnsw=linked, memory=MAPPED)


def search_params(settings: IndexSettings, query: Query) -> edge.SearchParams:
    """How one query is searched.

    Rescoring is always asked for: int8 and 4-bit codes do not rescore by default.  Under a filter
    a graph is walked across what the filter drops (ACORN, Patel et al. 2024), where it keeps too
    many to be scanned (``scanned_kb``); else a filter that cuts the graph apart loses most hits
    without a word.
    """
    acorn = edge.AcornSearchParams(enable=query.filter is not None)
    if query.exact or settings.quantization == "none":
        return edge.SearchParams(
            exact=query.exact,
            quantization=edge.QuantizationSearchParams(ignore=True),
            acorn=acorn,
        )
    return edge.SearchParams(
        quantization=edge.QuantizationSearchParams(
            rescore=True, oversampling=settings.oversampling
        ),
        acorn=acorn,
    )
