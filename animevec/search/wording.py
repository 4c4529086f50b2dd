"""Which words of a text answer which words of a query, by the vectors of their tokens.

Late interaction as ColBERT scores it (Khattab and Zaharia, SIGIR 2020), read back from tokens to
words.
"""

import re

from animevec.encoders.base import Embedding, Spans
from animevec.search.response import WordMatch

WORD = re.compile(r"\w[\w'’-]*")
NEAR = 0.5
SHOWN = 8


def matched_words(query: str, asked: Embedding, text: str, found: Embedding) -> list[WordMatch]:
    """For each word of the query the nearest word of the text, nearest first; words that are not
    near to any are left out.

    Both embeddings have ``colbert`` and ``spans``; others match nothing.
    """
    if asked.colbert is None or asked.spans is None or found.colbert is None or found.spans is None:
        return []
    ours, theirs = _words(query, asked.spans), _words(text, found.spans)
    columns = [at for at, word in enumerate(theirs) if word]
    best: dict[str, WordMatch] = {}
    for row, word in enumerate(ours):
        if not word or not columns:
            continue
        similarities = found.colbert[columns] @ asked.colbert[row]
        at = int(similarities.argmax())
        similarity = min(1.0, float(similarities[at]))
        if similarity >= NEAR and (word not in best or best[word].similarity < similarity):
            best[word] = WordMatch(query=word, text=theirs[columns[at]], similarity=similarity)
    return sorted(best.values(), key=lambda match: -match.similarity)[:SHOWN]


def _words(text: str, spans: Spans) -> list[str]:
    """The word that each token is a piece of; empty for those that are of none."""
    words = [(match.start(), match.end(), match.group()) for match in WORD.finditer(text)]
    return [
        next((word for start, end, word in words if start < span[1] and span[0] < end), "")
        for span in spans.tolist()
    ]
