"""The search engine: one object, thread-safe, that answers every kind of search."""

from collections.abc import Sequence

from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.index.base import VectorStore
from animevec.release import Release
from animevec.search.request import MultimodalSearch, PictureSearch, SimilarSearch, TextSearch
from animevec.search.response import BatchOutcome, Hit, RankerInfo, SearchResult
from animevec.settings import Settings


class SearchEngine:
    """Answers from one release's index and the catalogue it was built from."""

    def __init__(
        self,
        catalog: Catalog,
        store: VectorStore,
        text: Encoder,
        picture: Encoder | None,
        lexical: Encoder | None,
        release: Release,
        settings: Settings,
    ) -> None: ...

    def text(self, search: TextSearch) -> SearchResult:
        """Titles for words."""
        raise NotImplementedError

    def picture(self, search: PictureSearch) -> SearchResult:
        """Titles for a picture."""
        raise NotImplementedError

    def multimodal(self, search: MultimodalSearch) -> SearchResult:
        """Titles for words and a picture, or for the one given."""
        raise NotImplementedError

    def by_id(self, reference: str) -> Hit:
        """One title by id or provider key; ``NotFound`` if the catalogue has it not."""
        raise NotImplementedError

    def similar(self, search: SimilarSearch) -> SearchResult:
        """Titles like the positive and unlike the negative references."""
        raise NotImplementedError

    def similar_batch(self, searches: Sequence[SimilarSearch]) -> list[BatchOutcome]:
        """One outcome per search, in order; one that fails hurts no other."""
        raise NotImplementedError

    def rankers(self) -> list[RankerInfo]:
        """The rankers a request may name."""
        raise NotImplementedError

    def refresh(self) -> int:
        """Catch up with the catalogue (titles, franchises, vocabulary); returns its revision."""
        raise NotImplementedError
