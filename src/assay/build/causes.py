"""Why two texts or two runs of bytes differ: patterns and recorded values, from the most to the least certain.

A text is *masked*: each pattern of the table is taken out of both sides, row after row. What patterns took and what
differs among it are the causes; what still differs is compared word by word. Every pattern runs in linear time.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from assay.model.comparison import CauseClass, Conditions

_MARK = b"\x00"
_LINE_BYTES = 4096
_LINES_COUNT = 200
"""Differing lines looked at one by one."""
_SLACK_SECONDS = 2
_NEAR_SECONDS = 400 * 86_400
"""Two numbers further apart than this are no two build times, unless that was recorded."""
_FIRST_TIME, _LAST_TIME = 946_684_800, 4_102_444_800
"""Of the years 2000 to 2100."""

_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_CLOCK = rb"\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AP]M)?"
_ZONE = rb"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"

PATTERNS: tuple[tuple[CauseClass, "re.Pattern[bytes]"], ...] = (
    ("timestamp", re.compile(rb"\d{4}-\d{2}-\d{2}(?:[T ]" + _CLOCK + _ZONE + rb")?")),
    (
        "timestamp",
        re.compile(
            rb"(?:" + _DAY + rb",? )?(?:" + _MONTH + rb" {1,2}\d{1,2}|\d{1,2}[ -]" + _MONTH + rb"),?"
            rb"(?:[ -]\d{4})?(?: " + _CLOCK + _ZONE + rb")?(?: \d{4})?"
        ),
    ),
    ("timestamp", re.compile(rb"\b" + _CLOCK + _ZONE)),
    ("timestamp", re.compile(rb"\b\d{1,4}/\d{1,2}/\d{1,4}\b")),
    ("random", re.compile(rb"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")),
    ("temp-name", re.compile(rb"\btmp[._-]?[A-Za-z0-9_]{6,12}\b|\bcc[A-Za-z0-9]{6}\.[a-z]{1,3}\b")),
    ("temp-name", re.compile(rb"/(?:var/)?tmp/[A-Za-z0-9._-]{1,200}")),
)
_WORD = re.compile(rb"[A-Za-z0-9_./+:@~=-]+")
_HEX = re.compile(rb"[0-9a-fA-F]{8,}")
_MIXED = re.compile(rb"[A-Za-z0-9+/_=-]{6,}")
_STRINGS = re.compile(rb"[\t\x20-\x7e]{4,}")
_KERNEL = re.compile(rb"\d{1,2}\.\d{1,3}(?:\.\d{1,4})?[-+.A-Za-z0-9_]*")


class Found(msgspec.Struct, frozen=True, order=True):
    """One cause in bytes."""

    kind: CauseClass
    before: bytes
    after: bytes
    shown: bool = False


def recorded(one: Conditions, other: Conditions) -> list[tuple[CauseClass, bytes, bytes]]:
    """Values both builds recorded and that differ, by class."""
    pairs: list[tuple[CauseClass, str, str]] = [
        ("kernel", one.kernel, other.kernel),
        ("hostname", one.hostname, other.hostname),
        ("user", one.user, other.user),
        ("user", str(one.uid) if one.uid >= 0 else "", str(other.uid) if other.uid >= 0 else ""),
        ("cpu-count", str(one.cpus_count or ""), str(other.cpus_count or "")),
        *(("build-path", before, after) for before, after in zip(one.paths, other.paths, strict=False)),
    ]
    return [(kind, a.encode(), b.encode()) for kind, a, b in pairs if a and b and a != b]


def text(before: bytes, after: bytes, one: Conditions, other: Conditions) -> list[Found]:
    """Why two texts differ, line by line; `line-order` alone when only that differs."""
    old, new = before.split(b"\n"), after.split(b"\n")
    if old != new and Counter(old) == Counter(new):
        first = next((a, b) for a, b in zip(old, new, strict=True) if a != b)
        return [Found("line-order", *first)]
    old, new = _differing(old, new)
    found: list[Found] = []
    if len(old) != len(new):
        gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
        old, new = list(gone.elements()), list(come.elements())
    if len(old) != len(new):
        return [Found("unknown", b"\n".join(old)[:_LINE_BYTES], b"\n".join(new)[:_LINE_BYTES])]
    for a, b in zip(old[:_LINES_COUNT], new[:_LINES_COUNT], strict=True):
        if a != b:
            found += line(a, b, one, other)
    if old[_LINES_COUNT:] != new[_LINES_COUNT:]:
        found.append(Found("unknown", b"%d more lines" % len(old[_LINES_COUNT:]), b""))
    return _settled(found)


def line(before: bytes, after: bytes, one: Conditions, other: Conditions) -> list[Found]:
    """Why two lines differ; never nothing."""
    if max(len(before), len(after)) > _LINE_BYTES:
        return [_long(before, after, one, other)]
    found: list[Found] = []
    a, b = before, after
    for kind, x, y in recorded(one, other):
        if len(x) > 2 and len(y) > 2 and a.count(x) == b.count(y) > 0:
            a, b = a.replace(x, _MARK), b.replace(y, _MARK)
            found.append(Found(kind, x, y, shown=True))
    for kind, pattern in PATTERNS:
        took, gave = pattern.findall(a), pattern.findall(b)
        if len(took) != len(gave) or not took:
            continue
        a, b = pattern.sub(_MARK, a), pattern.sub(_MARK, b)
        found += [
            Found(kind, x, y, shown=kind == "timestamp" and _within(x, one) and _within(y, other))
            for x, y in zip(took, gave, strict=True)
            if x != y
        ]
    if a != b:
        found += _words(a, b, one, other)
    return found or [Found("unknown", before, after)]


def shape(value: bytes) -> bytes:
    """A text without what the patterns take."""
    for _, pattern in PATTERNS:
        value = pattern.sub(_MARK, value)
    return value


def _words(before: bytes, after: bytes, one: Conditions, other: Conditions) -> list[Found]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) != len(new) or _WORD.sub(b"", before) != _WORD.sub(b"", after):
        return [Found("unknown", before, after)]
    return [word(a, b, one, other) for a, b in zip(old, new, strict=True) if a != b]


def word(before: bytes, after: bytes, one: Conditions, other: Conditions) -> Found:
    """Why two words differ."""
    (key, sign, value), (same, _, other_value) = before.partition(b"="), after.partition(b"=")
    if sign and key == same:
        before, after = value, other_value
    for kind, x, y in recorded(one, other):
        if before == x and after == y:
            return Found(kind, before, after, shown=True)
    if before.isdigit() and after.isdigit():
        return _number(before, after, one, other)
    if before.startswith(b"/") and after.startswith(b"/"):
        return Found("build-path", before, after)
    if len(before) == len(after) and _looks_random(before) and _looks_random(after):
        return Found("random", before, after)
    if _KERNEL.fullmatch(before) and _KERNEL.fullmatch(after) and b"-" in before + after:
        return Found("kernel", before, after)
    return Found("unknown", before, after)


def _number(before: bytes, after: bytes, one: Conditions, other: Conditions) -> Found:
    if len(before) in (10, 13, 16, 19) and len(before) == len(after):
        a, b = int(before[:10]), int(after[:10])
        if _is_time(a, b):
            return Found("timestamp", before, after, shown=_ran(a, one) and _ran(b, other))
    if _is_date(before, after, one, other):
        return Found("timestamp", before, after, shown=True)
    random = len(before) >= 12 and abs(len(before) - len(after)) <= 1
    return Found("random" if random else "unknown", before, after)


def binary(before: bytes, after: bytes, one: Conditions, other: Conditions) -> list[Found]:
    """Why two contents that are no text differ: run by run where they are as long, else by the strings in them."""
    if len(before) != len(after):
        return _strings(before, after, one, other)
    found: list[Found] = []
    for start, end in _runs(before, after):
        found.append(_run(before, after, start, end, one, other))
        if len(found) >= _LINES_COUNT:
            found.append(Found("unknown", b"more runs of differing bytes", b""))
            break
    return _settled(found)


def _run(before: bytes, after: bytes, start: int, end: int, one: Conditions, other: Conditions) -> Found:
    a, b = before[start:end], after[start:end]
    if is_text(a) and is_text(b):
        low, high = start, end
        while low > max(0, start - 200) and is_text(before[low - 1 : low]) and before[low - 1] == after[low - 1]:
            low -= 1
        while high < min(len(before), end + 200) and is_text(before[high : high + 1]) and before[high] == after[high]:
            high += 1
        found = line(before[low:high], after[low:high], one, other)
        if len(found) == 1 and found[0].kind != "unknown":
            return found[0]
    for order in ("little", "big"):
        for low in range(max(0, end - 4), min(start, len(before) - 4) + 1):
            x, y = (int.from_bytes(side[low : low + 4], order) for side in (before, after))
            if _ran(x, one) and _ran(y, other):  # four bytes pass for a time too easily to guess
                return Found("timestamp", before[low : low + 4], after[low : low + 4], shown=True)
    if end - start >= 8 and sum(x != y for x, y in zip(a, b, strict=True)) * 10 >= 9 * (end - start):
        return Found("random", a[:32], b[:32])
    return Found("unknown", a[:32], b[:32])


def _runs(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Places where two contents of one length differ; runs fewer than four bytes apart are one."""
    size, piece, open_at, last = len(before), 4096, -1, -1
    for base in range(0, size, piece):
        a, b = before[base : base + piece], after[base : base + piece]
        if a == b:
            continue
        for offset, (x, y) in enumerate(zip(a, b, strict=True), base):
            if x == y:
                continue
            if open_at >= 0 and offset - last > 3:
                yield open_at, last + 1
                open_at = -1
            open_at, last = (open_at if open_at >= 0 else offset), offset
    if open_at >= 0:
        yield open_at, last + 1


def _strings(before: bytes, after: bytes, one: Conditions, other: Conditions) -> list[Found]:
    old, new = _STRINGS.findall(before), _STRINGS.findall(after)
    if _STRINGS.sub(b"", before) != _STRINGS.sub(b"", after) or old == new:
        return [Found("unknown", b"%d bytes" % len(before), b"%d bytes" % len(after))]
    return text(b"\n".join(old), b"\n".join(new), one, other)


def _long(before: bytes, after: bytes, one: Conditions, other: Conditions) -> Found:
    if len(before) == len(after):
        runs = list(_runs(before, after))[:2]
        if len(runs) == 1:
            return _run(before, after, *runs[0], one, other)
    return Found("unknown", before[:64], after[:64])


def _differing(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Without what both begin and end with."""
    start, most = 0, min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return list(old[start : len(old) - end]), list(new[start : len(new) - end])


def _settled(found: Sequence[Found]) -> list[Found]:
    """One of a kind, the shown first."""
    kept: dict[CauseClass, Found] = {}
    for one in sorted(found, key=lambda item: not item.shown):
        kept.setdefault(one.kind, one)
    return list(kept.values())


def _looks_random(value: bytes) -> bool:
    """Hexadecimal digits, or letters of both sizes with digits, as no word has them."""
    if _HEX.fullmatch(value):
        return True
    if not _MIXED.fullmatch(value):
        return False
    kinds = sum(any(test(bytes((byte,))) for byte in value) for test in (bytes.isdigit, bytes.isupper, bytes.islower))
    return kinds >= (2 if len(value) >= 16 else 3) or (
        kinds >= 2 and len(value) >= 8 and any(48 <= c < 58 for c in value)
    )


def is_text(value: bytes) -> bool:
    """Whether these are printable ASCII letters throughout; nothing is."""
    return all(32 <= byte < 127 for byte in value)


def _is_time(a: int, b: int) -> bool:
    return _FIRST_TIME <= a < _LAST_TIME and _FIRST_TIME <= b < _LAST_TIME and abs(a - b) <= _NEAR_SECONDS


def _ran(moment: int, build: Conditions) -> bool:
    return any(moment in window for window in _windows(build))


def _windows(build: Conditions) -> tuple[range, ...]:
    """When a build ran: by the machine's clock, and by the one its steps were shown, which not all of them see."""
    if not build.started:
        return ()
    first, last = build.started - _SLACK_SECONDS, (build.finished or build.started) + _SLACK_SECONDS
    return tuple(range(first + shift, last + shift + 1) for shift in sorted({0, build.clock_shift}))


_PART_FORMS = ("%Y", "%Y%m", "%Y%m%d", "%Y%j", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%y%m%d")
"""A date without signs between its parts. Parts of two and three digits are too easily met by chance."""


def _is_date(before: bytes, after: bytes, one: Conditions, other: Conditions) -> bool:
    """Whether two numbers are the dates of the builds they come from, written alike."""
    return any(
        len(before) == len(after)
        and any(_written(before, form, window) for window in _windows(one))
        and any(_written(after, form, window) for window in _windows(other))
        for form in _PART_FORMS
    )


def _written(value: bytes, form: str, window: range) -> bool:
    """Whether a moment of a window, at most a day of it, is written so."""
    if len(value) != len(datetime.fromtimestamp(window[0], UTC).strftime(form)):
        return False
    moments = {window[0], *window[: 86_400 : _STEPS[form[-1]]], window[min(len(window), 86_400) - 1]}
    return any(datetime.fromtimestamp(moment, UTC).strftime(form).encode() == value for moment in moments)


_STEPS = {"S": 1, "M": 60, "d": 3600, "j": 3600, "m": 86_400, "Y": 86_400}
"""Last letter of a form → seconds in which it changes at most once."""
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%a %b %d %H:%M:%S %Y", "%H:%M:%S", "%b %d %Y")


def _within(value: bytes, build: Conditions) -> bool:
    """Whether a date as text lies within a build, as far as the text says (a day, a time of day)."""
    plain = re.sub(rb" ?(?:Z|UTC|GMT|[+-]00:?00)\b|,", b"", value).decode("ascii", "replace")
    moments = [moment for window in _windows(build) for moment in window[:86_400]]
    for form in _FORMS:
        try:
            datetime.strptime(plain, form)
        except ValueError:
            continue
        return any(
            " ".join(datetime.fromtimestamp(moment, UTC).strftime(form).split()) == " ".join(_two(plain, form).split())
            for moment in moments
        )
    return False


def _two(plain: str, form: str) -> str:
    return datetime.strptime(plain, form).strftime(form)
