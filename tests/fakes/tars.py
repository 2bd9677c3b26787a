"""Tar archives block by block, so that a test can lie in any field."""

import io
import tarfile
from collections.abc import Iterable, Sequence

END = bytes(1024)


def checksummed(block: bytes) -> bytes:
    """The header with the checksum it should have."""
    blank = block[:148] + b" " * 8 + block[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def header(
    name: bytes,
    size: int | bytes = 0,
    flag: bytes = b"0",
    *,
    mode: bytes = b"0000644",
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    extra: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """One header block; `extra` overwrites bytes at offsets before the checksum is made."""
    text = size if isinstance(size, bytes) else b"%011o\0" % size
    block = bytearray(512)
    for offset, value in (
        (0, name[:100]), (100, mode), (108, b"0000000"), (116, b"0000000"), (124, text), (136, b"00000000000"),
        (156, flag), (157, link[:100]), (257, magic), (345, prefix), *extra,
    ):  # fmt: skip
        block[offset : offset + len(value)] = value
    return checksummed(bytes(block))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def entry(name: bytes, data: bytes = b"", flag: bytes = b"0", **more: object) -> bytes:
    """A header with its content."""
    return header(name, len(data), flag, **more) + padded(data)  # type: ignore[arg-type]


def record(key: bytes, value: bytes) -> bytes:
    """A pax record, which counts itself."""
    body = b" " + key + b"=" + value + b"\n"
    size = len(body) + 1
    while len(b"%d" % size) + len(body) != size:
        size += 1
    return b"%d" % size + body


def pax(*records: tuple[bytes, bytes], flag: bytes = b"x") -> bytes:
    return entry(b"PaxHeader", b"".join(record(key, value) for key, value in records), flag)


def archive(items: Iterable[tuple[str, str, bytes | str]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """By `tarfile`: (path, kind, content or target); kinds file, dir, hard, sym."""
    out = io.BytesIO()
    types = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "hard": tarfile.LNKTYPE, "sym": tarfile.SYMTYPE}
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for path, kind, value in items:
            member = tarfile.TarInfo(path)
            member.type = types[kind]
            if isinstance(value, bytes):
                member.size = len(value)
                made.addfile(member, io.BytesIO(value))
            else:
                member.linkname = value
                made.addfile(member)
    return out.getvalue()


def cut(data: bytes, size: int) -> list[bytes]:
    """Chunks of one size."""
    return [data[start : start + size] for start in range(0, len(data), size)]
