"""gzip in a stream, bounded: what it inflates to is counted, and its end must be its end."""

import zlib
from collections.abc import Callable, Iterable, Iterator

_GZIP = 31
"""zlib's window bits for a gzip header (RFC 1952); it writes no time and no name, so equal bytes give equal bytes."""
_STEP_BYTES = 1 << 18


def deflated(chunks: Iterable[bytes], level: int = 6) -> Iterator[bytes]:
    """The chunks as one gzip member."""
    squeeze = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if data := squeeze.compress(chunk):
            yield data
    yield squeeze.flush()


def inflated(chunks: Iterable[bytes], limit: int, wrong: Callable[[str], Exception]) -> Iterator[bytes]:
    """What one gzip member holds, in chunks of at most 256 KiB.

    Args:
        chunks: the member, and nothing behind it.
        limit: bytes it may inflate to.
        wrong: makes the error that is raised, of the reason.
    """
    inflate = zlib.decompressobj(_GZIP)
    total = 0
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if inflate.eof:
                    raise wrong("something follows the end")
                data = inflate.decompress(rest, _STEP_BYTES)
                total += len(data)
                if total > limit:
                    raise wrong(f"more than {limit} bytes")
                yield data
                rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        while not inflate.eof and (data := inflate.decompress(inflate.unconsumed_tail, _STEP_BYTES)):
            total += len(data)
            if total > limit:
                raise wrong(f"more than {limit} bytes")
            yield data
    except zlib.error as error:
        raise wrong(str(error)) from error
    if not inflate.eof:
        raise wrong("it is cut off")
