"""The data of one run: pairs by side, hashed; and the rows of every step, drawn by the seed."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.errors import InvalidRequest
from animevec.index.document import embedding_text
from training.pairs import (
    Pair,
    Vote,
    canonical,
    catalogue_pairs,
    document,
    refuse_unknown,
    texts,
    vote_pairs,
)
from training.recipe import PairKind, Recipe
from training.split import Split, folded, is_drawn, sides, split

# Drawing a batch gives up on avoiding clashes after so many tries per place.
TRIES = 20


@dataclass(frozen=True, slots=True)
class Row:
    """What one step reads: a pair and a title that is not meant."""

    pair: Pair
    negative: str


@dataclass(frozen=True, slots=True)
class Data:
    """Training pairs, held-out pairs, both sides' titles, and the hash of all of it."""

    train: tuple[Pair, ...]
    held: tuple[Pair, ...]
    titles: tuple[Anime, ...]
    held_titles: tuple[Anime, ...]
    parts: Split
    sha256: str

    @property
    def figures(self) -> dict[str, int]:
        """Sizes, for the run's parameters."""
        kinds = Counter(f"pairs_{pair.kind}" for pair in self.train)
        return {"train_pairs": len(self.train), "held_out_pairs": len(self.held), **kinds}

    def samples(self, count: int = 20) -> list[str]:
        """Some pairs of every kind, for reading."""
        kinds: dict[PairKind, list[Pair]] = defaultdict(list)
        for pair in self.train:
            kinds[pair.kind].append(pair)
        share = max(1, count // max(1, len(kinds)))
        return [canonical(p) for kind in sorted(kinds) for p in kinds[kind][:share]]


def collect(recipe: Recipe, records: Iterable[Anime], votes: Sequence[Vote] = ()) -> Data:
    """The pairs of the recipe's kinds on each side of its split; no text is on both.

    Raises:
        InvalidRequest: a kind has no pairs to train on, or nothing is held out.
    """
    titles = sorted(records, key=lambda one: one.id)
    refuse_unknown(votes, titles)
    parts = split(titles, recipe.split)
    ours, held_titles = sides(titles, parts)
    train = _pairs(recipe, ours, votes, parts, held=False)
    held = _pairs(recipe, held_titles, votes, parts, held=True)
    hidden = texts(held) | {folded(embedding_text(one)) for one in held_titles}
    train = [pair for pair in train if not hidden & {folded(pair.anchor), folded(pair.positive)}]
    _refuse_missing(recipe, train, held)
    return Data(
        tuple(train), tuple(held), tuple(ours), tuple(held_titles), parts, _sha256(train, held)
    )


def rows(recipe: Recipe, data: Data, negatives: "Negatives") -> list[Row]:
    """``steps`` x ``batch`` rows in the order they are read; kinds by share, titles evenly.

    Within a batch no row's positive is a known positive or a franchise mate of another's.
    """
    draw, rng = _Draw(data, recipe), Random(recipe.seed)
    out: list[Row] = []
    for _ in range(recipe.steps):
        batch: list[Pair] = []
        while len(batch) < recipe.batch:
            batch.append(draw.pair(rng, batch))
        out += [Row(pair, negatives.draw(pair, rng)) for pair in batch]
    return out


class _Draw:
    """Pairs by kind, then by anchor, so that a title with many votes does not fill the batches."""

    def __init__(self, data: Data, recipe: Recipe) -> None:
        self._parts = data.parts
        self._known = positives(data.train)
        kinds: dict[PairKind, dict[str, list[Pair]]] = defaultdict(dict)
        for pair in data.train:
            kinds[pair.kind].setdefault(_group(pair), []).extend([pair] * pair.grade)
        self._kinds = list(recipe.pairs)
        self._shares = list(recipe.pairs.values())
        self._groups = {kind: list(groups.values()) for kind, groups in kinds.items()}

    def pair(self, rng: Random, batch: Sequence[Pair]) -> Pair:
        for _ in range(TRIES):
            kind = rng.choices(self._kinds, self._shares)[0]
            pair = rng.choice(rng.choice(self._groups[kind]))
            if not any(self._clash(pair, other) for other in batch):
                break
        return pair

    def _clash(self, one: Pair, other: Pair) -> bool:
        franchise = self._parts.franchise
        return (
            franchise[one.target] == franchise[other.target]
            or other.target in self._known[one.anchor]
            or one.target in self._known[other.anchor]
        )


def _group(pair: Pair) -> str:
    """Votes are drawn by seed title, labels by label, everything else by the title found."""
    return pair.anchor if pair.kind in (PairKind.VOTE, PairKind.LABEL) else str(pair.target)


class Negatives:
    """Draws a title that is not meant: neither a franchise mate nor a known positive.

    ``hard`` maps an anchor to mined candidates (see ``training.negatives``).
    """

    def __init__(
        self, data: Data, hard: Mapping[str, Sequence[UUID]] | None = None, share: float = 0.0
    ) -> None:
        self._franchise = data.parts.franchise
        self._ids = [one.id for one in data.titles]
        self._titles = {one.id: one for one in data.titles}
        self._known = positives(data.train)
        self._hard, self._share = hard or {}, share

    def allowed(self, pair: Pair, title: UUID) -> bool:
        """Whether a title may stand against a pair."""
        near = {self._franchise[one] for one in (pair.source, pair.target) if one is not None}
        return self._franchise[title] not in near and title not in self._known[pair.anchor]

    def draw(self, pair: Pair, rng: Random) -> str:
        """The text of one in the form of the pair's kind; random where no hard one is left."""
        mined = self._hard.get(pair.anchor, ()) if rng.random() < self._share else ()
        hard = [one for one in mined if self.allowed(pair, one)]
        for title in [*rng.sample(hard, len(hard)), *rng.choices(self._ids, k=TRIES)]:
            text = document(pair.kind, self._titles[title]) if self.allowed(pair, title) else None
            if text:
                return text
        raise InvalidRequest(
            f"no title of {len(self._ids)} can stand against {pair.anchor[:60]!r}; "
            "give a larger catalogue"
        )


def positives(pairs: Iterable[Pair]) -> Mapping[str, set[UUID]]:
    """Anchor to the titles it should find."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for pair in pairs:
        found[pair.anchor].add(pair.target)
    return found


def _pairs(
    recipe: Recipe, titles: Sequence[Anime], votes: Sequence[Vote], parts: Split, held: bool
) -> list[Pair]:
    """Pairs of one side; a label is wholly on one side too, by the split's own rule."""
    wanted = [p for p in catalogue_pairs(titles, parts) if p.kind in recipe.pairs]
    if PairKind.VOTE in recipe.pairs:
        wanted += vote_pairs(votes, titles, parts)
    side = partial(is_drawn, rule=recipe.split)
    kept = [p for p in wanted if p.kind is not PairKind.LABEL or side(folded(p.anchor)) == held]
    return list(dict.fromkeys(kept))


def _refuse_missing(recipe: Recipe, train: Sequence[Pair], held: Sequence[Pair]) -> None:
    missing = sorted(recipe.pairs.keys() - {pair.kind for pair in train})
    if missing:
        raise InvalidRequest(
            f"recipe {recipe.name} wants pairs of kind {', '.join(missing)}, and the data has none "
            "to train on; give votes or a fuller catalogue, or leave the kind out"
        )
    if not held:
        raise InvalidRequest(
            f"nothing is held out by {recipe.split.held_out:.0%} of the franchises; "
            "raise split.held_out or give a larger catalogue"
        )


def _sha256(train: Sequence[Pair], held: Sequence[Pair]) -> str:
    digest = hashlib.sha256()
    for side in (train, held):
        for line in sorted(map(canonical, side)):
            digest.update(line.encode() + b"\n")
        digest.update(b"\n")
    return digest.hexdigest()
