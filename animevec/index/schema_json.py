"""An index schema as JSON, so that an index describes itself on disk."""

from typing import Any

from animevec.index.base import DenseSpec, Distance, IndexSchema, PayloadType


def dump_schema(schema: IndexSchema) -> dict[str, Any]:
    """The schema as JSON values."""
    return {
        "dense": {
            name: {"size": spec.size, "distance": spec.distance.value}
            for name, spec in schema.dense.items()
        },
        "sparse": list(schema.sparse),
        "idf": list(schema.idf),
        "payload": {key: kind.value for key, kind in schema.payload.items()},
        "encoders": schema.encoders,
    }


def load_schema(content: dict[str, Any]) -> IndexSchema:
    """The schema that :func:`dump_schema` wrote."""
    return IndexSchema(
        dense={
            name: DenseSpec(spec["size"], Distance(spec["distance"]))
            for name, spec in content["dense"].items()
        },
        sparse=tuple(content["sparse"]),
        payload={key: PayloadType(kind) for key, kind in content["payload"].items()},
        idf=tuple(content["idf"]),
        encoders=content.get("encoders"),
    )
