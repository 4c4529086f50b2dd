"""Fine-tuning on real votes, measured on franchises that training never saw.

python -m benchmarks.finetune [--recipe similarity] [--held-out 0.4] [--salt animevec] [--steps N]

Trains the recipe on the recommendation votes and the catalogue of ``../shared/data`` without the
held-out franchises, then compares the served adapter with its bare base: similarity to the
held-out seeds among all titles of the development universe, and three slices of plain search
that must not get worse.  Training goes on where it stopped when the command is run again.  The
adapter stays in the working folder: the data's licence lets nothing be shipped.
"""

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID

from animevec import quiet

quiet.apply()

import numpy as np  # noqa: E402

from animevec.catalog.importers.mal import MyAnimeList  # noqa: E402
from animevec.catalog.record import Anime  # noqa: E402
from animevec.encoders.base import Failure, TextItem, Vector  # noqa: E402
from animevec.encoders.runtime import Runtime  # noqa: E402
from animevec.encoders.sentence import SentenceEncoder  # noqa: E402
from animevec.index.document import embedding_text  # noqa: E402
from animevec.settings import Settings  # noqa: E402
from evaluation.metrics import ndcg  # noqa: E402
from evaluation.qrels import Judged  # noqa: E402
from evaluation.significance import compare, holm  # noqa: E402
from registry.tracking import Tracking  # noqa: E402
from training.finetune import Base, train  # noqa: E402
from training.pairs import Vote, document  # noqa: E402
from training.recipe import PairKind, Recipe, SplitRule  # noqa: E402
from training.split import Split, split  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
ALIASES = 300
# The smaller of the two judged pools: its queries are the more specific ones.
TAGGED = "anilist_tagged"
# The files give grades; a vote's grade comes from its weight.
WEIGHT = {1: 1.0, 2: 3.0, 3: 6.0}


@dataclass(frozen=True)
class Slice:
    """Queries over a pool of titles, all in one form."""

    name: str
    queries: tuple[Judged, ...]
    pool: Mapping[UUID, str]


@dataclass(frozen=True)
class Corpus:
    """The shared data: titles by MyAnimeList id, and lines of its evaluation files."""

    folder: Path
    titles: Mapping[int, Anime]

    @classmethod
    def read(cls, folder: Path) -> "Corpus":
        """Everything in the catalogue file."""
        with gzip.open(folder / "catalogue" / "anime.jsonl.gz", "rt", encoding="utf-8") as lines:
            found = {int(row["mal_id"]): row for row in map(json.loads, lines)}
        return cls(folder, {key: MyAnimeList().record(row) for key, row in found.items()})

    def lines(self, name: str) -> list[Any]:
        """One evaluation file."""
        content = (self.folder / "eval" / f"{name}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in content.splitlines()]

    def pool(self, name: str, part: str | None = None) -> list[int]:
        """A judged pool; titles the catalogue lacks cannot be found and are left out."""
        content = json.loads((self.folder / "eval" / f"{name}.json").read_text())
        return [one for one in (content[part] if part else content) if one in self.titles]

    def relevant(self, graded: Mapping[str, float]) -> dict[UUID, float]:
        """Judgements by our ids."""
        known = {int(key): grade for key, grade in graded.items() if int(key) in self.titles}
        return {self.titles[key].id: grade for key, grade in known.items()}

    def votes(self) -> list[Vote]:
        """Seeds' votes and the graded pairs."""
        seeds = [
            (line["seed"], other, grade)
            for line in self.lines("similarity_seeds")
            for other, grade in line["relevant"].items()
        ]
        pairs = [(one["a"], one["b"], one["grade"]) for one in self.lines("similarity_pairs")]
        graded = {(int(a), int(b)): grade for a, b, grade in [*pairs, *seeds] if grade}
        return [Vote(a=f"mal:{a}", b=f"mal:{b}", weight=WEIGHT[g]) for (a, b), g in graded.items()]


def slices(corpus: Corpus, parts: Split, seed: int) -> Iterator[Slice]:
    """What is measured; every query speaks of a held-out title."""
    held = {key for key, one in corpus.titles.items() if parts.is_held(one.id)}
    universe = {
        corpus.titles[key].id: embedding_text(corpus.titles[key])
        for key in corpus.pool("dev_universe")
    }
    yield Slice("similarity", tuple(_seeds(corpus, held)), universe)
    yield Slice("paraphrase", tuple(_paraphrases(corpus, held)), universe)
    yield Slice("title variants", tuple(_aliases(corpus, held, universe, seed)), universe)
    pool = corpus.pool("retrieval_labels_pools", TAGGED)
    bare = {
        one.id: text
        for one in (corpus.titles[key] for key in pool)
        if (text := document(PairKind.LABEL, one))
    }
    yield Slice("labels", tuple(_labels(corpus)), bare)


def _seeds(corpus: Corpus, held: set[int]) -> Iterator[Judged]:
    for line in corpus.lines("similarity_seeds"):
        if line["seed"] in held:
            hidden = [line["seed"], *line["exclude_franchise"]]
            yield Judged(
                str(line["seed"]),
                embedding_text(corpus.titles[line["seed"]]),
                corpus.relevant(line["relevant"]),
                exclude=frozenset(corpus.titles[key].id for key in hidden if key in corpus.titles),
            )


def _paraphrases(corpus: Corpus, held: set[int]) -> Iterator[Judged]:
    for line in corpus.lines("retrieval_paraphrase"):
        if line["target"] in held:
            yield Judged(line["qid"], line["query_short"], corpus.relevant(line["relevant"]))


def _aliases(
    corpus: Corpus, held: set[int], universe: Mapping[UUID, str], seed: int
) -> list[Judged]:
    """Names that the indexed text does not show."""
    titles = [corpus.titles[key] for key in sorted(held) if corpus.titles[key].id in universe]
    found = [
        Judged(f"{one.id}/{title.text}", title.text, {one.id: 1.0})
        for one in titles
        for title in one.titles
        if title.text not in universe[one.id] and title.text.isascii()
    ]
    return Random(seed).sample(found, min(ALIASES, len(found)))


def _labels(corpus: Corpus) -> Iterator[Judged]:
    for line in corpus.lines("retrieval_labels"):
        if line["judged_pool"] == TAGGED:
            yield Judged(line["qid"], line["query"], corpus.relevant(line["relevant"]))


class Encoded:
    """Vectors of one arm, each text encoded once; ``adapter`` None is the bare base."""

    def __init__(self, encoder: SentenceEncoder, adapter: str | None, tokens: int) -> None:
        self._encoder, self._adapter, self._tokens = encoder, adapter, tokens
        self._vectors: dict[str, Vector] = {}

    def of(self, texts: Sequence[str]) -> Vector:
        """Unit rows [texts, dimensions]."""
        new = [one for one in dict.fromkeys(texts) if one not in self._vectors]
        cut = [self._encoder.tokenizer.trim(one, self._tokens)[0] for one in new]
        for text, outcome in zip(
            new,
            self._encoder.encode([TextItem(c, adapter=self._adapter) for c in cut]),
            strict=True,
        ):
            if isinstance(outcome, Failure):
                raise outcome.error
            assert outcome.dense is not None
            self._vectors[text] = outcome.dense
        return np.stack([self._vectors[one] for one in texts])


def scores(part: Slice, arm: Encoded) -> list[float]:
    """nDCG@10 of each query by dense search alone."""
    ids, titles = list(part.pool), arm.of(list(part.pool.values()))
    asked = arm.of([one.query for one in part.queries])
    found = []
    for judged, near in zip(part.queries, asked @ titles.T, strict=True):
        order = np.argsort(-near, kind="stable")
        ranked = (ids[i] for i in order if ids[i] not in judged.exclude)
        inside = {key: grade for key, grade in judged.relevant.items() if key in part.pool}
        found.append(ndcg([one for one, _ in zip(ranked, range(10), strict=False)], inside))
    return found


def report(parts: Sequence[Slice], base: Encoded, tuned: Encoded) -> list[str]:
    """A Markdown table, a row per slice; p-values are Holm's over all rows."""
    compared = {one.name: compare(scores(one, tuned), scores(one, base)) for one in parts}
    adjusted = holm({name: one.p for name, one in compared.items()})
    lines = [
        "| slice | queries | titles | base | adapter | change | difference, 95 % interval | p |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part in parts:
        one = compared[part.name]
        moved = one.difference
        lines.append(
            f"| {part.name} | {moved.n} | {len(part.pool):,} | {one.baseline:.4f} | "
            f"{one.candidate:.4f} | {one.relative:+.1%} | {moved.mean:+.4f} "
            f"({moved.low:+.4f} to {moved.high:+.4f}) | {adjusted[part.name]:.4f} |"
        )
    return lines


def plot(losses: Sequence[float], path: Path) -> None:
    """The loss by step with its running mean."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    width = min(10, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    figure, axis = pyplot.subplots(figsize=(6.4, 2.6), layout="constrained")
    axis.plot(range(1, len(losses) + 1), losses, color="#b8c4d6", linewidth=1, label="step")
    axis.plot(range(width, len(losses) + 1), smooth, color="#2f5d9b", label=f"mean of {width}")
    axis.set(xlabel="step", ylabel="training loss")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Train where needed, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="similarity")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "finetune")
    parser.add_argument("--held-out", type=float, default=0.4)
    parser.add_argument("--salt", default="animevec")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--tokens", type=int, default=128, help="longer texts are cut")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    settings = Settings(home=options.work)
    recipe = Recipe.read(options.recipe)
    recipe = recipe.model_copy(
        update={
            "split": SplitRule(held_out=options.held_out, salt=options.salt),
            "steps": options.steps or recipe.steps,
            "threads": options.threads,
        }
    )
    corpus, began = Corpus.read(options.data), monotonic()
    records = list(corpus.titles.values())
    base = Base.of(recipe, settings)
    result = train(
        recipe,
        records,
        corpus.votes(),
        options.work / f"{recipe.name}-{options.salt}",
        base=base,
        tracking=Tracking.of(settings),
        progress=lambda done, total: print(f"step {done}/{total}", flush=True),
    )
    print(f"trained in {monotonic() - began:.0f} s, adapter {result.sha256[:12]}")
    encoder = SentenceEncoder.load(
        base.folder, base.card, Runtime(dtype=options.dtype, threads=options.threads)
    )
    encoder.adapters.load("tuned", result.adapter)
    parts = list(slices(corpus, split(records, recipe.split), recipe.seed))
    arms = [Encoded(encoder, name, options.tokens) for name in (None, "tuned")]
    lines = report(parts, *arms)
    print("\n".join([f"run {result.run_id}, {options.dtype}", *lines]))
    if options.plot:
        plot(result.losses, options.plot)
    print(result.verdict.line)


if __name__ == "__main__":
    main()
