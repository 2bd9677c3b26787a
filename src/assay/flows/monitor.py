"""The monitor: follow a transparency log and the issuance log beside it, and say what nobody expected.

Alerts are told at least once: what was looked at is forgotten unless `commit` is called after the telling.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

import msgspec

from assay.flows.tail import Mark, Tail, Tailed
from assay.flows.unlogged import Promised, promised, unlogged
from assay.flows.witness import Seen
from assay.formats.logpolicy import LogPolicy
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import AssayError, MalformedError, UnavailableError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.logs import DurableFiles, LogSource
from assay.trust import merkle, watch
from assay.trust.expect import Expected
from assay.trust.watch import Alert

_STATE = "monitor"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be watched, and what is expected."""

    roots: TrustedRoot
    expected: Expected = Expected()
    policy: LogPolicy | None = None
    """Who must have cosigned the transparency log's checkpoint."""
    silence_seconds: int = 0
    """A log that does not grow for longer is reported; 0: never."""
    skip: bool = False
    """Begin logs that were never followed at their present end."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """One log, as far as it was looked at."""

    role: str
    """`log` or `issuance`."""
    origin: str = ""
    size: int = 0
    count: int = 0
    """New entries that are proven to be in the tree."""
    kinds: dict[str, int] = {}
    """How many entries of each kind were read."""
    unavailable: str = ""
    """Why it could not be looked at; empty where it was."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found."""

    logs: tuple[Followed, ...]
    alerts: tuple[Alert, ...] = ()
    dropped: int = 0
    """Alerts beyond the number that is listed."""

    @property
    def unavailable(self) -> bool:
        """Whether something could not be looked at."""
        return any(one.unavailable for one in self.logs)


class _State(msgspec.Struct, frozen=True):
    """What is kept between runs, by role."""

    marks: dict[str, Mark] = {}


class _Look:
    """One look at both logs, as far as it went."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.certificates: list[Promised] = []
        """Of the transparency log's new entries."""
        self.leaves: set[bytes] = set()
        """Of the issuance log's new entries: leaf hashes."""
        self.logs: dict[str, Followed] = {}
        self.tailed: dict[str, Tailed] = {}


class Monitor:
    """Looks at logs, remembers how far.

    Args:
        log: the transparency log.
        issuance: the log of certificates, None where there is none to be had.
        files: a folder of its own.
        wish: what is expected.
        limits: the bounds.
    """

    def __init__(
        self,
        log: LogSource,
        issuance: LogSource | None,
        files: DurableFiles,
        wish: Wish,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._files, self._wish, self._limits = files, wish, limits
        seen = Seen(files, limits)
        self._log = Tail(log, partial(watch.key_of, wish.roots.tlogs), seen, wish.policy, limits)
        self._issuance: Tail | None = None
        if issuance is not None:
            self._issuance = Tail(issuance, partial(watch.key_of, wish.roots.ctlogs), seen, None, limits)
        self._next: _State | None = None

    def look(self, now: str) -> Report:
        """Look once; nothing is remembered before `commit`.

        Raises:
            MalformedError: the kept state is damaged.
            UnavailableError: it cannot be read.
        """
        marks, look, wish = self._marks(), _Look(), self._wish
        issuers = watch.issuers(wish.roots)

        def entry(index: int, body: bytes) -> watch.Seen:
            found = watch.entry(body, index, "", wish.expected, wish.roots)
            if found.certificate and self._issuance is not None:
                look.certificates.append(promised(index, found.certificate, issuers))
            return found

        def leaf(index: int, body: bytes) -> watch.Seen:
            look.leaves.add(merkle.leaf_hash(body))
            return watch.issued(body, index, "", wish.expected)

        # The transparency log first: what it holds was issued before, so the issuance log must know it by then.
        self._follow(look, "log", self._log, entry, marks.get("log"), now)
        if self._issuance is not None:
            self._follow(look, "issuance", self._issuance, leaf, marks.get("issuance"), now)
            self._compare(look, self._issuance)
        look.alerts += self._silences(look.tailed.values(), now)
        count = self._limits.monitor_alerts_count
        report = Report(
            logs=tuple(look.logs.values()),
            alerts=tuple(look.alerts[:count]),
            dropped=max(0, len(look.alerts) - count),
        )
        self._next = None
        if not report.unavailable:
            self._next = _State({role: done.mark for role, done in look.tailed.items() if done.mark is not None})
        return report

    def commit(self) -> None:
        """Remember how far the last look went, durably. Call it when its alerts were told.

        After a look that could not see everything nothing is remembered: the next one begins where this one did.
        """
        if self._next is not None:
            with self._files.exclusive():
                self._files.write({_STATE: msgspec.json.encode(self._next)})

    def _follow(
        self,
        look: _Look,
        role: str,
        tail: Tail,
        judge: Callable[[int, bytes], watch.Seen],
        mark: Mark | None,
        now: str,
    ) -> None:
        """Follow one log."""
        kinds: Counter[str] = Counter()
        alerts: list[Alert] = []

        def each(index: int, body: bytes) -> None:
            found = judge(index, body)
            kinds[found.kind] += 1
            alerts.extend(found.alerts)

        try:
            done = tail.follow(mark, now, each, skip=self._wish.skip)
            told = Followed(role=role, origin=done.origin, count=done.count, kinds=dict(sorted(kinds.items())))
        except AssayError as error:
            done, told = Tailed(mark=mark), Followed(role=role, unavailable=error.line())
        look.logs[role] = msgspec.structs.replace(told, size=done.checkpoint.size if done.checkpoint else 0)
        look.tailed[role] = done
        look.alerts += done.alerts
        look.alerts += [msgspec.structs.replace(one, log=done.origin or role) for one in alerts]

    def _compare(self, look: _Look, issuance: Tail) -> None:
        """Look for the certificates of the one log in the other."""
        done = look.tailed["issuance"]
        if done.checkpoint is None or done.alerts or not look.certificates:
            return
        try:
            look.alerts += unlogged(
                look.certificates, look.leaves, issuance, done.checkpoint, self._wish.roots, look.tailed["log"].origin
            )
        except UnavailableError as error:
            look.logs["issuance"] = msgspec.structs.replace(look.logs["issuance"], unavailable=error.line())

    def _silences(self, tailed: Iterable[Tailed], now: str) -> list[Alert]:
        found = []
        for done in tailed:
            if done.mark is None or not self._wish.silence_seconds or done.alerts:
                continue
            seconds = int((datetime.fromisoformat(now) - datetime.fromisoformat(done.mark.since)).total_seconds())
            if seconds > self._wish.silence_seconds:
                why = f"no new entry for {seconds} s, at most {self._wish.silence_seconds} are expected"
                found.append(Alert(kind="silence", log=done.origin, why=why))
        return found

    def _marks(self) -> dict[str, Mark]:
        data = self._files.read(_STATE, self._limits.log_tile_bytes)
        if data is None:
            return {}
        try:
            return msgspec.json.decode(data, type=_State).marks
        except msgspec.DecodeError as error:
            raise MalformedError(
                "the monitor's state is damaged", where=_STATE, why=str(error), remedy="bring back a copy of its folder"
            ) from error
