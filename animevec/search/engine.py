"""The search engine: one object, thread-safe, that answers every kind of search."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from animevec.encoders.base import Encoder
from animevec.errors import AnimevecError, InvalidRequest, attempt
from animevec.index.base import VectorStore
from animevec.release import Release
from animevec.search.answer import Answerer
from animevec.search.encoding import QueryEncoders
from animevec.search.filters import Node
from animevec.search.hydration import summary
from animevec.search.planning import Planner
from animevec.search.rankers import Ranker, listed, ranker
from animevec.search.request import (
    MultimodalSearch,
    PictureSearch,
    Search,
    SimilarSearch,
    TextSearch,
)
from animevec.search.response import BatchOutcome, Hit, RankerInfo, SearchResult
from animevec.search.similarity import Likeness
from animevec.search.stopwatch import Stopwatch
from animevec.search.view import CatalogueView
from animevec.settings import Settings


class SearchEngine:
    """Answers from one release's index and a view of the catalogue, which engines may share.

    ``lexical`` None means that the text encoder has a sparse head of its own; ``picture`` None
    that the release has no pictures.  The encoders' ``encode`` is called once per search.
    """

    def __init__(
        self,
        view: CatalogueView,
        store: VectorStore,
        text: Encoder,
        picture: Encoder | None,
        lexical: Encoder | None,
        release: Release,
        settings: Settings,
    ) -> None:
        self._settings = settings
        self._text = text
        self._default = release.ranking.ranker
        self._view = view
        encoders = QueryEncoders(text, picture, lexical, release, settings.limits)
        self._likeness = Likeness(store, view, release, lexical is None)
        self._planner = Planner(store, view, encoders, release, settings, self._likeness)
        self._answerer = Answerer(store, view, encoders, release, settings)

    def text(self, search: TextSearch) -> SearchResult:
        """Titles for words."""
        watch, order = self._begin(search)
        plan = self._planner.text(search, order, watch)
        return self._answerer.answer(search, plan, order, watch)

    def picture(self, search: PictureSearch) -> SearchResult:
        """Titles for a picture."""
        watch, order = self._begin(search)
        plan = self._planner.picture(search, order, watch)
        return self._answerer.answer(search, plan, order, watch)

    def multimodal(self, search: MultimodalSearch) -> SearchResult:
        """Titles for words and a picture, or for the one given."""
        watch, order = self._begin(search)
        plan = self._planner.multimodal(search, order, watch)
        return self._answerer.answer(search, plan, order, watch)

    def by_id(self, reference: str) -> Hit:
        """One title by id or provider key; ``NotFound`` if the catalogue has it not."""
        id_ = self._view.resolve(reference)
        record = self._view.records([id_])[id_]
        return Hit(
            id=id_,
            score=1.0,
            probability=1.0,
            match="exact",
            record=summary(record),
            franchise=self._view.franchise.get(id_),
        )

    def similar(self, search: SimilarSearch) -> SearchResult:
        """Titles like the positive and unlike the negative references."""
        (outcome,) = self._similar([search])
        if isinstance(outcome, AnimevecError):
            raise outcome
        return outcome

    def similar_batch(self, searches: Sequence[SimilarSearch]) -> list[BatchOutcome]:
        """One outcome per search, in order; one that fails hurts no other.

        The index is asked for all of them at once, and their timings count from when it was.
        """
        return [
            BatchOutcome(error=dict(outcome.envelope()["error"]))
            if isinstance(outcome, AnimevecError)
            else BatchOutcome(result=outcome)
            for outcome in self._similar(searches)
        ]

    def likeness(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float | None]:
        """How alike the titles of each pair are by content; None where one is not indexed."""
        return self._likeness.between(pairs)

    def prepare(self) -> None:
        """Read ahead what similarity searches compare, two seconds or so for 15,000 titles; does
        nothing where that is done and nothing has changed since.
        """
        self._likeness.prepare()

    def rankers(self) -> list[RankerInfo]:
        """The rankers a request may name."""
        return listed(self._text)

    def refresh(self) -> int:
        """Catch up with the catalogue (titles, franchises, vocabulary); returns its revision."""
        return self._view.refresh()

    @property
    def revision(self) -> int:
        """The catalogue revision that names and labels have reached."""
        return self._view.revision

    def franchise(self, id_: UUID) -> UUID | None:
        """The franchise of a title."""
        return self._view.franchise.get(id_)

    def _begin(self, search: Search) -> tuple[Stopwatch, Ranker]:
        limit = self._settings.search.max_limit
        if search.limit > limit:
            raise InvalidRequest(
                f"limit is {search.limit}; at most {limit} (configs: search.max_limit)",
                limit=limit,
            )
        return Stopwatch(), ranker(search.ranker or self._default, self._text)

    def _similar(self, searches: Sequence[SimilarSearch]) -> Iterator[SearchResult | AnimevecError]:
        watch = Stopwatch()
        with watch.stage("retrieve"):
            nodes = [attempt(self._scoped, search) for search in searches]
            asked = [
                (search, node)
                for search, node in zip(searches, nodes, strict=True)
                if not isinstance(node, AnimevecError)
            ]
            found = iter(self._likeness.find(asked))
        for search, node in zip(searches, nodes, strict=True):
            outcome = node if isinstance(node, AnimevecError) else next(found)
            if isinstance(outcome, AnimevecError):
                yield outcome
            else:
                yield attempt(self._answerer.similar, search, outcome, watch.split())

    def _scoped(self, search: SimilarSearch) -> Node | None:
        """A similarity search's filter; whatever else is asked for was checked."""
        self._begin(search)
        return self._planner.parsed(search.filters)
