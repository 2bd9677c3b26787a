"""Which logs and how many witnesses are enough: policy files of c2sp.org/tlog-policy."""

import re
from collections.abc import Callable

import msgspec

from assay.formats import note, vkey
from assay.formats.vkey import VerifierKey
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

NONE = "none"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
LOG_KINDS = (note.ED25519, vkey.ECDSA, note.COSIGNATURE_ML_DSA_44)
WITNESS_KINDS = (note.COSIGNATURE_ED25519, note.COSIGNATURE_ML_DSA_44)


class Log(msgspec.Struct, frozen=True):
    """A known log: the key's name is its origin."""

    key: VerifierKey
    url: str = ""


class Witness(msgspec.Struct, frozen=True):
    """A known witness; its name means something in the policy only."""

    name: str
    key: VerifierKey
    url: str = ""


class Group(msgspec.Struct, frozen=True):
    """Satisfied when at least `threshold` of its members are: witnesses, or groups defined before."""

    name: str
    threshold: int
    members: tuple[str, ...]


class LogPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy; `quorum` names a witness, a group, or `none`."""

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE


def parse(text: str, *, where: str, limits: Limits = DEFAULT_LIMITS) -> LogPolicy:
    """Read a policy.

    Args:
        text: the file; octets outside UTF-8 as surrogate escapes (names are opaque octets).
        where: named in errors, with the line.
        limits: `log_policy_bytes` and `log_policy_names_count`.

    Raises:
        MalformedError: a line of another form; a name used twice or not defined before; two lines with one key (each
            key counts once); a member of two groups; not exactly one quorum.
        UnsupportedError: a kind of key this program does not know.
    """
    if len(text) > limits.log_policy_bytes:
        raise _bad(where, f"{len(text)} characters, limit {limits.log_policy_bytes}")
    if found := _FORBIDDEN.search(text):
        raise _bad(where, f"control character {ord(found[0]):#04x}")
    draft = _Draft(where, limits)
    for number, line in enumerate(text.split("\n"), 1):
        draft.where = f"{where}: line {number}"
        words = [word for word in _BLANKS.split(line) if word]
        if words and not words[0].startswith("#"):
            draft.take(words)
    if draft.quorum is None:
        raise _bad(where, "no quorum line")
    return LogPolicy(
        logs=tuple(draft.logs), witnesses=tuple(draft.witnesses), groups=tuple(draft.groups), quorum=draft.quorum
    )


class _Draft:
    """The policy as far as it was read."""

    def __init__(self, where: str, limits: Limits) -> None:
        self.where, self.limits = where, limits
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names: set[str] = {NONE}
        self._members: set[str] = set()
        self._keys: set[tuple[str, bytes]] = set()

    def take(self, words: list[str]) -> None:
        table: dict[str, tuple[int, int, Callable[[list[str]], None]]] = {
            "log": (1, 2, self._log),
            "witness": (2, 3, self._witness),
            "group": (3, self.limits.log_policy_names_count, self._group),
            "quorum": (1, 1, self._quorum),
        }
        least, most, reader = table.get(words[0], (0, 0, self._quorum))
        if not least <= len(words) - 1 <= most or not most:
            raise self._no(f"no such line: {words[0][:40]!r} with {len(words) - 1} words")
        if len(self._names) + len(self.logs) > self.limits.log_policy_names_count:
            raise self._no(f"more than {self.limits.log_policy_names_count} names")
        reader(words[1:])

    def _log(self, words: list[str]) -> None:
        self.logs.append(Log(self._key("log", words[0], LOG_KINDS), *words[1:]))

    def _witness(self, words: list[str]) -> None:
        self._define(words[0])
        self.witnesses.append(Witness(words[0], self._key("witness", words[1], WITNESS_KINDS), *words[2:]))

    def _group(self, words: list[str]) -> None:
        name, count, members = words[0], words[1], tuple(words[2:])
        for member in members:
            if member == NONE or member not in self._names:
                raise self._no(f"{member[:40]!r} is not defined before this line")
            if member in self._members:
                raise self._no(f"{member[:40]!r} is a member twice; it may count in one way only")
            self._members.add(member)
        thresholds = {"any": 1, "all": len(members)}
        if count not in thresholds and not _NUMBER.fullmatch(count):
            raise self._no(f"{count[:40]!r} is neither a number nor any nor all")
        threshold = thresholds.get(count) or int(count)
        if threshold > len(members):
            raise self._no(f"{threshold} of {len(members)} members can never be")
        self._define(name)
        self.groups.append(Group(name, threshold, members))

    def _quorum(self, words: list[str]) -> None:
        if self.quorum is not None:
            raise self._no("a second quorum line")
        if words[0] not in self._names:
            raise self._no(f"{words[0][:40]!r} is not defined before this line")
        self.quorum = words[0]

    def _define(self, name: str) -> None:
        if name in self._names:
            raise self._no(f"{name[:40]!r} is defined twice")
        self._names.add(name)

    def _key(self, role: str, text: str, kinds: tuple[int, ...]) -> VerifierKey:
        key = vkey.read(text, where=self.where)
        if key.kind not in kinds:
            raise UnsupportedError(
                f"a {role} does not sign with this kind of key",
                where=self.where,
                why=f"signature type {key.kind:#04x}",
                remedy="give the vkey of its cosignatures" if role == "witness" else "give the log's vkey",
            )
        if (role, key.key) in self._keys:
            raise self._no(f"a second {role} with the same key")
        self._keys.add((role, key.key))
        return key

    def _no(self, why: str) -> AssayError:
        return _bad(self.where, why)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a log policy", where=where, why=why, remedy="see c2sp.org/tlog-policy")
