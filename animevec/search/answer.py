"""From a plan to an answer: retrieve, fuse, rank, arrange, hydrate, explain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.index.base import VectorStore
from animevec.release import Release
from animevec.search import confidence
from animevec.search.arrangement import above, capped, demoted, folded, without_spoilers
from animevec.search.channels import PICTURE_CHANNELS, Ask, retrieve
from animevec.search.descent import Descent
from animevec.search.encoding import QueryEncoders
from animevec.search.explanation import explain, shared
from animevec.search.fusion import ChannelRun, Ranked
from animevec.search.lookalikes import (
    LOOKED_AT,
    Lookalikes,
    Print,
    Sent,
    found_as_it_is,
    same,
)
from animevec.search.plan import Plan
from animevec.search.rankers import Pool, Ranker
from animevec.search.request import Search, SimilarSearch
from animevec.search.response import (
    Explanation,
    Hit,
    Match,
    SearchResult,
    Summary,
)
from animevec.search.scope import Scope, unwanted
from animevec.search.similarity import Found
from animevec.search.stopwatch import Stopwatch
from animevec.search.view import CatalogueView
from animevec.settings import Settings

LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class _Page:
    """The hits of one page, the titles folded under them, and how many there were in all."""

    ranked: Sequence[Ranked]
    under: Mapping[UUID, Sequence[UUID]]
    candidates: int


class Answerer:
    """Answers plans against one release."""

    def __init__(
        self,
        store: VectorStore,
        view: CatalogueView,
        encoders: QueryEncoders,
        release: Release,
        settings: Settings,
    ) -> None:
        self._store, self._view, self._encoders = store, view, encoders
        self._release = release
        self._lookalikes = Lookalikes(view, settings.pictures_path, settings.limits)

    def answer(self, search: Search, plan: Plan, ranker: Ranker, watch: Stopwatch) -> SearchResult:
        """The answer to a text, picture or multimodal search."""
        descent = self._descent(search, plan, ranker, watch)
        if plan.sent is not None and plan.same_weight > 0:
            self._recognise(descent, plan.sent, watch)
        plan = descent.plan
        windows = self._ordered(search, descent, ranker, watch)
        return self._result(search, plan, _page(search, windows, self._view), ranker.name, watch)

    def similar(self, search: SimilarSearch, found: Found, watch: Stopwatch) -> SearchResult:
        """The answer to a similarity search."""
        with watch.stage("rank"):
            far = search.metric == "euclid"
            windows = (self._demoted(window, search, distances=far) for window in found.windows)
            page = _page(search, (self._unspoiled(one, search) for one in windows), self._view)
        plan = Plan(kind="similar", references=found.references, warnings=found.warnings)
        return self._result(search, plan, page, "similarity", watch)

    def _descent(self, search: Search, plan: Plan, ranker: Ranker, watch: Stopwatch) -> Descent:
        scope = Scope(plan.node, unwanted(search, self._view))
        ranking = self._release.ranking

        def found(asks: Sequence[Ask], depth: int) -> list[ChannelRun]:
            with watch.stage("retrieve"):
                return retrieve(self._store, self._release.index, asks, scope, depth)

        def fused(runs: Sequence[ChannelRun]) -> list[Ranked]:
            with watch.stage("fuse"):
                return ranker.fusion(runs, ranking.rrf_k)

        return Descent(plan, ranking.candidates + len(plan.excluded), found, fused)

    def _recognise(self, descent: Descent, sent: Sent, watch: Stopwatch) -> None:
        """Have the titles count whose picture is the one sent."""
        known = self._known(descent, watch)
        if sent.later and not found_as_it_is(sent, known):
            with watch.stage("encode"):
                later = self._encoders.pictures(sent.later)
            descent.see(dict.fromkeys(PICTURE_CHANNELS, later))
            known = self._known(descent, watch)
        with watch.stage("compare"):
            descent.recognise(same(sent, known))

    def _known(self, descent: Descent, watch: Stopwatch) -> Mapping[UUID, Print]:
        """What the pictures of the first hits are known by."""
        first = descent.first()[:LOOKED_AT]
        with watch.stage("compare"):
            return self._lookalikes.known([one.id for one in first])

    def _ordered(
        self, search: Search, descent: Descent, ranker: Ranker, watch: Stopwatch
    ) -> Iterator[Sequence[Ranked]]:
        """What each step adds, in the ranker's order and nothing better than what was before it,
        until scores are below the threshold.
        """
        plan, index = descent.plan, self._release.index
        pool = Pool(self._store, index, self._view, self._encoders, plan.text, plan.colbert)
        order, floor = ranker.order, inf
        for fused in descent.windows():
            with watch.stage("rank"):
                ranked = capped(order(self._allowed(fused, search), pool), floor)
                passing = above(ranked, search.score_threshold)
                window = self._unspoiled(passing, search)
            yield window
            if len(passing) < len(ranked):
                return
            order, floor = ranker.later, ranked[-1].score if ranked else floor

    def _allowed(self, ranked: Sequence[Ranked], search: Search) -> Sequence[Ranked]:
        """Without titles deleted meanwhile, and without adult ones unless they are wanted."""
        ids = self._view.ids(adult=search.nsfw != "exclude")
        return self._demoted([one for one in ranked if one.id.int in ids], search)

    def _demoted(
        self, ranked: Sequence[Ranked], search: Search, distances: bool = False
    ) -> Sequence[Ranked]:
        if search.nsfw != "demote":
            return ranked
        return demoted(ranked, self._view.facts, distances)

    def _unspoiled(self, ranked: Sequence[Ranked], search: Search) -> Sequence[Ranked]:
        if search.spoilers != "avoid":
            return ranked
        return without_spoilers(ranked, self._view.facts, self._view.franchise)

    def _result(
        self, search: Search, plan: Plan, page: _Page, ranker: str, watch: Stopwatch
    ) -> SearchResult:
        with watch.stage("hydrate"):
            cards = self._view.cards(one.id for one in page.ranked)
            wanted = [*(one.id for one in page.ranked), *plan.references]
            records = self._view.records(wanted) if search.explain else {}
            known = records if search.explain else cards  # a title may vanish between the two
            ranked = [one for one in page.ranked if one.id in cards and one.id in known]
        with watch.stage("explain"):
            reasons = self._reasons(search, plan, ranked, records)
        hits = [
            self._hit(one, plan, cards[one.id], page.under.get(one.id, ()), reason)
            for one, reason in zip(ranked, reasons, strict=True)
        ]
        return SearchResult(
            hits=tuple(hits),
            match=_best([hit.match for hit in hits]),
            candidates=page.candidates,
            ranker=ranker,
            release=self._release.version,
            revision=self._store.watermark(self._release.index),
            interpretation=plan.interpretation,
            warnings=tuple(plan.warnings),
            timings_ms=watch.read(),
        )

    def _reasons(
        self, search: Search, plan: Plan, ranked: Sequence[Ranked], records: Mapping[UUID, Anime]
    ) -> Sequence[Explanation | None]:
        if not search.explain or not ranked:
            return [None] * len(ranked)
        reasons = explain(
            [records[one.id] for one in ranked],
            [one.parts for one in ranked],
            [plan.names.get(one.id) for one in ranked],
            plan.text,
            plan.dense,
            self._encoders,
            spoilers=search.spoilers == "allow",
        )
        references = [records[id_] for id_ in plan.references if id_ in records]
        if not references:
            return reasons
        return [
            reason.model_copy(update={"shared": shared(references, records[one.id])})
            for one, reason in zip(ranked, reasons, strict=True)
        ]

    def _hit(
        self,
        one: Ranked,
        plan: Plan,
        card: Summary,
        under: Sequence[UUID],
        reason: Explanation | None,
    ) -> Hit:
        channels = one.parts
        probability = confidence.packaged().apply(plan.kind, channels, one.score)
        # What is like a title is there, however little is known of how likely it is meant.
        match: Match = "likely" if probability is None or probability >= LIKELY else "none"
        return Hit(
            id=one.id,
            score=one.score,
            probability=probability,
            match="exact" if one.id in plan.exact else match,
            record=card,
            channels=channels,
            franchise=self._view.franchise.get(one.id),
            folded=tuple(under),
            explanation=reason,
        )


def _page(search: Search, windows: Iterable[Sequence[Ranked]], view: CatalogueView) -> _Page:
    """The page asked for, of as many windows as it takes."""
    end = search.offset + search.limit
    ranked: Sequence[Ranked] = ()
    heads: Sequence[Ranked] = ()
    under: Mapping[UUID, Sequence[UUID]] = {}
    for window in windows:
        ranked = [*ranked, *window] if ranked else window
        heads, under = folded(ranked, view.franchise) if search.fold_franchise else (ranked, {})
        if len(heads) >= end:
            break
    return _Page(heads[search.offset : end], under, len(ranked))


def _best(matches: Sequence[Match]) -> Match:
    order: tuple[Match, ...] = ("exact", "likely")
    return next((match for match in order if match in matches), "none")
