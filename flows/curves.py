"""Curves of a run as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw_curves(series: Mapping[str, Sequence[float]], path: Path) -> None:
    """A PNG of 1,200 x 600 pixels at ``path``: each series over its steps, counted from 1."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=150, layout="constrained")
    axes = figure.subplots()
    for name, values in series.items():
        axes.plot(range(1, len(values) + 1), values, label=name)
    axes.set_xlabel("logged step")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path)
