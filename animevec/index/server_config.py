"""Settings and schema in the server's vocabulary, and the schema read back from it."""

from typing import Any

from qdrant_client import models

from animevec.errors import InvalidRequest
from animevec.index.base import DenseSpec, Distance, IndexSchema, PayloadType, Query
from animevec.index.graph import EDGES, EF_CONSTRUCT, LINKED, scanned_kb
from animevec.settings import IndexSettings

DISTANCES = {
    Distance.COSINE: models.Distance.COSINE,
    Distance.DOT: models.Distance.DOT,
    Distance.EUCLID: models.Distance.EUCLID,
}
MEMORY = models.Memory.PINNED
QUANTIZATION: dict[str, models.QuantizationConfig | None] = {
    "none": None,
    "int8": models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, quantile=0.99, memory=MEMORY
        )
    ),
    "turbo4": models.TurboQuantization(
        turbo=models.TurboQuantQuantizationConfig(
            bits=models.TurboQuantBitSize.BITS4, memory=MEMORY
        )
    ),
    "turbo1": models.TurboQuantization(
        turbo=models.TurboQuantQuantizationConfig(
            bits=models.TurboQuantBitSize.BITS1, memory=MEMORY
        )
    ),
    "binary": models.BinaryQuantization(binary=models.BinaryQuantizationConfig(memory=MEMORY)),
}
# The server itself refuses what a schema has no index for, also from other clients.
STRICT = models.StrictModeConfig(
    enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False
)
# Only collections of this platform have it in their metadata.
WATERMARK = "watermark"
ENCODERS = "encoders"


def collection(schema: IndexSchema, settings: IndexSettings) -> dict[str, Any]:
    """The arguments of ``create_collection``; a server keeps a graph from the start."""
    return {
        "vectors_config": {
            name: models.VectorParams(size=spec.size, distance=DISTANCES[spec.distance])
            for name, spec in schema.dense.items()
        },
        "sparse_vectors_config": {
            name: models.SparseVectorParams(
                modifier=models.Modifier.IDF if name in schema.idf else None
            )
            for name in schema.sparse
        },
        "hnsw_config": models.HnswConfigDiff(
            m=EDGES, ef_construct=EF_CONSTRUCT, full_scan_threshold=scanned_kb(schema, settings)
        ),
        "quantization_config": QUANTIZATION[settings.quantization],
        "strict_mode_config": STRICT,
        "metadata": {WATERMARK: 0, ENCODERS: schema.encoders},
    }


def field_params(field: str, kind: PayloadType) -> models.PayloadSchemaParams:
    """How a payload field is indexed; only the broad fields get links in the graph."""
    linked = field in LINKED
    match kind:
        case PayloadType.KEYWORD:
            keyword = models.KeywordIndexType.KEYWORD
            return models.KeywordIndexParams(type=keyword, enable_hnsw=linked)
        case PayloadType.INTEGER:
            integer = models.IntegerIndexType.INTEGER
            return models.IntegerIndexParams(type=integer, enable_hnsw=linked)
        case PayloadType.FLOAT:
            decimal = models.FloatIndexType.FLOAT
            return models.FloatIndexParams(type=decimal, enable_hnsw=linked)
        case PayloadType.BOOL:
            return models.BoolIndexParams(type=models.BoolIndexType.BOOL, enable_hnsw=linked)


def search_params(settings: IndexSettings, query: Query) -> models.SearchParams:
    """How one query is searched: see the embedded engine's."""
    acorn = models.AcornSearchParams(enable=query.filter is not None)
    if query.exact or settings.quantization == "none":
        ignored = models.QuantizationSearchParams(ignore=True)
        return models.SearchParams(exact=query.exact, quantization=ignored, acorn=acorn)
    return models.SearchParams(
        quantization=models.QuantizationSearchParams(
            rescore=True, oversampling=settings.oversampling
        ),
        acorn=acorn,
    )


def is_index(info: models.CollectionInfo) -> bool:
    """Whether this platform made a collection; others may share its server."""
    return WATERMARK in (info.config.metadata or {})


def schema_of(name: str, info: models.CollectionInfo) -> IndexSchema:
    """The schema of a collection this platform created; indexes that others added are left out.

    Raises:
        InvalidRequest: a collection of somebody else.
    """
    vectors, sparse = info.config.params.vectors, info.config.params.sparse_vectors or {}
    if not is_index(info) or not isinstance(vectors, dict):
        raise InvalidRequest(
            f"collection {name!r} is somebody else's, no index of titles; use another name",
            name=name,
        )
    spaces = {theirs: ours for ours, theirs in DISTANCES.items()}
    kinds = {kind.value: kind for kind in PayloadType}
    return IndexSchema(
        dense={
            key: DenseSpec(params.size, spaces[params.distance]) for key, params in vectors.items()
        },
        sparse=tuple(sparse),
        payload={
            key: kinds[index.data_type.value]
            for key, index in info.payload_schema.items()
            if index.data_type.value in kinds
        },
        idf=tuple(key for key, params in sparse.items() if params.modifier == models.Modifier.IDF),
        encoders=(info.config.metadata or {}).get(ENCODERS),
    )
