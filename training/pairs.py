"""Pairs of texts that belong together, from the catalogue, from votes and from feedback."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from animevec.catalog.record import Anime
from animevec.errors import InvalidRequest
from animevec.index.document import embedding_text
from animevec.search.franchises import RELATED
from training.recipe import PairKind
from training.split import Split, folded

# A half of anything shorter says too little to find the other half by.
MIN_HALF = 60
MAX_GRADE = 3
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PHRASE = {"genres": "{} anime", "demographics": "anime for a {} audience"}


@dataclass(frozen=True, slots=True)
class Pair:
    """``anchor`` should find ``positive``; ``grade`` 1 to 3 says how strongly.

    ``source`` and ``target`` are the titles they come from; a label comes from no title.
    """

    kind: PairKind
    anchor: str
    positive: str
    target: UUID
    source: UUID | None = None
    grade: int = 1


class Vote(BaseModel):
    """Somebody finds title ``b`` like title ``a``; both are provider keys (``mal:1``) or ids."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    a: str = Field(min_length=1)
    b: str = Field(min_length=1)
    weight: float = Field(1.0, gt=0, description="votes or clicks; 1, 2-4 and 5 up are grades 1-3")

    @property
    def grade(self) -> int:
        """How strongly: 1 to 3, logarithmic in the weight."""
        return min(MAX_GRADE, 1 + int(math.log2(max(1.0, self.weight)) / 1.2))


def read_votes(path: Path) -> list[Vote]:
    """Votes or feedback, a JSON object per line: ``{"a": "mal:1", "b": "mal:5", "weight": 3}``.

    Raises:
        InvalidRequest: a line that is none, with its number.
    """
    votes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                votes.append(Vote.model_validate_json(line))
            except ValidationError as error:
                raise InvalidRequest(
                    f"{path.name} line {number} is no vote ({error.errors()[0]['msg']}): "
                    '{"a": "mal:1", "b": "mal:5", "weight": 3}'
                ) from error
    return votes


def catalogue_pairs(records: Sequence[Anime], parts: Split) -> Iterator[Pair]:
    """Everything the records themselves say."""
    for record in records:
        yield from _own(record)
    yield from _relations(records)
    yield from _franchises(records, parts)


def vote_pairs(votes: Iterable[Vote], records: Sequence[Anime], parts: Split) -> Iterator[Pair]:
    """Votes between two of ``records``; those inside a franchise are left to its relations."""
    known = _by_key(records)
    for vote in votes:
        a, b = known.get(vote.a), known.get(vote.b)
        if a is not None and b is not None and parts.franchise[a.id] != parts.franchise[b.id]:
            yield Pair(PairKind.VOTE, embedding_text(a), embedding_text(b), b.id, a.id, vote.grade)


def refuse_unknown(votes: Sequence[Vote], records: Sequence[Anime]) -> None:
    """Raise ``InvalidRequest`` where no vote names two titles of the catalogue."""
    known = _by_key(records)
    if votes and not any(vote.a in known and vote.b in known for vote in votes):
        raise InvalidRequest(
            f"none of {len(votes)} votes names two titles of the catalogue; keys are written mal:1"
        )


def _by_key(records: Sequence[Anime]) -> Mapping[str, Anime]:
    keyed = {f"{provider}:{key}": one for one in records for provider, key in one.keys.items()}
    return {**keyed, **{str(one.id): one for one in records}}


def document(kind: PairKind, record: Anime) -> str | None:
    """The form in which a kind of pair shows a title, None for a title too bare for it.

    Positives, negatives and held-out pools all take it, so that the form gives nothing away.
    """
    match kind:
        case PairKind.TITLE:
            return record.synopsis
        case PairKind.LABEL:
            # With its labels a title would be found by matching words.
            bare = dict.fromkeys(("genres", "themes", "demographics"), ())
            return embedding_text(record.model_copy(update=bare)) if record.synopsis else None
        case PairKind.HALVES:
            return _halves(record.synopsis)[1] or None
    return embedding_text(record)


def _own(record: Anime) -> Iterator[Pair]:
    """A title by its names, labels, characters and the first half of its synopsis."""
    for kind, anchor in _anchors(record):
        positive = document(kind, record)
        if positive and anchor:
            source = None if kind is PairKind.LABEL else record.id
            yield Pair(kind, anchor, positive, record.id, source)


def _anchors(record: Anime) -> Iterator[tuple[PairKind, str]]:
    shown = {record.title, record.title_english, record.title_japanese}
    for name in dict.fromkeys(title.text for title in record.titles):
        yield PairKind.TITLE if name in shown else PairKind.ALIAS, name
    for field in ("genres", "themes", "demographics", "tags"):
        for label in getattr(record, field):
            yield PairKind.LABEL, _PHRASE.get(field, "anime about {}").format(label.lower())
    for character in record.characters:
        if character.role != "background":
            said = f"{character.name}. {character.description or ''}"
            yield PairKind.CHARACTER, said.strip(" .")
    yield PairKind.HALVES, _halves(record.synopsis)[0]


def _halves(synopsis: str | None) -> tuple[str, str]:
    """Both halves of a synopsis by sentences, empty where one is too short to be known by."""
    sentences = _SENTENCE.split(synopsis or "")
    middle = (len(sentences) + 1) // 2
    first, second = " ".join(sentences[:middle]), " ".join(sentences[middle:])
    return (first, second) if min(len(first), len(second)) >= MIN_HALF else ("", "")


def _relations(records: Sequence[Anime]) -> Iterator[Pair]:
    known = _by_key(records)
    for record in records:
        for relation in record.relations:
            other = known.get(relation.key)
            if relation.medium == "anime" and relation.kind in RELATED and other is not None:
                yield _between(PairKind.RELATION, record, other)


def _franchises(records: Sequence[Anime], parts: Split) -> Iterator[Pair]:
    """Neighbours in a franchise's order of airing; all pairs would be quadratic."""
    members: dict[UUID, list[Anime]] = {}
    for record in sorted(records, key=lambda one: (one.year or 9999, one.id)):
        members.setdefault(parts.franchise[record.id], []).append(record)
    for group in members.values():
        yield from (_between(PairKind.FRANCHISE, a, b) for a, b in pairwise(group))


def _between(kind: PairKind, a: Anime, b: Anime) -> Pair:
    return Pair(kind, embedding_text(a), embedding_text(b), b.id, a.id)


def canonical(pair: Pair) -> str:
    """One line of JSON for hashing and for samples."""
    fields = [pair.kind.value, pair.anchor, pair.positive, str(pair.target), pair.grade]
    return json.dumps(fields, ensure_ascii=False)


def texts(pairs: Iterable[Pair]) -> set[str]:
    """Every text of the pairs, folded."""
    return {folded(text) for pair in pairs for text in (pair.anchor, pair.positive)}
