"""Who may sign by SSH: an allowed signers file (ssh-keygen(1), ALLOWED SIGNERS), line by line.

One thing is read more strictly: a time without a zone means that of whichever machine reads it, so here it counts as
the latest beginning or the earliest end that it can mean anywhere.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from assay.model.errors import MalformedError

_BYTES = 1 << 20
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?", re.ASCII | re.IGNORECASE)
_WEST_SECONDS, _EAST_SECONDS = 12 * 3600, 14 * 3600
"""How far local time may be behind and ahead of UTC."""


class AllowedSigner(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    principals: str
    """Comma-separated patterns of whom the key belongs to, as they are written."""
    key_type: str
    key: bytes
    """As SSH writes it."""
    is_authority: bool = False
    """The key signs certificates; it signs nothing else."""
    namespaces: str = ""
    """Patterns of what it may sign; empty for everything."""
    valid_after: int | None = None
    """Unix seconds."""
    valid_before: int | None = None

    def signs(self, namespace: str) -> bool:
        """Whether the key may sign for this purpose.

        >>> AllowedSigner(principals="a", key_type="", key=b"", namespaces="!git,*").signs("git")
        False
        """
        if not self.namespaces:
            return True
        parts = self.namespaces.split(",")
        if any(_matches(one[1:], namespace) for one in parts if one.startswith("!")):
            return False
        return any(_matches(one, namespace) for one in parts if not one.startswith("!"))


def read(data: bytes, *, where: str) -> tuple[AllowedSigner, ...]:
    """Every line that names somebody.

    Raises:
        MalformedError: a line that is none, with its number; what cannot be read must not be passed over.
    """
    if len(data) > _BYTES:
        raise MalformedError("not an allowed signers file", where=where, why=f"{len(data)} bytes, limit {_BYTES}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, 0, "it is not text") from error
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped and not stripped.startswith("#"):
            found.append(_line(stripped, where, number))
    return tuple(found)


def _line(line: str, where: str, number: int) -> AllowedSigner:
    principals, rest = _principals(line, where, number)
    key = _key(rest)
    options = ""
    if key is None:
        end = _end_of_options(rest)
        options, key = rest[:end], _key(rest[end:].lstrip(" \t"))
    if key is None or not principals:
        raise _bad(where, number, "it is not principals, options, kind of key and key")
    fields: dict[str, str] = {}
    for name, value in _options(options, where, number):
        if name in fields:
            raise _bad(where, number, f"it has {name} twice")
        fields[name] = value
    after = _time(fields.get("valid-after"), where, number, _WEST_SECONDS)
    before = _time(fields.get("valid-before"), where, number, -_EAST_SECONDS)
    if after is not None and before is not None and after >= before:
        raise _bad(where, number, "its time ends before it begins")
    return AllowedSigner(
        principals=principals, key_type=key[0], key=key[1], is_authority="cert-authority" in fields,
        namespaces=fields.get("namespaces", ""), valid_after=after, valid_before=before,
    )  # fmt: skip


def _principals(line: str, where: str, number: int) -> tuple[str, str]:
    if line.startswith('"'):
        principals, quote, rest = line[1:].partition('"')
        if not quote:
            raise _bad(where, number, "a quote is not closed")
        return principals, rest.lstrip(" \t")
    found = re.match(r"[^ \t]+", line)
    principals = found[0] if found else ""
    return principals, line[len(principals) :].lstrip(" \t")


def _key(text: str) -> tuple[str, bytes] | None:
    """Kind and bytes of a key at the beginning of a text; None where there is none."""
    words = text.split(None, 2)
    if len(words) < 2:
        return None
    try:
        key = b64decode(words[1].encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    kind = words[0].encode("utf-8")
    return (words[0], key) if key.startswith(len(kind).to_bytes(4, "big") + kind) else None


def _end_of_options(text: str) -> int:
    """The first blank outside of quotes; `\\"` inside of them is no end."""
    quoted = escaped = False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\" and text[at + 1 : at + 2] == '"':
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter in " \t" and not quoted:
            return at
    return len(text)


_OPTION = re.compile(r'(cert-authority)|(namespaces|valid-after|valid-before)="((?:[^"\\]|\\.)*+)"', re.IGNORECASE)


def _options(text: str, where: str, number: int) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _OPTION.match(text, at)
        if match is None:
            raise _bad(where, number, f"the option {text[at : at + 40]!r} is not known")
        yield (match[1] or match[2]).lower(), (match[3] or "").replace('\\"', '"')
        at = match.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise _bad(where, number, f"{text[at : at + 40]!r} follows an option")
            at += 1


def _time(text: str | None, where: str, number: int, local: int) -> int | None:
    """Unix seconds of `YYYYMMDD[HHMM[SS]][Z]`; `local` is added where no zone is given."""
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        moment = datetime(*(int(part or 0) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise _bad(where, number, f"{text[:40]!r} is no time YYYYMMDD[HHMM[SS]][Z]") from error
    return int(moment.timestamp()) + (0 if match[7] else local)


def _matches(pattern: str, text: str) -> bool:
    """`*` and `?` (ssh_config(5), PATTERNS), without going back more than one star."""
    at = place = 0
    star, mark = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] in (text[at], "?") and pattern[place] != "*":
            at, place = at + 1, place + 1
        elif place < len(pattern) and pattern[place] == "*":
            star, mark, place = place, at, place + 1
        elif star >= 0:
            mark += 1
            at, place = mark, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


def _bad(where: str, number: int, why: str) -> MalformedError:
    place = f"{where} line {number}" if number else where
    return MalformedError(
        "not an allowed signers file", where=place, why=why,
        remedy="write lines as ssh-keygen(1) has them: PRINCIPAL [OPTIONS] KIND KEY",
    )  # fmt: skip
