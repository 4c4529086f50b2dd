"""Promotion as a transaction over a release alias, the release's index and the service.

Phases (contract 5): intent recorded -> index verified -> alias moved -> service confirmed.
A failure in any of them leaves, or puts back, the previous champion.  A promotion whose
process died, or that could not be put back because MLflow did not answer, is finished by
``recover``, which the service calls whenever it looks at the alias: forward when the alias has
moved and the service follows it, back otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Protocol

from animevec.errors import AnimevecError, Conflict, DeadlineExceeded, InvalidRequest
from animevec.readiness import Readiness
from registry.audit import AuditLog, Promoted, PromotionFailed
from registry.ledger import Ledger, Phase, Promotion
from registry.releases import CHAMPION, Registered, Releases


@dataclass(frozen=True, slots=True)
class Serving:
    """What the service serves; ``refused`` maps a version it would not load to the reason."""

    version: str | None
    refused: dict[str, str] = field(default_factory=dict)


class Service(Protocol):
    """The running service, or a stand-in that checks the files where none runs."""

    def prepare(self, version: str) -> Readiness:
        """Load a release beside the running one, catch its index up, warm it."""
        ...

    def serving(self) -> Serving:
        """What it serves now."""
        ...


@dataclass(frozen=True, slots=True)
class Diff:
    """What a promotion would change, label by label: (serving now, after)."""

    alias: str
    previous: str | None
    version: str
    changes: dict[str, tuple[str, str]]
    gate: str


@dataclass(frozen=True)
class Promoter:
    """Runs promotions and rollbacks of one alias. ``patience_s`` bounds the confirmation."""

    releases: Releases
    ledger: Ledger
    audit: AuditLog
    service: Service
    alias: str = CHAMPION
    patience_s: float = 60.0

    def diff(self, version: str) -> Diff:
        """The dry run: nothing is changed."""
        target, current = self.releases.get(version), self.releases.by_alias(self.alias)
        before = _facts(current) if current else {}
        changes = {
            label: (before.get(label, "-"), value)
            for label, value in _facts(target).items()
            if before.get(label, "-") != value
        }
        previous = current.release.version if current else None
        return Diff(self.alias, previous, version, changes, target.gate)

    def promote(self, version: str, actor: str, reason: str = "") -> Promotion:
        """Make ``version`` the champion.

        Raises:
            InvalidRequest: its gate did not pass, or it is the champion already.
            Conflict: another promotion is under way, or its index may not serve.
            DeadlineExceeded: the service did not confirm; the alias was moved back.
        """
        self.recover()
        target = self.releases.get(version)
        previous = self.releases.aliases().get(self.alias)
        _admit(target, previous)
        promotion = self.ledger.open(self.alias, version, previous, actor, reason)
        self._run(self.ledger.get(promotion))
        return self.ledger.get(promotion)

    def rollback(self, actor: str, reason: str = "rollback") -> Promotion:
        """Promote what was champion before the newest confirmed promotion.

        Raises:
            InvalidRequest: there is nothing to go back to.
        """
        current = self.releases.aliases().get(self.alias)
        known = {r.release.version for r in self.releases.list()}
        for past in self.ledger.list():
            earlier = past.previous
            if past.phase == Phase.CONFIRMED and past.version == current and earlier in known:
                return self.promote(str(earlier), actor, reason)
        raise InvalidRequest(
            f"no release was promoted before {current}; name one: promote --release N"
        )

    def recover(self) -> list[Promotion]:
        """Finish or undo every promotion whose process is gone; the finished rows."""
        abandoned = [p for p in self.ledger.list(open_only=True) if p.abandoned]
        moved = self.releases.aliases().get(self.alias) if abandoned else None
        taken = [promotion for promotion in abandoned if self.ledger.take(promotion)]
        for promotion in taken:
            with self._kept(promotion):
                if promotion.phase == Phase.MOVED and promotion.version == moved:
                    self._settle(promotion)
                else:
                    self._fail(promotion, "its process ended before the alias moved")
        return [self.ledger.get(p.id) for p in taken]

    @contextmanager
    def _kept(self, promotion: Promotion) -> Iterator[None]:
        """Whatever ends the block early leaves the promotion to the next who recovers."""
        try:
            yield
        finally:
            self.ledger.leave(promotion.id)

    def _run(self, promotion: Promotion) -> None:
        with self._kept(promotion):
            self._advance(promotion)

    def _advance(self, promotion: Promotion) -> None:
        try:
            problem = self.service.prepare(promotion.version).problem
            if problem:
                raise Conflict(f"release {promotion.version} may not serve: {problem}")
            self.ledger.advance(promotion.id, Phase.VERIFIED)
            self._unmoved(promotion)
            # The phase goes first: a crash between the two is then undone, never missed.
            self.ledger.advance(promotion.id, Phase.MOVED)
            self.releases.move(self.alias, promotion.version)
        except AnimevecError as error:
            self._undo(promotion)
            self._fail(promotion, error.message)
            raise
        failure = self._settle(promotion)
        if failure:
            raise failure

    def _unmoved(self, promotion: Promotion) -> None:
        now = self.releases.aliases().get(self.alias)
        if now != promotion.previous:
            raise Conflict(
                f"{self.alias} moved from {promotion.previous} to {now} meanwhile; look and repeat"
            )

    def _settle(self, promotion: Promotion) -> AnimevecError | None:
        """Confirm a promotion whose alias has moved, or undo it and say why."""
        try:
            self._await(promotion.version)
        except AnimevecError as error:
            self._undo(promotion)
            self._fail(promotion, error.message)
            return error
        self.ledger.advance(promotion.id, Phase.CONFIRMED)
        self.audit.record(
            Promoted(
                actor=promotion.actor,
                alias=promotion.alias,
                version=promotion.version,
                previous=promotion.previous,
                promotion=promotion.id,
                reason=promotion.reason,
            )
        )
        return None

    def _await(self, version: str) -> None:
        deadline = monotonic() + self.patience_s
        while True:
            serving = self.service.serving()
            if serving.version == version:
                return
            if version in serving.refused:
                raise Conflict(f"the service refused {version}: {serving.refused[version]}")
            if monotonic() > deadline:
                raise DeadlineExceeded(
                    f"the service still serves {serving.version} after {self.patience_s:.0f} s"
                )
            sleep(0.1)

    def _undo(self, promotion: Promotion) -> None:
        """Put the alias back if, and only if, this promotion moved it."""
        if self.releases.aliases().get(self.alias) != promotion.version:
            return
        if promotion.previous is None:
            self.releases.unset(self.alias)
        else:
            self.releases.move(self.alias, promotion.previous)

    def _fail(self, promotion: Promotion, error: str) -> None:
        phase = self.ledger.get(promotion.id).phase
        self.ledger.advance(promotion.id, Phase.FAILED, error)
        self.audit.record(
            PromotionFailed(
                actor=promotion.actor,
                alias=promotion.alias,
                version=promotion.version,
                previous=promotion.previous,
                promotion=promotion.id,
                phase=phase,
                error=error,
            )
        )


def _admit(target: Registered, previous: str | None) -> None:
    version = target.release.version
    if version == previous:
        raise InvalidRequest(f"release {version} is the champion already")
    if target.gate != "pass":
        raise InvalidRequest(
            f"release {version} may not be promoted: its gate says {target.gate}"
            + (f" ({target.tags['verdict']})" if "verdict" in target.tags else "")
            + "; evaluate it first",
            gate=target.gate,
        )


def _facts(registered: Registered) -> dict[str, str]:
    release = registered.release
    facts = {k: v for k, v in registered.tags.items() if k not in ("state", "gate", "verdict")}
    return facts | {"ranking": release.ranking.model_dump_json()}
