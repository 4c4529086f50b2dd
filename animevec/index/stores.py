"""The vector store that the settings name."""

from pathlib import Path

from animevec.index.base import VectorStore
from animevec.settings import IndexSettings


def open_store(settings: IndexSettings, path: Path) -> VectorStore:
    """The embedded engine under ``path``, or the server at ``settings.url``."""
    if settings.engine == "server":
        from animevec.index.server import ServerStore

        return ServerStore(settings)
    from animevec.index.edge import EmbeddedStore

    return EmbeddedStore(path, settings)
