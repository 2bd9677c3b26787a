"""A bbolt file, written once: what Trivy's database is kept in (go.etcd.io/bbolt, file format version 2).

Pages of 4,096 bytes: two meta pages, an empty freelist, then one leaf page (with overflow) for each top bucket; buckets
within are kept inline in their parent's values. A leaf page holds 65,535 keys at most, which is enough here, so no
branch pages are needed.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

Buckets = Mapping[str, Mapping[str, "Mapping[str, bytes] | bytes"]]
"""Top bucket to key to value, or to a bucket of values."""
_PAGE_BYTES = 4096
_HEADER = struct.Struct("<QHHI")
_LEAF = struct.Struct("<IIII")
_META = struct.Struct("<IIIIQQQQQ")
_MAGIC, _VERSION = 0xED0CDAED, 2
_LEAF_PAGE, _META_PAGE, _FREELIST_PAGE, _IS_BUCKET = 0x02, 0x04, 0x10, 0x01
_KEYS_COUNT = 65_535
Items = list[tuple[bytes, int, bytes]]
"""Key, flags, value."""


def write(path: Path, buckets: Buckets) -> None:
    """Write the file; keys in byte order, as bbolt's cursors need them."""
    pages: list[bytes] = []
    following = 3
    roots: Items = []
    for name in sorted(buckets, key=str.encode):
        page = _leaf(following, [_item(key, value) for key, value in buckets[name].items()])
        roots.append((name.encode(), _IS_BUCKET, struct.pack("<QQ", following, 0)))
        pages.append(page)
        following += len(page) // _PAGE_BYTES
    top = _leaf(following, roots)
    after = following + len(top) // _PAGE_BYTES
    freelist = _HEADER.pack(2, _FREELIST_PAGE, 0, 0).ljust(_PAGE_BYTES, b"\0")
    metas = [_meta(number, root=following, high=after) for number in (0, 1)]
    path.write_bytes(b"".join([*metas, freelist, *pages, top]))


def _item(key: str, value: "Mapping[str, bytes] | bytes") -> tuple[bytes, int, bytes]:
    if isinstance(value, bytes):
        return key.encode(), 0, value
    inline = _packed(0, [(name.encode(), 0, data) for name, data in value.items()])
    return key.encode(), _IS_BUCKET, struct.pack("<QQ", 0, 0) + inline


def _packed(number: int, items: Items, overflow: int = 0) -> bytes:
    """One leaf page: header, elements, then keys and values; positions count from the element itself."""
    if len(items) > _KEYS_COUNT:
        raise ValueError(f"{len(items)} keys in one bucket: more than a page can hold")
    position = len(items) * _LEAF.size
    elements, data = [], []
    for key, flags, value in sorted(items):
        elements.append(_LEAF.pack(flags, position, len(key), len(value)))
        data += [key, value]
        position += len(key) + len(value) - _LEAF.size
    return b"".join([_HEADER.pack(number, _LEAF_PAGE, len(items), overflow), *elements, *data])


def _leaf(number: int, items: Items) -> bytes:
    size = len(_packed(number, items))
    count = -(-size // _PAGE_BYTES)
    return _packed(number, items, count - 1).ljust(count * _PAGE_BYTES, b"\0")


def _meta(number: int, root: int, high: int) -> bytes:
    body = _META.pack(_MAGIC, _VERSION, _PAGE_BYTES, 0, root, 0, 2, high, number)
    return (_HEADER.pack(number, _META_PAGE, 0, 0) + body + struct.pack("<Q", _fnv(body))).ljust(_PAGE_BYTES, b"\0")


def _fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
