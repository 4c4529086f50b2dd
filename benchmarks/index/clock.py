"""Milliseconds of calls, and processor seconds."""

import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def cpu_seconds() -> float:
    """Processor time of this process so far, its children included."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(call: Callable[[int], Any], count: int) -> tuple[list[Any], list[float]]:
    """Answers and milliseconds of ``count`` calls, after a few to warm up."""
    for number in range(min(10, count)):
        call(number)
    answers, took = [], []
    for number in range(count):
        start = time.perf_counter()
        answers.append(call(number))
        took.append((time.perf_counter() - start) * 1000)
    return answers, took


def spread(took: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, milliseconds."""
    return {"p50": float(np.percentile(took, 50)), "p95": float(np.percentile(took, 95))}
