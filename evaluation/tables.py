"""An evaluation as tables of text: what the terminal, the page and the document all show."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from evaluation.campaign import Campaign
from evaluation.metrics import METRICS
from evaluation.results import SetResult, pooled
from evaluation.significance import Estimate
from evaluation.systems import FULL

TASKS = {"text": "Words", "similar": "Likeness", "picture": "Pictures", "multimodal": "Both"}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows under a title, with a sentence on what they are."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """As Markdown."""
        cells = [self.columns, ["---"] * len(self.columns), *self.rows]
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        return "\n".join([f"### {self.title}", "", self.about, "", *lines])


def tables(campaign: Campaign, slices: bool = True) -> list[Table]:
    """Every table of an evaluation that has rows; slices may be left out."""
    found = [
        *(side_by_side(campaign.results, task) for task in TASKS),
        details(campaign.results),
        *(by_slice(result) for result in campaign.results if slices and result.slices),
        agreement_table(campaign),
        calibration_table(campaign.results),
        set_table(campaign.results),
    ]
    return [table for table in found if table.rows]


def side_by_side(results: Sequence[SetResult], task: str) -> Table:
    """The primary metric of every system, and how the default one stands to the others."""
    ours = [r for r in results if r.task == task and r.systems]
    names = list(dict.fromkeys(system for r in ours for system in r.systems))
    rows = [
        [
            r.name,
            str(r.queries),
            r.primary,
            *(cell(r.systems[name][r.primary]) if name in r.systems else "" for name in names),
            _standing(r),
        ]
        for r in ours
    ]
    about = (
        "Mean of each set's deciding metric with its 95 % bootstrap interval; the last column "
        f"compares `{FULL}` with the others by a paired randomisation test, Holm-corrected over "
        "the whole evaluation (better or worse below p = 0.05)."
    )
    return Table(TASKS[task], about, ["set", "n", "metric", *names, f"{FULL} is"], rows)


def _standing(result: SetResult) -> str:
    found: dict[str, list[str]] = {}
    for name in result.against:
        found.setdefault(result.verdict(name), []).append(name)
    words = {"better": "better than", "level": "level with", "worse": "worse than"}
    return "; ".join(f"{words[v]} {', '.join(found[v])}" for v in words if v in found)


def details(results: Sequence[SetResult]) -> Table:
    """Every metric of the default system."""
    rows = [
        [
            r.name,
            *(f"{r.mean(FULL, metric):.3f}" for metric in METRICS),
            *(f"{value:.0f}" for value in r.ms[FULL]),
        ]
        for r in results
        if FULL in r.systems
    ]
    about = (
        f"`{FULL}` on every metric; milliseconds of one search for 100 hits, median and 95th "
        "percentile, in this process."
    )
    return Table("Every metric", about, ["set", *METRICS, "ms p50", "ms p95"], rows)


def by_slice(result: SetResult) -> Table:
    """The primary metric by slice."""
    names = list(result.systems)
    rows = [
        [label, str(estimates[FULL].n), *(cell(estimates[name]) for name in names)]
        for label, estimates in result.slices.items()
    ]
    title = f"Slices of {result.name}"
    return Table(title, f"{result.primary} by slice.", ["slice", "n", *names], rows)


def agreement_table(campaign: Campaign) -> Table:
    """Rank correlations with people."""
    found = campaign.agreement
    rows = []
    if found is not None:
        rows = [
            ["index and grades, all pairs", str(found.pairs.n), cell(found.pairs)],
            ["index and grades, pairs with votes", str(found.voted.n), cell(found.voted)],
            ["MyAnimeList and AniList votes, pairs with both", str(found.people.n),
             cell(found.people)],
        ]  # fmt: skip
    about = "Spearman's rank correlation with its 95 % bootstrap interval."
    return Table("Agreement with people", about, ["between", "pairs", "rho"], rows)


def calibration_table(results: Sequence[SetResult]) -> Table:
    """Calibration error by set and by task."""
    rows = [
        [r.name, str(len(r.calibration.outcomes)), number(r.calibration.error), number(r.silent)]
        for r in results
        if r.calibration.outcomes
    ]
    for task, name in TASKS.items():
        whole = pooled(results, r.task) if (r := _first(results, task)) else None
        if whole and whole.outcomes:
            rows.append([f"**{name.lower()}, all sets**", str(len(whole.outcomes)),
                         f"**{number(whole.error)}**", ""])  # fmt: skip
    about = (
        "Expected calibration error (10 equal bins) of the probabilities of the first ten hits, "
        "and the share of queries that got no hit of probability 0.5 or more."
    )
    return Table("Calibration", about, ["set", "hits", "error", "no sure match"], rows)


def _first(results: Sequence[SetResult], task: str) -> SetResult | None:
    return next((r for r in results if r.task == task), None)


def set_table(results: Sequence[SetResult]) -> Table:
    """What was asked, by hash."""
    rows = [[r.name, str(r.queries), f"`{r.sha256[:16]}`"] for r in results]
    about = "Figures are comparable where the hashes are equal."
    return Table("Sets", about, ["set", "queries", "SHA-256"], rows)


def cell(found: Estimate) -> str:
    """A mean with its interval."""
    if isnan(found.mean):
        return "-"
    return f"{found.mean:.3f} ({found.low:.3f}..{found.high:.3f})"


def number(value: float) -> str:
    """Three decimals, or a dash."""
    return "-" if isnan(value) else f"{value:.3f}"
