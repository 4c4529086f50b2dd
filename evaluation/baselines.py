"""An independent peer: BM25 by the bm25s library over the text that the lexical channel reads."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.index.document import lexical_text
from evaluation.qrels import Judged
from evaluation.systems import DEPTH, PAGES, Ranking, counted


class Bm25:
    """Lucene's BM25 with English stop words and the Snowball stemmer (Lù 2024, arXiv 2407.03618).

    A query that is a title's key asks with that title's own text.
    """

    name = "bm25s"

    def __init__(self, records: Sequence[Anime]) -> None:
        import bm25s
        import snowballstemmer

        self._bm25s, self._stem = bm25s, snowballstemmer.stemmer("english").stemWords
        self._ids = [record.id for record in records]
        self._texts = {
            f"{provider}:{key}": lexical_text(record)
            for record in records
            for provider, key in record.keys.items()
            if provider == "mal"
        }
        self._index = bm25s.BM25()
        self._index.index(self._tokens([lexical_text(r) for r in records]), show_progress=False)

    def rank(self, judged: Judged, pool: frozenset[UUID] | None) -> Ranking:
        """The first hundred that count."""
        began = time.perf_counter()
        asked = self._tokens([self._texts.get(judged.query, judged.query)])
        depth = min(DEPTH * (PAGES if pool or judged.exclude else 1), len(self._ids))
        rows, scores = self._index.retrieve(asked, k=depth, show_progress=False)
        found = [self._ids[at] for at, score in zip(rows[0], scores[0], strict=True) if score > 0]
        ms = (time.perf_counter() - began) * 1000
        return Ranking(tuple(counted(found, judged, pool)[:DEPTH]), ms=ms)

    def _tokens(self, texts: list[str]) -> Any:
        return self._bm25s.tokenize(texts, stopwords="en", stemmer=self._stem, show_progress=False)
