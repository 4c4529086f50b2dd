"""Pages: how they are read, and the sources that have them on disk."""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from animevec.settings import Settings
from flows.enrichment.http import Client, RequestFailed, Tally
from flows.enrichment.sources import asking
from flows.enrichment.types import (
    OutcomeKind,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Wanted,
)

SUFFIXES = (".html", ".html.gz")
_SAFE = re.compile(r"^[\w-]{1,150}$", re.ASCII)
_BLOCKED = ("Just a moment...", "AntiLeech", "Attention Required! | Cloudflare")
_MINUTES = re.compile(r"(?:(\d+)\s*h(?:r|our)?s?\.?)?\s*(?:(\d+)\s*m(?:in(?:ute)?s?)?\b)?\.?", re.I)

Parse = Callable[[bytes], SourceRecord]


class Page:
    """An HTML page; reading never fails, what is absent is None or empty."""

    def __init__(self, document: bytes) -> None:
        self.tree = LexborHTMLParser(document)

    def text(self, selector: str) -> str | None:
        """The text of the first match, on one line."""
        return text(self.tree.css_first(selector))

    def texts(self, selector: str) -> list[str]:
        """The text of every match that has one, each once."""
        found = (text(node) for node in self.tree.css(selector))
        return list(dict.fromkeys(words for words in found if words))

    def attribute(self, selector: str, name: str) -> str | None:
        """An attribute of the first match."""
        node = self.tree.css_first(selector)
        return node.attributes.get(name) if node else None

    def links(self, selector: str = "a") -> list[str]:
        """The addresses of every match."""
        found = (node.attributes.get("href") for node in self.tree.css(selector))
        return [url for url in found if url]

    def data(self, *types: str) -> dict[str, Any]:
        """The JSON-LD object of one of ``types``; empty where there is none."""
        for node in self.tree.css('script[type="application/ld+json"]'):
            try:
                found = json.loads(node.text(), strict=False)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found.get("@type") in types:
                return found
        return {}

    def checked(self, what: str) -> "Page":
        """The page itself.

        Raises:
            RequestFailed: refused, where it is a block page.
        """
        title = self.text("title") or ""
        if any(mark in title for mark in _BLOCKED):
            raise RequestFailed(OutcomeKind.REFUSED, f"a block page in place of {what}")
        return self


def text(node: LexborNode | None) -> str | None:
    """A node's text on one line."""
    words = " ".join(node.text().split()) if node else ""
    return words or None


def minutes(duration: str | None) -> float | None:
    """Minutes from ``1h 11m``, ``23 min`` or ``1 hour``."""
    match = _MINUTES.search(duration or "")
    hours, mins = (int(part or 0) for part in match.groups()) if match else (0, 0)
    return float(60 * hours + mins) or None


def number(words: str | None) -> int | None:
    """The first whole number in ``1,290,048 users``."""
    match = re.search(r"\d[\d,]{0,14}", words or "")
    return int(match[0].replace(",", "")) if match else None


def decimal(value: object) -> float | None:
    """A number written as one or as text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def safe(id: str) -> bool:
    """Whether an id may be part of a path."""
    return bool(_SAFE.match(id))


class RecordedPages:
    """Pages an operator put under ``<recorded_path>/<source>/<id>.html``; nothing is fetched."""

    def __init__(self, facts: SourceFacts, parse: Parse, folder: Path) -> None:
        self.facts = facts
        self._parse = parse
        self._folder = folder / facts.name

    def knows(self, wanted: Wanted) -> bool:
        """By the id its provider gave."""
        return self.facts.provider in wanted.keys

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """What the pages on disk say."""
        return [self._title(one.keys[self.facts.provider]) for one in wanted]

    def _title(self, id: str) -> SourceOutcome:
        key = f"{self.facts.provider}:{id}"
        try:
            path = next(self._paths(id), None)
            if path is None:
                raise RequestFailed(OutcomeKind.NOT_FOUND, f"no page in {self._folder}")
            record = self._parse(content(path))
        except RequestFailed as failure:
            return asking.failed(self.facts, key, failure)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return asking.found(self.facts, key, record, at, Tally())

    def _paths(self, id: str) -> Iterator[Path]:
        if safe(id):
            for suffix in SUFFIXES:
                if (path := self._folder / f"{id}{suffix}").is_file():
                    yield path


class FetchedPages:
    """Pages fetched one by one, politely: robots.txt, the source's rate, an honest name."""

    def __init__(self, facts: SourceFacts, parse: Parse, client: Client, path: str) -> None:
        self.facts = facts
        self._parse = parse
        self._client = client
        self._path = path

    def knows(self, wanted: Wanted) -> bool:
        """By the id its provider gave."""
        return safe(wanted.keys.get(self.facts.provider, ""))

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One page a title."""
        return [await self._title(one.keys[self.facts.provider]) for one in wanted]

    async def _title(self, id: str) -> SourceOutcome:
        key, tally = f"{self.facts.provider}:{id}", Tally()
        try:
            path = self._path.format(id=id)
            reply = await self._client.get(self.facts, path, tally=tally)
            return asking.found(self.facts, key, self._parse(reply.body), reply.at, tally)
        except RequestFailed as failure:
            return asking.failed(self.facts, key, failure, tally)


def content(path: Path, limit: int = 20 * 1024 * 1024) -> bytes:
    """A file's bytes, unpacked where it is gzip.

    Raises:
        RequestFailed: malformed, where it is damaged or longer than ``limit``.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            found = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RequestFailed(OutcomeKind.MALFORMED, f"{path.name}: {error}") from error
    if len(found) > limit:
        raise RequestFailed(OutcomeKind.MALFORMED, f"{path.name} is longer than {limit} bytes")
    return found


def recorded(facts: SourceFacts, parse: Parse) -> Callable[[Client, Settings], RecordedPages]:
    """How a source that is only read from disk is opened."""

    def opening(client: Client, settings: Settings) -> RecordedPages:
        return RecordedPages(facts, parse, settings.recorded_path)

    return opening
