"""kill -9 in every phase of a promotion flow: a champion serves, and the promotion is finished."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from animevec.assembly import local_release
from animevec.settings import ROOT, Settings
from animevec.stack.process import Supervisor
from animevec.stack.table import every_process
from flows.workshop import open_records
from registry.ledger import OPEN, Promotion
from registry.lineage import Lineage
from registry.releases import GATE
from tests.flows.stack import Stack
from tests.flows.test_scenario import searching, serving

# A flow run waits where the file `hold` says, until that file is gone.
HOLDING = f"""
import os
if os.environ.get("PREFECT__FLOW_RUN_ID"):
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {str(ROOT)!r})
    from registry.ledger import Ledger
    from registry.releases import Releases
    home = Path(os.environ["ANIMEVEC_HOME"])

    def after(kind, name, phase):
        plain = getattr(kind, name)
        def held(self, *values, **named):
            found = plain(self, *values, **named)
            hold = home / "hold"
            if hold.is_file() and hold.read_text() == phase(values):
                (home / "held").write_text(str(os.getpid()))
                while hold.is_file():
                    time.sleep(0.05)
            return found
        setattr(kind, name, held)

    after(Ledger, "open", lambda values: "intent")
    after(Ledger, "advance", lambda values: str(values[1]))
    after(Releases, "move", lambda values: "alias")
"""
PHASES = ("intent", "verified", "moved", "alias")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, whose flow runs can be held."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(HOLDING)
    found = Stack(folder / "home")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(folder / "site"))
    for name, value in found.env.items():
        patch.setenv(name, value)
    try:
        found.animevec("up")
        until(lambda: serving(found) == "1")
        register_again(Settings())
        yield found
    finally:
        found.animevec("down")
        patch.undo()


def register_again(settings: Settings) -> None:
    """Release 2: what release 1 is, over the same index."""
    with open_records(settings) as records:
        records.releases.register(
            lambda version: local_release(settings).model_copy(update={"version": version}),
            description="as the first one",
            lineage=Lineage(parent="1"),
            tags={GATE: "pass"},
        )


def until(done: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def kill(stack: Stack, target: str) -> None:
    """SIGKILL to the held flow run, or to a server with all its children."""
    if target == "flow":
        os.kill(int((stack.home / "held").read_text()), signal.SIGKILL)
        return
    [process] = [one for one in every_process(Settings()) if one.name == target]
    found = Supervisor(stack.home / "run").running(process)
    assert found is not None
    for member in [found, *found.children(recursive=True)]:
        member.kill()
    psutil.wait_procs([found], timeout=10)


def newest(stack: Stack) -> Promotion:
    with open_records(Settings()) as records:
        return records.promotions.list()[0]


def struck(stack: Stack, target: str, phase: str) -> tuple[str, Promotion]:
    """Promote the other release, strike in a phase, bring back what fell; who was to come."""
    hold, held = stack.home / "hold", stack.home / "held"
    held.unlink(missing_ok=True)
    hold.write_text(phase)
    wanted = "2" if serving(stack) == "1" else "1"
    assert stack.trigger("promote", release=wanted).is_success
    until(held.is_file, 400)
    kill(stack, target)
    if target != "flow":
        stack.animevec("up")
    hold.unlink()
    until(lambda: newest(stack).phase not in OPEN)
    return wanted, newest(stack)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("target", ["flow", "mlflow", "prefect"])
def test_a_promotion_survives_kill_9_in_every_phase(stack: Stack, target: str) -> None:
    with searching(stack.service) as load:
        for phase in PHASES:
            before = serving(stack)
            wanted, ended = struck(stack, target, phase)
            lost = target == "flow" and phase != "alias"
            assert ended.version == wanted
            assert ended.phase == ("failed" if lost else "confirmed"), (phase, ended)
            until(lambda: serving(stack) == (before if lost else wanted))  # noqa: B023
    assert load.answered and load.failed == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_promotion_survives_kill_9_of_all_that_runs_flows(stack: Stack) -> None:
    before = serving(stack)
    _, ended = struck(stack, "flows", "verified")
    assert ended.phase == "failed" and serving(stack) == before
