"""From a plan to an answer: retrieve, fuse, rank, arrange, hydrate, explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.index.base import VectorStore
from animevec.release import Release
from animevec.search import confidence
from animevec.search.arrangement import demoted, folded, without_spoilers
from animevec.search.channels import PICTURE_CHANNELS, Ask, joined, retrieve
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
from animevec.search.plan import SAME, Plan
from animevec.search.rankers import Pool, Ranker
from animevec.search.request import Search, SimilarSearch
from animevec.search.response import (
    ChannelHit,
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
MARGIN = 20
MAX_DEPTH = 10_000


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
        scope = Scope(plan.node, unwanted(search, self._view))
        index, depth = self._release.index, self._depth(search, plan)

        def found_by(asks: Sequence[Ask]) -> list[ChannelRun]:
            with watch.stage("retrieve"):
                return retrieve(self._store, index, asks, scope, depth)

        found = found_by(plan.asks)
        runs, fused = self._fused(plan, found, ranker, watch)
        if plan.sent is not None and plan.same_weight > 0:
            known = self._known(fused, watch)
            if plan.sent.later and not found_as_it_is(plan.sent, known):
                found = joined(found, found_by(self._later(plan, plan.sent, watch)), depth)
                runs, fused = self._fused(plan, found, ranker, watch)
                known = self._known(fused, watch)
            with watch.stage("compare"):
                alike = same(plan.sent, known)
            plan = replace(plan, exact=plan.exact | {id_ for id_, _ in alike})
            run = ChannelRun(SAME, plan.same_weight, alike)
            fused = ranker.fusion([*runs, run], self._release.ranking.rrf_k)
        with watch.stage("rank"):
            kept = self._allowed(fused, search)
            pool = Pool(self._store, index, self._view, self._encoders, plan.text, plan.colbert)
            page = self._page(ranker.order(kept, pool), search)
        return self._result(search, plan, page, ranker.name, watch)

    def similar(self, search: SimilarSearch, found: Found, watch: Stopwatch) -> SearchResult:
        """The answer to a similarity search."""
        with watch.stage("rank"):
            ranked = self._demoted(found.ranked, search)
            page = self._page(ranked, search, threshold=False)
        plan = Plan(kind="similar", references=found.references, warnings=found.warnings)
        return self._result(search, plan, page, "similarity", watch)

    def _fused(
        self, plan: Plan, found: Sequence[ChannelRun], ranker: Ranker, watch: Stopwatch
    ) -> tuple[list[ChannelRun], list[Ranked]]:
        """The channels of a plan, and the one list they make."""
        with watch.stage("fuse"):
            runs = [run.without(plan.excluded) for run in (*plan.runs, *found)]
            return runs, ranker.fusion(runs, self._release.ranking.rrf_k)

    def _known(self, fused: Sequence[Ranked], watch: Stopwatch) -> Mapping[UUID, Print]:
        """What the pictures of the first hits are known by."""
        with watch.stage("compare"):
            return self._lookalikes.known([one.id for one in fused[:LOOKED_AT]])

    def _later(self, plan: Plan, sent: Sent, watch: Stopwatch) -> list[Ask]:
        """The picture's channels asked in the views that were left for later."""
        with watch.stage("encode"):
            vectors = self._encoders.pictures(sent.later)
        return [replace(one, vectors=vectors) for one in plan.asks if one.name in PICTURE_CHANNELS]

    def _depth(self, search: Search, plan: Plan) -> int:
        """How many hits each channel is asked for: in steps, so that a page rarely moves one."""
        needed = (search.offset + search.limit) * (3 if search.fold_franchise else 1)
        depth = self._release.ranking.candidates + len(plan.excluded)
        while depth < needed + MARGIN and depth < MAX_DEPTH:
            depth *= 4
        return min(depth, MAX_DEPTH)

    def _allowed(self, ranked: Sequence[Ranked], search: Search) -> Sequence[Ranked]:
        """Without titles deleted meanwhile, and without adult ones unless they are wanted."""
        ids = self._view.ids(adult=search.nsfw != "exclude")
        return self._demoted([one for one in ranked if one.id.int in ids], search)

    def _demoted(self, ranked: Sequence[Ranked], search: Search) -> Sequence[Ranked]:
        return demoted(ranked, self._view.facts) if search.nsfw == "demote" else ranked

    def _page(self, ranked: Sequence[Ranked], search: Search, threshold: bool = True) -> _Page:
        if threshold and search.score_threshold is not None:
            ranked = [one for one in ranked if one.score >= search.score_threshold]
        candidates = len(ranked)
        if search.spoilers == "avoid":
            ranked = without_spoilers(ranked, self._view.facts, self._view.franchise)
        under: Mapping[UUID, Sequence[UUID]] = {}
        if search.fold_franchise:
            ranked, under = folded(ranked, self._view.franchise)
        return _Page(ranked[search.offset : search.offset + search.limit], under, candidates)

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
        channels = tuple(
            ChannelHit(name=p.name, rank=p.rank, score=p.score, share=min(1.0, p.share))
            for p in one.parts
        )
        probability = confidence.packaged().apply(plan.kind, channels, one.score)
        match: Match = "likely" if (probability or 0.0) >= LIKELY else "none"
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


def _best(matches: Sequence[Match]) -> Match:
    order: tuple[Match, ...] = ("exact", "likely")
    return next((match for match in order if match in matches), "none")
