"""Records of pax extended headers (POSIX.1-2001, "pax Extended Header"): `%d %s=%s\\n`."""

from assay.model.errors import MalformedError

SPARSE_KEYS = frozenset(
    b"GNU.sparse." + key for key in (b"major", b"minor", b"map", b"name", b"size", b"realsize", b"numblocks")
)
"""Any of these marks a sparse file (GNU tar manual, "Storing Sparse Files", pax formats 0.0, 0.1 and 1.0)."""


def parse_records(data: bytes, where: str) -> dict[bytes, bytes]:
    """The records by keyword; the last of a name wins; an empty value takes the keyword back.

    Raises:
        MalformedError: a record whose length does not lead to its line feed, or that has no `=`.
    """
    records: dict[bytes, bytes] = {}
    pos = 0
    while pos < len(data):
        space = data.find(b" ", pos, pos + 20)
        digits = data[pos:space] if space > 0 else b""
        end = pos + int(digits) if digits.isdigit() else 0
        if end <= space + 1 or end > len(data) or data[end - 1] != 0x0A:
            raise _bad(where, "a record's length does not fit")
        key, sign, value = data[space + 1 : end - 1].partition(b"=")
        if not sign or not key:
            raise _bad(where, "a record without a keyword")
        if value:
            records[key] = value
        else:
            records.pop(key, None)
        pos = end
    return records


def pax_size(records: dict[bytes, bytes], key: bytes, default: int, where: str) -> int:
    """A decimal size of a record, or `default` where there is none.

    Raises:
        MalformedError: not a number, or one beyond 63 bits.
    """
    text = records.get(key)
    if text is None:
        return default
    if not text.isdigit() or len(text) > 19 or int(text) >= 1 << 63:
        raise _bad(where, f"{key.decode('utf-8', 'replace')} is {text[:40]!r}")
    return int(text)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("damaged pax header", where=where, why=why, remedy="fetch or build the image again")
