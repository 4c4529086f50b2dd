"""One polite way to ask a source over HTTP."""

from flows.enrichment.http.client import Client
from flows.enrichment.http.reply import Reply, RequestFailed, Tally

__all__ = ["Client", "Reply", "RequestFailed", "Tally"]
