"""``animevec up``: the steps, then the processes, then the addresses."""

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from animevec.errors import AnimevecError
from animevec.settings import Settings
from animevec.stack.home import STEPS
from animevec.stack.process import Process, Supervisor
from animevec.stack.readiness import wait_ready
from animevec.stack.table import FLOWS, SERVICE, processes


def rise(settings: Settings, console: Console, only: Collection[str] = ()) -> None:
    """Bring the stack up; what is already there is left alone.

    The service comes first and alone, so that it answers as early as it can; the servers beside
    it start together.

    Raises:
        AnimevecError: a step or a process failed; the message says which and what to do.
    """
    started = time.monotonic()
    supervisor = Supervisor(settings.home / "run")
    table = processes(settings, only)
    first = [process for process in table if process.name == SERVICE]
    beside = [process for process in table if process.name != SERVICE]
    with _progress(console) as progress, ThreadPoolExecutor() as pool:
        for process in first:
            if supervisor.running(process) is None:
                _prepare(settings, progress)
            _start(process, supervisor, progress)
        for done in [pool.submit(_start, one, supervisor, progress) for one in beside]:
            done.result()
    _addresses(settings, table, supervisor, console)
    console.print(f"\nUp after {time.monotonic() - started:.1f} s. `make down` stops it.")


def _progress(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    return Progress(*columns, MofNCompleteColumn(), TimeElapsedColumn(), console=console)


def _prepare(settings: Settings, progress: Progress) -> None:
    for step in STEPS:
        if not step.needed(settings):
            continue
        task = progress.add_task(step.name, total=None)

        def report(done: int, total: int | None, task: object = task) -> None:
            progress.update(task, completed=done, total=total)  # type: ignore[arg-type]

        try:
            step.run(settings, report)
        except AnimevecError as error:
            error.message = f"step '{step.name}' failed: {error.message}"
            raise
        total = progress.tasks[task].total or 1
        progress.update(task, total=total, completed=total)


def _start(process: Process, supervisor: Supervisor, progress: Progress) -> None:
    task = progress.add_task(f"{process.name}: start", total=1)
    if supervisor.running(process) is None:
        supervisor.start(process)

    def say(state: str) -> None:
        progress.update(task, description=f"{process.name}: {state}")

    try:
        wait_ready(process, supervisor, say)
    except AnimevecError:
        supervisor.stop(process)
        raise
    progress.update(task, description=f"{process.name}: ready", completed=1)


def _addresses(
    settings: Settings, table: list[Process], supervisor: Supervisor, console: Console
) -> None:
    found = {process.name: process for process in table}
    rows = [(name, process.url) for name, process in found.items() if name != FLOWS]
    if service := found.get(SERVICE):
        rows += [("documentation", f"{service.url}/docs"), ("search page", f"{service.url}/ui")]
        rows += [("admin key", str(settings.admin_key_file)), ("log", str(supervisor.log(service)))]
    console.print()
    for name, value in rows:
        console.print(f"  {name:14} {value}", soft_wrap=True)
    if service:
        console.print("\nTry it:\n")
        console.print(
            f"  curl -s {service.url}/api/v1/search -H 'Content-Type: application/json' "
            """-d '{"query": "bounty hunters drifting through space", "limit": 3}'""",
            soft_wrap=True,
            markup=False,
        )
