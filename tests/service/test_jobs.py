"""Jobs tell their progress, keep their end, and admit to having been cut off."""

import threading
import time
from pathlib import Path

import pytest

from animevec.errors import Conflict, NotFound, Unavailable
from animevec.progress import Progress
from bentos.jobs import Job, Jobs


def finished(jobs: Jobs, job: Job) -> Job:
    for _ in range(500):
        job = jobs.get(job.id)
        if job.state != "running":
            return job
        time.sleep(0.01)
    raise AssertionError(f"{job} does not end")


def test_a_job_reports_progress_and_its_result(tmp_path: Path) -> None:
    jobs, halfway, go_on = Jobs(tmp_path), threading.Event(), threading.Event()

    def work(progress: Progress) -> dict[str, object]:
        progress(5, 10)
        halfway.set()
        go_on.wait(5)
        return {"points": 10}

    job = jobs.start("reindex", work)
    halfway.wait(5)
    assert (jobs.get(job.id).done, jobs.get(job.id).total, jobs.running()) == (5, 10, 1)
    with pytest.raises(Conflict, match=job.id):
        jobs.start("reindex", work)
    go_on.set()
    assert finished(jobs, job).result == {"points": 10}
    assert Jobs(tmp_path).get(job.id).state == "done"


def test_a_failed_job_keeps_its_error(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)

    def work(progress: Progress) -> dict[str, object]:
        raise Unavailable("the index engine does not answer")

    job = finished(jobs, jobs.start("reindex", work))
    assert job.state == "failed"
    assert job.error is not None and job.error["code"] == "unavailable"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_crashes_points_at_the_log(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)

    def work(progress: Progress) -> dict[str, object]:
        raise ValueError("a bug")

    job = finished(jobs, jobs.start("reindex", work))
    assert job.state == "failed"
    assert job.error is not None and job.error["code"] == "internal"
    assert "the log has the traceback" in job.error["message"]


def test_a_job_that_a_crash_cut_off_says_after_a_restart_how_far_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, told = Jobs(tmp_path), threading.Event()
    monkeypatch.setattr("bentos.jobs.NOTED_S", 0.0)

    def work(progress: Progress) -> dict[str, object]:
        progress(3, 7)
        told.set()
        time.sleep(30)
        return {}

    job = jobs.start("reindex", work)
    assert told.wait(5)
    found = Jobs(tmp_path).get(job.id)
    assert (found.state, found.done, found.total) == ("interrupted", 3, 7)


def test_progress_that_cannot_be_written_down_stops_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, away = tmp_path / "jobs", tmp_path / "away"
    jobs = Jobs(folder)
    monkeypatch.setattr("bentos.jobs.NOTED_S", 0.0)

    def work(progress: Progress) -> dict[str, object]:
        folder.rename(away)
        progress(3, 7)
        away.rename(folder)
        return {"points": 7}

    job = finished(jobs, jobs.start("reindex", work))
    assert (job.state, job.result) == ("done", {"points": 7})


@pytest.mark.parametrize("content", [b"", b'{"id": "a1", "ki', b"\0\xff"])
def test_a_job_whose_file_is_damaged_is_interrupted(tmp_path: Path, content: bytes) -> None:
    jobs = Jobs(tmp_path)
    whole = finished(jobs, jobs.start("reindex", lambda progress: {}))
    (tmp_path / "a1.json").write_bytes(content)
    again = Jobs(tmp_path)
    assert again.get("a1").state == "interrupted"
    assert {job.id for job in again.list()} == {whole.id, "a1"}


@pytest.mark.parametrize("name", ["unknown", "../../etc/passwd", ""])
def test_an_unknown_job_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Jobs(tmp_path).get(name)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_cannot_be_written_down_stands_in_the_way_of_none(tmp_path: Path) -> None:
    folder, away = tmp_path / "jobs", tmp_path / "away"
    jobs, go_on = Jobs(folder), threading.Event()

    def work(progress: Progress) -> dict[str, object]:
        go_on.wait(5)
        return {}

    folder.rename(away)
    with pytest.raises(FileNotFoundError):
        jobs.start("reindex", work)
    away.rename(folder)
    jobs.start("reindex", work)
    folder.rename(away)
    go_on.set()
    for _ in range(500):
        if jobs.running() == 0:
            break
        time.sleep(0.01)
    away.rename(folder)
    assert finished(jobs, jobs.start("reindex", lambda progress: {})).state == "done"
