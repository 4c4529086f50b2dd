"""Fine-tuning on real votes, measured on franchises that training never saw.

python -m benchmarks.finetune [--recipe similarity] [--salt animevec] [--steps N] [--threads 2]

Franchises are on one of three sides: tested, for validation, trained on.  The recipe learns from
recommendation votes and the catalogue of ``../shared/data`` without the first two.  How much of
the learnt change is kept is chosen on the validation side, among titles that are not tested: the
share that is best at similarity and costs no other slice more than half a per cent.  Only then is
the test asked, once: similarity to the tested seeds among all titles of the development universe,
and three slices of plain search that must not get worse.  Training goes on where it stopped when
the command is run again.  The adapter stays in the working folder: the data's licence lets
nothing be shipped.
"""

import argparse
import gzip
import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from animevec.encoders.adapter import CONFIG, WEIGHTS  # noqa: E402
from animevec.encoders.base import Failure, TextItem, Vector  # noqa: E402
from animevec.encoders.runtime import Runtime  # noqa: E402
from animevec.encoders.sentence import SentenceEncoder  # noqa: E402
from animevec.index.document import embedding_text  # noqa: E402
from animevec.settings import Settings  # noqa: E402
from evaluation.metrics import ndcg  # noqa: E402
from evaluation.qrels import Judged  # noqa: E402
from evaluation.significance import Comparison, compare, holm  # noqa: E402
from registry.tracking import Tracking  # noqa: E402
from training.finetune import Base, train  # noqa: E402
from training.pairs import Vote, document  # noqa: E402
from training.recipe import PairKind, Recipe, SplitRule  # noqa: E402
from training.split import split  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
SIMILARITY = "similarity"
ALIASES = 2_000
# Shares of the learnt change that are tried, and the largest fall that a choice may cost.
KEEPS = (0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
FALL = 0.005
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


def sides(corpus: Corpus, rule: SplitRule, validation: float) -> tuple[set[int], set[int]]:
    """Titles that are tested, and those for validation: a share of the other franchises.

    Both are inside what training holds out, since one salted hash decides (``held_out``).
    """
    records = list(corpus.titles.values())
    tested = split(records, rule)
    held = split(records, held_out(rule, validation))
    outside = {key for key, one in corpus.titles.items() if held.is_held(one.id)}
    test = {key for key in outside if tested.is_held(corpus.titles[key].id)}
    return test, outside - test


def held_out(rule: SplitRule, validation: float) -> SplitRule:
    """What training holds out: the tested franchises and the share of the others."""
    share = rule.held_out + (1 - rule.held_out) * validation
    return rule.model_copy(update={"held_out": share})


def slices(
    corpus: Corpus, about: Collection[int], among: Collection[int], seed: int
) -> Iterator[Slice]:
    """Queries that speak of some titles, among others."""
    pool = {
        corpus.titles[key].id: embedding_text(corpus.titles[key])
        for key in corpus.pool("dev_universe")
        if key in among
    }
    yield Slice(SIMILARITY, tuple(_seeds(corpus, about)), pool)
    yield Slice("paraphrase", tuple(_paraphrases(corpus, about)), pool)
    yield Slice("title variants", tuple(_aliases(corpus, about, pool, seed)), pool)


def label_slice(corpus: Corpus) -> Slice:
    """Tags in words, which the texts of this slice do not show; they speak of no title."""
    titles = [corpus.titles[key] for key in corpus.pool("retrieval_labels_pools", TAGGED)]
    bare = {one.id: text for one in titles if (text := document(PairKind.LABEL, one))}
    return Slice("labels", tuple(_labels(corpus)), bare)


def _seeds(corpus: Corpus, about: Collection[int]) -> Iterator[Judged]:
    for line in corpus.lines("similarity_seeds"):
        if line["seed"] in about:
            hidden = [line["seed"], *line["exclude_franchise"]]
            yield Judged(
                str(line["seed"]),
                embedding_text(corpus.titles[line["seed"]]),
                corpus.relevant(line["relevant"]),
                exclude=frozenset(corpus.titles[key].id for key in hidden if key in corpus.titles),
            )


def _paraphrases(corpus: Corpus, about: Collection[int]) -> Iterator[Judged]:
    for line in corpus.lines("retrieval_paraphrase"):
        if line["target"] in about:
            yield Judged(line["qid"], line["query_short"], corpus.relevant(line["relevant"]))


def _aliases(
    corpus: Corpus, about: Collection[int], pool: Mapping[UUID, str], seed: int
) -> list[Judged]:
    """Names that the indexed text does not show."""
    titles = [corpus.titles[key] for key in sorted(about) if corpus.titles[key].id in pool]
    found = [
        Judged(f"{one.id}/{title.text}", title.text, {one.id: 1.0})
        for one in titles
        for title in one.titles
        if title.text not in pool[one.id] and title.text.isascii()
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


Compared = Mapping[str, Comparison]


def compared(parts: Sequence[Slice], base: Encoded, tuned: Encoded) -> Compared:
    """The adapter against the bare base, by slice."""
    return {one.name: compare(scores(one, tuned), scores(one, base)) for one in parts}


def chosen(tried: Mapping[float, Compared]) -> float:
    """The share that is best at similarity where no other slice falls by more than ``FALL``.

    The smallest one where every share costs more.
    """
    sound = [
        keep
        for keep, found in tried.items()
        if all(one.relative >= -FALL for name, one in found.items() if name != SIMILARITY)
    ]
    return max(sound, key=lambda keep: tried[keep][SIMILARITY].candidate, default=min(tried))


def softened(adapter: Path, keep: float, out: Path) -> Path:
    """A copy of an adapter that keeps a share of its change, as ``lora.keep`` does."""
    out.mkdir(parents=True, exist_ok=True)
    config = json.loads((adapter / CONFIG).read_text())
    config["lora_alpha"] *= keep
    (out / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    shutil.copyfile(adapter / WEIGHTS, out / WEIGHTS)
    return out


def choice_table(parts: Sequence[Slice], tried: Mapping[float, Compared]) -> list[str]:
    """Markdown: the relative change of every slice at every share."""
    names = [f"{one.name}, {len(one.queries)}" for one in parts]
    lines = ["| keep | " + " | ".join(names) + " |", "|---" * (1 + len(parts)) + "|"]
    for keep, found in tried.items():
        changes = " | ".join(f"{found[one.name].relative:+.1%}" for one in parts)
        lines.append(f"| {keep:g} | {changes} |")
    return lines


def report(parts: Sequence[Slice], found: Compared) -> list[str]:
    """A Markdown table, a row per slice; p-values are Holm's over all rows."""
    adjusted = holm({name: one.p for name, one in found.items()})
    lines = [
        "| slice | queries | titles | base | adapter | change | difference, 95 % interval | p |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part in parts:
        one = found[part.name]
        moved = one.difference
        lines.append(
            f"| {part.name} | {moved.n:,} | {len(part.pool):,} | {one.baseline:.4f} | "
            f"{one.candidate:.4f} | {one.relative:+.1%} | {moved.mean:+.4f} "
            f"({moved.low:+.4f} to {moved.high:+.4f}) | {adjusted[part.name]:.4f} |"
        )
    return lines


def plot(losses: Sequence[float], tried: Mapping[float, Compared], path: Path) -> None:
    """The loss by step with its running mean, and what each share is worth on validation."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    width = min(10, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    figure, (axis, shares) = pyplot.subplots(1, 2, figsize=(8.4, 2.8), layout="constrained")
    axis.plot(range(1, len(losses) + 1), losses, color="#b8c4d6", linewidth=1, label="step")
    axis.plot(range(width, len(losses) + 1), smooth, color="#2f5d9b", label=f"mean of {width}")
    axis.set(xlabel="step", ylabel="training loss")
    for name in next(iter(tried.values())):
        changes = [100 * found[name].relative for found in tried.values()]
        shares.plot(list(tried), changes, marker="o", markersize=3, label=name)
    shares.axhline(0, color="#888888", linewidth=0.8)
    shares.set_yscale("symlog", linthresh=5)
    shares.set(xlabel="share kept", ylabel="change on validation, %")
    for one in (axis, shares):
        one.spines[["top", "right"]].set_visible(False)
        one.legend(frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Train where needed, choose, test, print."""
    options = _options()
    settings, corpus = Settings(home=options.work), Corpus.read(options.data)
    rule = SplitRule(held_out=options.held_out, salt=options.salt)
    recipe = _recipe(options, held_out(rule, options.validation))
    base, began = Base.of(recipe, settings), monotonic()
    result = train(
        recipe,
        list(corpus.titles.values()),
        corpus.votes(),
        options.work / f"{recipe.name}-{options.salt}",
        base=base,
        tracking=Tracking.of(settings),
        progress=lambda done, total: print(f"step {done}/{total}", flush=True),
    )
    size = (result.adapter / WEIGHTS).stat().st_size
    print(f"trained in {monotonic() - began:.0f} s, run {result.run_id}, {size:,} bytes")
    encoder = SentenceEncoder.load(
        base.folder, base.card, Runtime(dtype=options.dtype, threads=options.threads)
    )
    for keep in KEEPS:
        folder = softened(result.adapter, keep, options.work / f"keep-{keep:g}")
        encoder.adapters.load(f"{keep:g}", folder)
    bare = Encoded(encoder, None, options.tokens)
    arms = {keep: Encoded(encoder, f"{keep:g}", options.tokens) for keep in KEEPS}

    test, validation = sides(corpus, rule, options.validation)
    asked = list(slices(corpus, validation, corpus.titles.keys() - test, recipe.seed))
    tried = {keep: compared(asked, bare, arm) for keep, arm in arms.items()}
    kept = chosen(tried)
    print("\n".join([f"validation, {len(asked[0].pool):,} titles", *choice_table(asked, tried)]))
    parts = [*slices(corpus, test, corpus.titles.keys(), recipe.seed), label_slice(corpus)]
    lines = report(parts, compared(parts, bare, arms[kept]))
    print("\n".join([f"test, keep {kept:g}, {options.dtype}, {monotonic() - began:.0f} s", *lines]))
    if options.plot:
        plot(result.losses, tried, options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="similarity")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "finetune")
    parser.add_argument("--held-out", type=float, default=0.4, help="share that is tested")
    parser.add_argument("--validation", type=float, default=0.2, help="share of the others")
    parser.add_argument("--salt", default="animevec")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--tokens", type=int, default=128, help="longer texts are cut")
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


def _recipe(options: argparse.Namespace, rule: SplitRule) -> Recipe:
    """The recipe with all of its change kept: the share is chosen afterwards."""
    recipe = Recipe.read(options.recipe)
    return recipe.model_copy(
        update={
            "split": rule,
            "steps": options.steps or recipe.steps,
            "threads": options.threads,
            "lora": recipe.lora.model_copy(update={"keep": 1.0}),
        }
    )


if __name__ == "__main__":
    main()
