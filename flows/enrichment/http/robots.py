"""robots.txt of the sources whose pages are read (RFC 9309)."""

from dataclasses import dataclass
from typing import Self

from protego import Protego

from flows.enrichment.http.reply import Reply, RequestFailed
from flows.enrichment.types import OutcomeKind


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says."""

    text: str

    @classmethod
    def read(cls, reply: Reply) -> Self:
        """The rules in a fetched robots.txt."""
        return cls(reply.body[: 500 * 1024].decode("utf-8", "replace"))

    @classmethod
    def without(cls, failure: RequestFailed) -> Self:
        """Where there is no robots.txt: everything is allowed if it is missing, else nothing."""
        missing = failure.kind is OutcomeKind.NOT_FOUND
        return cls("" if missing else "User-agent: *\nDisallow: /\n")

    def allow(self, url: str, user_agent: str) -> bool:
        """Whether ``url`` may be fetched."""
        return bool(Protego.parse(self.text).can_fetch(url, user_agent))

    def delay(self, user_agent: str) -> float:
        """Seconds asked between requests, at most a minute."""
        return min(float(Protego.parse(self.text).crawl_delay(user_agent) or 0.0), 60.0)
