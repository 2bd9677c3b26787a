"""Text that travels between processes and lies in caches: deflated (RFC 1950), by the quickest library there is."""

import zlib

from assay.formats.codec import gzip_module

_QUICK = 1


def deflate(data: bytes) -> bytes:
    """The bytes deflated; how well depends on the library, so nothing that is compared or signed is made this way."""
    made: bytes = gzip_module().compress(data, _QUICK)
    return made


def inflate(data: bytes, limit: int) -> bytes:
    """At most `limit` of the bytes again; none where `data` is nothing deflated, or is damaged."""
    if not data:
        return b""
    library = gzip_module()
    try:
        state = library.decompressobj()
        found: bytes = state.decompress(data, limit)
    except (library.error, zlib.error):
        return b""
    return found if state.eof or len(found) >= limit else b""  # what is cut off is damaged
