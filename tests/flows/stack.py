"""The whole stack for a test: ``animevec up`` in a home of its own, and Prefect's REST API."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.stack.test_process import free_port

BUSY = 503


def patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """A Prefect server that is busy says 503; one asks again, as Prefect's own client does."""
    for _ in range(5):
        answer = send()
        if answer.status_code != BUSY:
            break
        time.sleep(2)
    return answer


ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Stack:
    """An installation with words alone; ports that were free a moment ago."""

    home: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: free_port()
            for name in ("SERVE__PORT", "REGISTRY__PORT", "FLOWS__PORT", "FLOWS__RUNNER_PORT")
        }
    )

    @property
    def env(self) -> dict[str, str]:
        """The settings as environment."""
        ports = {f"ANIMEVEC_{name}": str(port) for name, port in self.ports.items()}
        return {"ANIMEVEC_HOME": str(self.home), "ANIMEVEC_ENCODERS__PICTURE": "", **ports}

    @property
    def service(self) -> str:
        """Address of the search service."""
        return f"http://127.0.0.1:{self.ports['SERVE__PORT']}"

    @property
    def mlflow(self) -> str:
        """Address of MLflow's server."""
        return f"http://127.0.0.1:{self.ports['REGISTRY__PORT']}"

    @property
    def prefect(self) -> str:
        """Address of Prefect's API."""
        return f"http://127.0.0.1:{self.ports['FLOWS__PORT']}/api"

    @property
    def admin(self) -> dict[str, str]:
        """Headers of an admin."""
        return {"X-API-Key": (self.home / "secrets" / "admin.key").read_text().strip()}

    def animevec(self, *words: str) -> str:
        """What the command line prints; its error fails the test."""
        command = [str(Path(sys.executable).with_name("animevec")), *words]
        env = {**os.environ, **self.env}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """An admin's call of the service."""
        url = f"{self.service}/api/v1/admin/{path}"
        answer = httpx.request(method, url, headers=self.admin, timeout=60, **options)
        assert answer.is_success, answer.text
        return answer.json()

    def deployment(self, flow: str) -> dict[str, Any]:
        """A deployment as Prefect's UI reads it."""
        url = f"{self.prefect}/deployments/name/{flow}/animevec"
        found = patiently(lambda: httpx.get(url, timeout=60))
        assert found.is_success, found.text
        return dict(found.json())

    def trigger(self, flow: str, **request: Any) -> httpx.Response:
        """Press the button: what the UI sends when its form is submitted."""
        url = f"{self.prefect}/deployments/{self.deployment(flow)['id']}/create_flow_run"
        body = {"parameters": {"request": request}, "idempotency_key": str(uuid4())}
        return patiently(lambda: httpx.post(url, json=body, timeout=120))

    def run(self, flow: str, patience_s: float = 900.0, **request: Any) -> "FlowRun":
        """Press the button and wait for the end."""
        made = self.trigger(flow, **request)
        assert made.is_success, made.text
        url = f"{self.prefect}/flow_runs/{made.json()['id']}"
        deadline = time.monotonic() + patience_s
        while (state := self._state(url))["type"] not in ENDED:
            assert time.monotonic() < deadline, f"{flow} is still {state['type']}"
            time.sleep(0.5)
        return FlowRun(self.prefect, made.json()["id"], state["type"], state.get("message") or "")

    def _state(self, url: str) -> dict[str, str]:
        answer = patiently(lambda: httpx.get(url, timeout=60))
        assert answer.is_success, answer.text
        return dict(answer.json()["state"])


@dataclass(frozen=True)
class FlowRun:
    """A flow run that has ended."""

    api: str
    id: str
    state: str
    message: str

    def artifacts(self) -> dict[str, str]:
        """What it left in the UI, by key."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [self.id]}}}
        url = f"{self.api}/artifacts/filter"
        found = patiently(lambda: httpx.post(url, json=wanted, timeout=60)).json()
        return {one["key"]: str(one["data"]) for one in found if one["key"]}
