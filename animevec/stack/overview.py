"""What runs, as rows for people and for programs."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from rich.table import Table

from animevec.settings import Settings
from animevec.stack.process import Process, Supervisor
from animevec.stack.readiness import probe
from animevec.stack.table import processes


@dataclass(frozen=True, slots=True)
class Row:
    """One process: ``state`` is ready, not ready or down; memory is of its whole family."""

    name: str
    state: str
    url: str
    pid: int | None
    uptime_s: float | None
    memory_mb: float | None
    log: str

    def as_json(self) -> dict[str, Any]:
        """The row for programs."""
        return asdict(self)


def overview(settings: Settings) -> list[Row]:
    """One row per process of the stack."""
    supervisor = Supervisor(settings.home / "run")
    return [_row(process, supervisor) for process in processes(settings)]


def table(rows: list[Row]) -> Table:
    """The rows for people."""
    shown = Table(box=None, pad_edge=False)
    for column in ("process", "state", "address", "pid", "up", "memory", "log"):
        shown.add_column(column, justify="right" if column in ("pid", "up", "memory") else "left")
    for row in rows:
        up = "" if row.uptime_s is None else _duration(row.uptime_s)
        memory = "" if row.memory_mb is None else f"{row.memory_mb:,.0f} MB"
        pid = "" if row.pid is None else str(row.pid)
        colour = {"ready": "green", "not ready": "yellow"}.get(row.state, "red")
        state = f"[{colour}]{row.state}[/]"
        shown.add_row(row.name, state, row.url, pid, up, memory, row.log)
    return shown


def _row(process: Process, supervisor: Supervisor) -> Row:
    found, log = supervisor.running(process), str(supervisor.log(process))
    if found is None:
        return Row(process.name, "down", process.url, None, None, None, log)
    state = "ready" if probe(process)[0] == 200 else "not ready"
    uptime = time.time() - found.create_time()
    return Row(process.name, state, process.url, found.pid, uptime, _memory_mb(found), log)


def _memory_mb(root: psutil.Process) -> float:
    family = [root, *root.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / 1e6


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
