"""A promotion is whole or it never happened."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from animevec.errors import (
    AnimevecError,
    Conflict,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    Unavailable,
)
from registry.ledger import Phase
from registry.promotion import Promoter
from registry.releases import CHAMPION, Releases
from tests.registry.conftest import READY, Follower, register


def service_of(promoter: Promoter) -> Follower:
    assert isinstance(promoter.service, Follower)
    return promoter.service


def champion(releases: Releases) -> str | None:
    return releases.aliases().get(CHAMPION)


def test_promote_then_roll_back_and_read_the_trail(promoter: Promoter, releases: Releases) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    promoter.promote(second, "ben", "better on similarity")
    assert champion(releases) == second
    promoter.rollback("cleo")
    assert champion(releases) == first
    trail = [(e.actor, e.facts["version"], e.facts["previous"]) for e in promoter.audit.entries()]
    assert trail == [("cleo", first, second), ("ben", second, first), ("ann", first, None)]


def test_a_dry_run_changes_nothing_and_names_every_change(
    promoter: Promoter, releases: Releases
) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    diff = promoter.diff(second)
    assert diff.changes["index"] == (f"anime-{first}", f"anime-{second}")
    assert "text_encoder" not in diff.changes
    assert champion(releases) == first
    assert not promoter.ledger.list(open_only=True)


@pytest.mark.parametrize("gate", ["fail", "none"])
def test_a_release_without_a_passed_gate_is_refused(
    promoter: Promoter, releases: Releases, gate: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"gate says {gate}"):
        promoter.promote(register(releases, gate), "ann")
    assert champion(releases) is None


@pytest.mark.parametrize(
    ("readiness", "says"),
    [
        (replace(READY, points=2), "holds 2 titles"),
        (replace(READY, watermark=6), "revision 6"),
        (replace(READY, probes=1), "1 of 3 probe"),
    ],
)
def test_an_index_that_is_not_right_never_serves(
    promoter: Promoter, releases: Releases, readiness: object, says: str
) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    service_of(promoter).readiness[second] = readiness  # type: ignore[assignment]
    with pytest.raises(Conflict, match=says):
        promoter.promote(second, "ann")
    assert champion(releases) == first
    assert promoter.ledger.list()[0].phase == Phase.FAILED


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"deaf": True}, DeadlineExceeded), ({"broken": "NaN weights"}, Conflict)],
)
def test_what_the_service_does_not_confirm_is_put_back(
    promoter: Promoter, releases: Releases, fault: dict[str, object], error: type[AnimevecError]
) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    service = service_of(promoter)
    service.deaf = bool(fault.get("deaf"))
    if "broken" in fault:
        service.broken[second] = "NaN weights"
    with pytest.raises(error):
        promoter.promote(second, "ann")
    assert champion(releases) == first
    failed = promoter.audit.entries("promotion_failed")[0]
    assert failed.facts["version"] == second
    assert failed.facts["phase"] == Phase.MOVED


def test_two_promotions_at_once_one_wins(promoter: Promoter, releases: Releases) -> None:
    first, second = register(releases), register(releases)
    promoter.ledger.open(CHAMPION, first, None, "ann", "")
    with pytest.raises(Conflict, match="by ann is under way"):
        promoter.promote(second, "ben")


def test_nothing_to_roll_back_to(promoter: Promoter, releases: Releases) -> None:
    promoter.promote(register(releases), "ann")
    with pytest.raises(InvalidRequest, match="no release was promoted before"):
        promoter.rollback("ann")


def test_an_unknown_release(promoter: Promoter, releases: Releases) -> None:
    register(releases)
    with pytest.raises(NotFound):
        promoter.promote("99", "ann")


KILLED = """
import os, signal, sys
from pathlib import Path
from registry.audit import AuditLog
from registry.ledger import Ledger, Phase, open_records
from registry.promotion import Promoter
from registry.releases import Releases
from registry.tracking import Tracking
from tests.registry.conftest import Follower, settings_in

home, version, phase = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
settings = settings_in(home)
releases = Releases(Tracking.of(settings), "anime-search", home / "adapters")
engine = open_records(settings)

class Dying(Follower):
    def prepare(self, v):
        return die() if phase == "intent" else super().prepare(v)
    def serving(self):
        return die() if phase == "alias-moved" else super().serving()

class DyingReleases(Releases):
    def move(self, alias, v):
        return die() if phase == "moved" else super().move(alias, v)
    def aliases(self):
        open_rows = ledger.list(open_only=True)
        if phase == "verified" and open_rows and open_rows[0].phase == Phase.VERIFIED:
            die()
        return super().aliases()

ledger = Ledger(engine)
dying = DyingReleases(releases.tracking, releases.name, releases.adapters)
Promoter(dying, ledger, AuditLog(engine), Dying(releases)).promote(version, "killed")
"""


@pytest.mark.parametrize(
    ("phase", "ends_at"),
    [("intent", "old"), ("verified", "old"), ("moved", "old"), ("alias-moved", "new")],
)
def test_killed_in_any_phase_it_resumes_or_rolls_back_by_itself(
    promoter: Promoter, releases: Releases, tmp_path: Path, phase: str, ends_at: str
) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), second, phase])
    assert killed.returncode == -signal.SIGKILL
    (recovered,) = promoter.recover()
    assert champion(releases) == {"old": first, "new": second}[ends_at]
    assert recovered.phase == {"old": Phase.FAILED, "new": Phase.CONFIRMED}[ends_at]
    assert service_of(promoter).serving().version == champion(releases)
    assert promoter.recover() == []


@pytest.mark.parametrize(("applied", "ends_at"), [(False, "old"), (True, "new")])
def test_cut_off_from_mlflow_it_is_finished_when_mlflow_is_back(
    promoter: Promoter, releases: Releases, applied: bool, ends_at: str
) -> None:
    first, second = register(releases), register(releases)
    promoter.promote(first, "ann")
    away: list[bool] = []

    class Cut(Releases):
        def move(self, alias: str, version: str) -> None:
            if applied:
                super().move(alias, version)
            away.append(True)
            raise Unavailable("MLflow does not answer")

        def aliases(self) -> dict[str, str]:
            if away:
                raise Unavailable("MLflow does not answer")
            return super().aliases()

    cut = replace(promoter, releases=Cut(releases.tracking, releases.name, releases.adapters))
    with pytest.raises(Unavailable):
        cut.promote(second, "ben")
    with pytest.raises(Unavailable):
        cut.recover()
    away.clear()
    (recovered,) = promoter.recover()
    assert champion(releases) == {"old": first, "new": second}[ends_at]
    assert recovered.phase == {"old": Phase.FAILED, "new": Phase.CONFIRMED}[ends_at]


def test_of_two_that_recover_one_takes_over(promoter: Promoter, releases: Releases) -> None:
    number = promoter.ledger.open(CHAMPION, register(releases), None, "ann", "")
    promoter.ledger.leave(number)
    left = promoter.ledger.get(number)
    assert left.abandoned
    assert [promoter.ledger.take(left), promoter.ledger.take(left)] == [True, False]
    assert not promoter.ledger.get(number).abandoned
