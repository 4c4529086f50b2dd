"""Plots of an evaluation, as PNG."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np

from evaluation.results import Calibration, SetResult, pooled

BINS = 10


def systems_plot(results: Sequence[SetResult]) -> bytes:
    """The deciding metric of every system on every set, with intervals."""
    scored = [r for r in results if r.systems]
    names = list(dict.fromkeys(name for r in scored for name in r.systems))

    def draw(axes: Any) -> None:
        height = 0.8 / len(names)
        for place, name in enumerate(names):
            having = [(at, r.systems[name][r.primary]) for at, r in enumerate(scored)
                      if name in r.systems]  # fmt: skip
            means = [e.mean for _, e in having]
            reach = [[e.mean - e.low for _, e in having], [e.high - e.mean for _, e in having]]
            rows = [at + place * height for at, _ in having]
            axes.barh(rows, means, height, xerr=reach, label=name, error_kw={"lw": 0.8})
        axes.set_yticks(np.arange(len(scored)) + 0.4 - height / 2)
        axes.set_yticklabels([f"{r.name} ({r.primary})" for r in scored])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.grid(axis="x", alpha=0.3)
        axes.legend(loc="lower right", fontsize=8)

    return _figure(draw, (9, 1.2 + 0.55 * len(scored)))


def reliability_plot(results: Sequence[SetResult]) -> bytes:
    """How often hits of a stated probability were relevant, by task."""
    tasks = list(dict.fromkeys(r.task for r in results))
    curves = {task: found for task in tasks if (found := pooled(results, task)).outcomes}

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], "--", color="grey", lw=1)
        for task, found in curves.items():
            axes.plot(*_curve(found), "o-", label=f"{task} (error {found.error:.3f})")
        axes.set_xlabel("stated probability")
        axes.set_ylabel("share relevant")
        axes.legend()
        axes.grid(alpha=0.3)

    return _figure(draw, (6, 5))


def _curve(found: Calibration) -> tuple[list[float], list[float]]:
    p, y = np.array(found.probabilities), np.array(found.outcomes, dtype=float)
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = np.unique(which)
    return [float(p[which == b].mean()) for b in bins], [float(y[which == b].mean()) for b in bins]


def _figure(draw: Callable[[Any], None], size: tuple[float, float]) -> bytes:
    """Drawn on a figure of its own: pyplot's global state is not for servers."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots())
    out = BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()
