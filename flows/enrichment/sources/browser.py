"""Pages through a client that looks like a browser: an operator's explicit third choice.

It needs the optional package ``curl_cffi`` (``pip install animevec[browser]``).  robots.txt and
the source's rate stay in force; nothing turns it on by itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from flows.enrichment.http import Client, RequestFailed, Tally
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import OutcomeKind, SourceFacts, SourceOutcome, Wanted


class BrowserPages:
    """Pages of one source, one by one."""

    def __init__(self, facts: SourceFacts, parse: pages.Parse, client: Client, path: str) -> None:
        self.facts = facts
        self._parse = parse
        self._client = client
        self._path = path

    def knows(self, wanted: Wanted) -> bool:
        """By the id its provider gave."""
        return pages.safe(wanted.keys.get(self.facts.provider, ""))

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One page a title."""
        return [await self._title(one.keys[self.facts.provider]) for one in wanted]

    async def _title(self, id: str) -> SourceOutcome:
        key, tally = f"{self.facts.provider}:{id}", Tally()
        url = self._client.base_url(self.facts) + self._path.format(id=id)
        try:
            await self._client.allowed(self.facts, url)
            tally.requests += 1
            record = self._parse(await _page(url, self._client.limit, self._client.timeout))
        except RequestFailed as failure:
            return asking.failed(self.facts, key, failure, tally)
        return asking.found(self.facts, key, record, datetime.now(UTC), tally)


async def _page(url: str, limit: int, timeout: float) -> bytes:
    try:
        requests: Any = import_module("curl_cffi.requests")
    except ImportError as error:
        raise RequestFailed(
            OutcomeKind.REFUSED,
            "enrichment.animeplanet: browser needs curl_cffi: pip install animevec[browser]",
        ) from error
    async with requests.AsyncSession(impersonate="chrome", timeout=timeout) as session:
        try:
            response = await session.get(url, allow_redirects=False)
        except requests.RequestsError as error:
            raise RequestFailed(OutcomeKind.UNREACHABLE, f"{error}"[:200]) from error
    if response.status_code != 200:
        missing = response.status_code in {404, 410}
        kind = OutcomeKind.NOT_FOUND if missing else OutcomeKind.REFUSED
        raise RequestFailed(kind, f"status {response.status_code}")
    if len(response.content) > limit:
        raise RequestFailed(OutcomeKind.MALFORMED, f"the page is longer than {limit} bytes")
    return bytes(response.content)
