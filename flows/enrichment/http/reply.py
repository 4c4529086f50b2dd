"""What a request to a source ends with: a reply, or a typed failure."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.enrichment.types import OutcomeKind


@dataclass(slots=True)
class Tally:
    """Requests sent and cached answers taken; several calls may share one."""

    requests: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer, whole and within the size limit."""

    url: str
    body: bytes = field(repr=False)
    at: datetime
    from_cache: bool = False

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            RequestFailed: a page in place of data (refused), or no JSON (malformed).
        """
        if self.body.lstrip()[:1] == b"<":
            raise RequestFailed(OutcomeKind.REFUSED, "a page was served in place of data")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RequestFailed(OutcomeKind.MALFORMED, f"not JSON: {error}") from error


class RequestFailed(Exception):
    """A request that brought no answer; ``kind`` is the outcome it stands for."""

    def __init__(
        self,
        kind: OutcomeKind,
        detail: str,
        retry_after_s: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.transient = transient
