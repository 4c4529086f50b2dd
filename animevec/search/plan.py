"""What one search asks of the channels, before anything is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from animevec.encoders.base import Vector
from animevec.errors import InvalidRequest
from animevec.search.channels import Ask
from animevec.search.confidence import Kind
from animevec.search.filters import Node
from animevec.search.fusion import ChannelRun
from animevec.search.lookalikes import Sent
from animevec.search.response import Interpretation
from animevec.search.spelling import is_kana
from animevec.search.titles import TitleHit

EXAMPLE, CATALOGUE, SAME = "example", "catalogue", "same"
SURE = 100.0
WEAK_TITLE_KANA, WEAK_TITLE_SHORT, WEAK_TITLE_LONG, LABEL_TITLE = 20.0, 6.0, 0.5, 0.5
SHORT_WORDS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """Questions for the index, lists that are known already, and what the hits must satisfy.

    ``text`` is what explanations and rescoring compare with, ``exact`` the titles that are
    surely meant, ``names`` the names they were found under, ``excluded`` titles that must not
    come back, ``sent`` a picture and ``same_weight`` what finding it again counts,
    ``warnings`` what the caller may not expect.
    """

    kind: Kind
    asks: Sequence[Ask] = ()
    runs: Sequence[ChannelRun] = ()
    node: Node | None = None
    text: str = ""
    dense: Vector | None = field(default=None, repr=False)
    colbert: Vector | None = field(default=None, repr=False)
    exact: frozenset[UUID] = frozenset()
    names: Mapping[UUID, str] = field(default_factory=dict)
    excluded: frozenset[UUID] = frozenset()
    sent: Sent | None = field(default=None, repr=False)
    same_weight: float = 0.0
    references: Sequence[UUID] = ()
    interpretation: Interpretation | None = None
    warnings: Sequence[str] = ()


def channel_weights(
    release: Mapping[str, float], ranker: Mapping[str, float], asked: Mapping[str, float] | None
) -> dict[str, float]:
    """The weight of every channel: the request's, else the ranker's, else the release's.

    Raises ``InvalidRequest`` for a channel that does not exist.
    """
    known = {EXAMPLE: 5.0, SAME: SURE, **release, **ranker}
    unknown = sorted(set(asked or {}) - set(known))
    if unknown:
        raise InvalidRequest(
            f"unknown channel '{unknown[0]}' in weights; channels: {', '.join(sorted(known))}",
            channel=unknown[0],
            allowed=sorted(known),
        )
    return {**known, **(asked or {})}


def title_weight(base: float, titles: Sequence[TitleHit], text: str, is_label: bool) -> float:
    """How much names count.

    A query that is a name outweighs everything else, so that the title comes first; a query that
    is also a label ("samurai") or only resembles a name adds its names to the mix, most where it
    is kana alone: how a name sounds.
    """
    if not titles:
        return 0.0
    if titles[0].strength == "strong" and not is_label:
        return base * SURE
    if is_label:
        return base * LABEL_TITLE
    if is_kana(text):
        return base * WEAK_TITLE_KANA
    short = len(text.split()) <= SHORT_WORDS
    return base * (WEAK_TITLE_SHORT if short else WEAK_TITLE_LONG)
