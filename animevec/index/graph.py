"""The shape of the HNSW graph (Malkov and Yashunin 2018), the same in both engines."""

from animevec.index.base import IndexSchema
from animevec.settings import IndexSettings

# Payload links in the graph for these only: links on every field cost several times the build,
# none at all lose most of the recall under a filter without saying so (docs/index.md).
LINKED = frozenset({"genres", "themes"})
EDGES, EF_CONSTRUCT = 16, 100  # edges per node, candidates while building


def scanned_kb(schema: IndexSchema, settings: IndexSettings) -> int:
    """Kilobytes of vectors below which what a filter keeps is scanned instead of walked.

    A filter cuts a graph into pieces, and the fewer titles it keeps the more pieces no walk
    reaches.  A scan finds everything; of a quarter of ``graph_from`` it is quick enough.
    """
    narrowest = min((spec.size for spec in schema.dense.values()), default=0)
    return max(1, settings.graph_from // 4 * narrowest * 4 // 1024)
