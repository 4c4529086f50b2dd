"""From a request to a plan: read the words, encode what is left, choose channels and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from animevec.encoders.base import SparseVector, Vector
from animevec.errors import AnimevecError, InvalidRequest
from animevec.index.base import VectorStore
from animevec.index.document import LEXICAL, PAYLOAD, PICTURE, TEXT, THUMBNAIL
from animevec.release import Release
from animevec.search.channels import PICTURE_CHANNELS, TITLE, Ask
from animevec.search.encoding import QueryEncoders
from animevec.search.filters import FilterParser, Node, both, compiled, matches
from animevec.search.fusion import ChannelRun
from animevec.search.lookalikes import Sent
from animevec.search.plan import CATALOGUE, EXAMPLE, SAME, Plan, channel_weights, title_weight
from animevec.search.rankers import Ranker
from animevec.search.request import (
    MAX_REFERENCES,
    MultimodalSearch,
    PictureSearch,
    SimilarSearch,
    TextSearch,
)
from animevec.search.similarity import Likeness
from animevec.search.stopwatch import Stopwatch
from animevec.search.titles import TitleHit
from animevec.search.understanding import Understood, understand
from animevec.search.view import CatalogueView
from animevec.search.vocabulary import CLOSED, plain
from animevec.settings import Settings

NEGATIVE_SHARE = 0.5
BROWSED = 2_000
LABELLED = 4.0
APART = 0.005  # times the weight of a sure name more than all other channels together


class Planner:
    """Makes plans against one release."""

    def __init__(
        self,
        store: VectorStore,
        view: CatalogueView,
        encoders: QueryEncoders,
        release: Release,
        settings: Settings,
        likeness: Likeness,
    ) -> None:
        self._store, self._view, self._encoders = store, view, encoders
        self._release, self._settings, self._likeness = release, settings, likeness

    def parsed(self, filters: Mapping[str, object] | None) -> Node | None:
        """The caller's filter; ``InvalidRequest`` names what is wrong with it."""
        spellings = self._view.vocabulary.spellings
        return FilterParser(PAYLOAD, spellings, CLOSED).parse(filters or {})

    def text(self, search: TextSearch, ranker: Ranker, watch: Stopwatch) -> Plan:
        """The plan of a text search."""
        node = self.parsed(search.filters)
        weights = self._weights(ranker, search.weights)
        with watch.stage("understand"):
            read = understand(
                search.query, search.understand, self._view.titles, self._view.vocabulary
            )
        with watch.stage("encode"):
            vectors = self._encoders.query(read.text, read.words, colbert=ranker.head is not None)
        asks = [_ask(TEXT, weights, vectors.dense), self._words(read, weights, vectors.sparse)]
        plan = Plan(
            kind="text",
            asks=[ask for ask in asks if ask],
            node=both(node, read.node),
            text=read.text,
            dense=vectors.dense,
            colbert=vectors.colbert,
            interpretation=read.interpretation,
            warnings=self._view.vocabulary.strangers(node),
        )
        with watch.stage("titles"):
            plan = self._with_titles(plan, read, weights)
        if read.positive or read.negative:
            with watch.stage("examples"):
                plan = self._with_examples(plan, read, weights[EXAMPLE], search)
        if read.refused:
            barred = self._franchises_of([read.refused.id])
            plan = replace(plan, excluded=plan.excluded | barred)
        return plan if plan.asks or plan.runs else self._browsing(plan)

    def picture(self, search: PictureSearch, ranker: Ranker, watch: Stopwatch) -> Plan:
        """The plan of a picture search."""
        node = self.parsed(search.filters)
        weights = self._weights(ranker, search.weights)
        with watch.stage("encode"):
            sent = Sent.of(search.picture, self._settings.limits, search.views)
            # What is not compared is never known to be found.
            later = [] if weights[SAME] > 0 else sent.later
            vectors = self._encoders.pictures([*sent.views, *later])
        asks = [Ask(name, weights[name], vectors) for name in (PICTURE, THUMBNAIL)]
        return Plan(
            kind="picture",
            asks=asks,
            node=node,
            sent=sent,
            same_weight=weights[SAME],
            warnings=self._view.vocabulary.strangers(node),
        )

    def multimodal(self, search: MultimodalSearch, ranker: Ranker, watch: Stopwatch) -> Plan:
        """Both plans in one, channels weighted by the share of the picture; or the only one."""
        common = search.model_dump(exclude={"query", "picture", "weight", "understand", "views"})
        text = picture = None
        if search.query is not None and (search.picture is None or search.weight < 1):
            asked = TextSearch(query=search.query, understand=search.understand, **common)
            text = self.text(asked, ranker, watch)
        if search.picture is not None and (search.query is None or search.weight > 0):
            seen = PictureSearch(picture=search.picture, views=search.views, **common)
            picture = self.picture(seen, ranker, watch)
        if text is None or picture is None:
            plan = text or picture
            assert plan is not None  # the request has a query or a picture
            return plan
        return _mixed(text, picture, search.weight, self._weights(ranker, search.weights))

    def _weights(self, ranker: Ranker, asked: Mapping[str, float] | None) -> dict[str, float]:
        return channel_weights(self._release.ranking.weights, ranker.weights, asked)

    def _words(
        self, read: Understood, weights: Mapping[str, float], sparse: SparseVector | None
    ) -> Ask | None:
        """The lexical question: learned weights as they are, words of BM25 by how telling they
        are; it counts more where the query is labels alone, for titles bear labels literally.
        """
        if sparse is None:
            return None
        if self._encoders.lexical is not None:
            sparse = self._view.rarity.weighed(sparse)
        labels_alone = not read.positive and self._view.vocabulary.names_all(read.text)
        more = LABELLED if labels_alone else 1.0
        return Ask(LEXICAL, weights[LEXICAL] * more, [sparse])

    def _with_titles(self, plan: Plan, read: Understood, weights: Mapping[str, float]) -> Plan:
        """The plan with the names the query may be, as far as they pass the filter."""
        is_label = plain(read.text) in self._view.vocabulary.phrases
        hits = self._passing(read.titles, plan.node)
        weight = title_weight(weights[TITLE], hits, read.text, is_label)
        if weight <= 0:
            return plan
        run = ChannelRun(TITLE, weight, _apart(hits))
        exact = [hit.id for hit in hits if hit.strength == "strong" and not is_label]
        names = {hit.id: hit.name for hit in hits}
        return replace(plan, runs=[*plan.runs, run], exact=frozenset(exact), names=names)

    def _passing(self, titles: Sequence[TitleHit], node: Node | None) -> list[TitleHit]:
        if node is None or not titles:
            return list(titles)
        found = self._store.retrieve(self._release.index, [title.id for title in titles])
        passing = {hit.id for hit in found if matches(node, hit.payload)}
        return [title for title in titles if title.id in passing]

    def _with_examples(
        self, plan: Plan, read: Understood, weight: float, search: TextSearch
    ) -> Plan:
        """The plan with what is like the examples; their franchises are left out."""
        positive = [hit.id for hit in read.positive]
        negative = [hit.id for hit in read.negative if hit.id not in positive]
        if positive:
            plan = self._with_likes(plan, positive, negative, weight, search)
        elif plan.dense is not None:
            plan = self._with_unlikes(plan, plan.dense, negative, weight)
        excluded = self._franchises_of([*positive, *negative])
        return replace(plan, excluded=excluded, references=positive)

    def _with_likes(
        self,
        plan: Plan,
        positive: Sequence[UUID],
        negative: Sequence[UUID],
        weight: float,
        search: TextSearch,
    ) -> Plan:
        """The plan with the first hundred that a similarity search for the examples finds."""
        wanted = SimilarSearch(
            positive=tuple(map(str, positive[:MAX_REFERENCES])),
            negative=tuple(map(str, negative[:MAX_REFERENCES])),
            exclude_franchise=True,
            nsfw=search.nsfw,
        )
        (found,) = self._likeness.find([(wanted, plan.node)])
        if isinstance(found, InvalidRequest):  # the examples are not indexed yet
            return replace(plan, warnings=[*plan.warnings, str(found)])
        if isinstance(found, AnimevecError):
            raise found
        first = [(one.id, one.score) for one in found.windows[0]]
        run = ChannelRun(EXAMPLE, weight, first)
        return replace(plan, runs=[*plan.runs, run])

    def _with_unlikes(
        self, plan: Plan, dense: Vector, negative: Sequence[UUID], weight: float
    ) -> Plan:
        """The plan that also asks for the words' meaning less that of the negative examples."""
        hits = self._store.retrieve(self._release.index, negative, (TEXT,))
        unlike = [v for hit in hits if isinstance(v := hit.vectors.get(TEXT), np.ndarray)]
        if not unlike:
            return plan
        vector = (dense - NEGATIVE_SHARE * np.mean(unlike, axis=0)).astype(np.float32)
        return replace(plan, asks=[*plan.asks, Ask(EXAMPLE, weight, [vector], TEXT)])

    def _franchises_of(self, ids: Sequence[UUID]) -> frozenset[UUID]:
        return frozenset({*ids, *self._view.kin(ids)})

    def _browsing(self, plan: Plan) -> Plan:
        """Filters without words: what passes them, best known first."""
        hits = self._store.scroll(self._release.index, compiled(plan.node))
        facts = self._view.facts
        known = [(hit.id, facts[hit.id].prior) for hit in hits if hit.id in facts]
        ranked = sorted(known, key=lambda item: (-item[1], item[0]))[:BROWSED]
        return replace(plan, runs=[ChannelRun(CATALOGUE, 1.0, ranked)])


def _ask(name: str, weights: Mapping[str, float], vector: Vector | None) -> Ask | None:
    return None if vector is None else Ask(name, weights[name], [vector])


def _apart(hits: Sequence[TitleHit]) -> list[tuple[UUID, float]]:
    """Names with their scores, those of sure ones so far apart that no other channel reorders
    them: equal names stand by how well known their titles are.
    """
    scores: list[tuple[UUID, float]] = []
    most = 1.0
    for hit in hits:
        score = min(most, hit.score)
        scores.append((hit.id, score))
        most = score - APART if hit.strength == "strong" else score
    return scores


def _mixed(text: Plan, picture: Plan, share: float, weights: Mapping[str, float]) -> Plan:
    """One plan; both sides keep the proportions inside, and get ``1 - share`` and ``share``.

    A side is as heavy as its channels are by themselves: what a sure name or the same picture
    counts beyond that takes nothing from the others.  One without weight adds nothing.
    """
    named = {ask.name: ask.weight for ask in text.asks}
    named |= {run.name: run.weight for run in text.runs}
    words = sum(weights.get(name, weight) for name, weight in named.items())
    looks = sum(ask.weight for ask in picture.asks if ask.name in PICTURE_CHANNELS)
    said, seen = (1 - share) / (words or 1), share / (looks or 1)
    asks = [
        *(replace(ask, weight=ask.weight * said) for ask in text.asks),
        *(replace(ask, weight=ask.weight * seen) for ask in picture.asks),
    ]
    runs = [replace(run, weight=run.weight * said) for run in text.runs]
    same = picture.same_weight * seen
    return replace(
        text, kind="multimodal", asks=asks, runs=runs, sent=picture.sent, same_weight=same
    )
