"""The shape of the HNSW graph (Malkov and Yashunin 2018), the same in both engines."""

# Payload links in the graph for these only: links on every field cost several times the build,
# none at all lose most of the recall under a filter without saying so (docs/index.md).
LINKED = frozenset({"genres", "themes"})
# Edges per node, candidates while building, and the size below which a filter is scanned.
EDGES, EF_CONSTRUCT, FULL_SCAN_KB = 16, 100, 10_000
