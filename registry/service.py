"""The running service as a promotion sees it: over HTTP, or, where none runs, from the files."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx

from animevec.errors import NotFound, Unavailable, from_envelope
from animevec.readiness import Readiness, inspect
from animevec.settings import Settings
from registry.promotion import Serving
from registry.releases import CHAMPION, Releases

PREPARE_S = 600.0


@dataclass(frozen=True)
class HttpService:
    """A service at ``url``; ``key`` is an admin key."""

    url: str
    key: str

    def prepare(self, version: str) -> Readiness:
        """Ask the service to open, catch up and warm a release."""
        answer = self._ask("POST", f"releases/{version}/prepare", PREPARE_S)
        return Readiness(**{f.name: answer[f.name] for f in fields(Readiness)})

    def serving(self) -> Serving:
        """What the service says it serves."""
        answer = self._ask("GET", "releases/serving", 30.0)
        return Serving(answer["version"], answer["refused"])

    def _ask(self, method: str, path: str, timeout: float) -> dict[str, Any]:
        try:
            answer = httpx.request(
                method,
                f"{self.url}/api/v1/admin/{path}",
                headers={"X-API-Key": self.key},
                timeout=timeout,
            )
        except httpx.TransportError as error:
            raise Unavailable(f"the service at {self.url} does not answer: {error}") from error
        if answer.is_error:
            raise from_envelope(answer.json()["error"])
        found: dict[str, Any] = answer.json()
        return found


@dataclass(frozen=True)
class AbsentService:
    """No service runs: a release is checked here, and the next start serves the alias."""

    settings: Settings
    releases: Releases

    def prepare(self, version: str) -> Readiness:
        """Open the release in this process, catch it up, and close it again."""
        from animevec.lineup import open_lineup

        registered = self.releases.get(version)
        adapters = self.releases.needed(registered)
        with open_lineup(self.settings) as lineup:
            assembly = lineup.open(registered.release, adapters)
            assembly.room.synchroniser.reconcile(assembly.live)
            return inspect(lineup.catalog, lineup.store, assembly.live)

    def serving(self) -> Serving:
        """What a service would serve if it were started now."""
        return Serving(self.releases.aliases().get(CHAMPION))


def find_service(settings: Settings, releases: Releases) -> HttpService | AbsentService:
    """The service of this installation where it answers, else the stand-in for its absence.

    Raises:
        NotFound: a service answers, but the admin key's file is not there.
    """
    url = f"http://{settings.serve.host}:{settings.serve.port}"
    try:
        httpx.get(f"{url}/livez", timeout=2.0)
    except httpx.TransportError:
        return AbsentService(settings, releases)
    return HttpService(url, _key(settings.admin_key_file, settings))


def _key(path: Path, settings: Settings) -> str:
    provided = settings.serve.admin_key.get_secret_value()
    if provided:
        return provided
    if not path.is_file():
        raise NotFound(f"no admin key in {path}; set ANIMEVEC_SERVE__ADMIN_KEY")
    return path.read_text().strip()
