"""Jobs: work that outlives its request, with an id, progress and a state that survives a crash."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import structlog
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from animevec.errors import AnimevecError, Conflict, NotFound
from animevec.progress import Progress
from animevec.replacement import replaced

Work = Callable[[Progress], dict[str, JsonValue]]
CRASHED = AnimevecError("the job crashed; the log has the traceback").envelope()["error"]
NOTED_S = 1.0  # progress is written down so often, for who asks after a crash
_log = structlog.get_logger("jobs")


class Job(BaseModel):
    """One piece of work; ``done`` of ``total`` titles."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    state: Literal["running", "done", "failed", "interrupted"]
    done: int = 0
    total: int | None = None
    started_at: datetime
    finished_at: datetime | None = None
    result: dict[str, JsonValue] | None = None
    error: dict[str, Any] | None = Field(None, description="the envelope's error object")


class Jobs:
    """Jobs as one JSON file each; those a crash cut off are marked interrupted at the start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._running: dict[str, Job] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in [*folder.glob("*.json")]:
            job = _left(path)
            if job.state == "running":
                self._save(self._finished(job, state="interrupted"))

    def start(self, kind: str, work: Work) -> Job:
        """Begin ``work`` in a thread.

        Raises:
            Conflict: one of this kind is running.
        """
        with self._lock:
            for other in self._running.values():
                if other.kind == kind:
                    raise Conflict(f"{kind} job {other.id} is running; wait for it", job=other.id)
            job = Job(id=uuid4().hex[:12], kind=kind, state="running", started_at=datetime.now(UTC))
            self._save(job)
            self._running[job.id] = job
        threading.Thread(target=self._run, args=(job, work), name=kind, daemon=True).start()
        return job

    def get(self, job_id: str) -> Job:
        """One job; ``NotFound`` if there never was one of that id."""
        running = self._running.get(job_id)
        path = self._folder / f"{job_id}.json"
        if running is not None:
            return running
        if not job_id.isalnum() or not path.is_file():
            raise NotFound(f"no job '{job_id}'; GET /api/v1/admin/jobs lists them", job=job_id)
        return Job.model_validate_json(path.read_bytes())

    def list(self) -> list[Job]:
        """Every job, newest first."""
        stored = [Job.model_validate_json(p.read_bytes()) for p in self._folder.glob("*.json")]
        known = {job.id: job for job in stored} | self._running
        return sorted(known.values(), key=lambda job: job.started_at, reverse=True)

    def running(self) -> int:
        """How many are under way."""
        return len(self._running)

    def _run(self, job: Job, work: Work) -> None:
        noted = time.monotonic()

        def progress(done: int, total: int | None) -> None:
            nonlocal noted
            now = self._running[job.id] = job.model_copy(update={"done": done, "total": total})
            if time.monotonic() - noted >= NOTED_S:
                noted = time.monotonic()
                with suppress(OSError):  # no reason to give the work up
                    self._save(now)

        state: dict[str, Any] = {"state": "failed", "error": CRASHED}
        try:
            state = {"state": "done", "result": work(progress)}
        except AnimevecError as error:
            state["error"] = error.envelope()["error"]
        finally:
            finished = self._finished(self._running[job.id], **state)
            try:
                self._save(finished)
            finally:  # a job that nobody could write down is over all the same
                del self._running[job.id]
            _log.info("job", id=job.id, kind=job.kind, state=finished.state)

    def _finished(self, job: Job, **update: Any) -> Job:
        return job.model_copy(update={**update, "finished_at": datetime.now(UTC)})

    def _save(self, job: Job) -> None:
        with replaced(self._folder / f"{job.id}.json") as file:
            file.write(job.model_dump_json().encode())


def _left(path: Path) -> Job:
    """The job of a file; one that is unreadable says no more than that there was a job."""
    try:
        return Job.model_validate_json(path.read_bytes())
    except ValidationError as error:
        _log.warning("job is unreadable", path=str(path), error=str(error))
        began = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Job(id=path.stem, kind="unknown", state="running", started_at=began)
