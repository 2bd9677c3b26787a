"""Licence texts made to be slow: time stays in proportion to their size."""

import time

import pytest

from assay.dependencies.copyrights import from_copyright
from assay.model.limits import DEFAULT_LIMITS

LIMIT = DEFAULT_LIMITS.licence_text_bytes
PIECES = {
    "titles": b"gnu general public license ",
    "versions": b"version 2 of the gnu general public license v2 ",
    "anchors": b"redistribution and use in source and binary forms ",
    "grants": b"permission to use copy modify ",
    "references": b"common-licenses/GPL-2 ",
    "pluses": b"+",
    "spaces": b" \n",
    "bodies": b"gnu general public license version 2 june 1991 ",
    "packaging": b"debian packaging common-licenses/GPL ",
    "zeros": b"\x00",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("head", [b"", b"Format: x\n\nFiles: *\nLicense: odd\n\nLicense: odd\n "])
def test_time_is_linear(piece: bytes, head: bytes) -> None:
    started = time.process_time()
    from_copyright(head + piece * ((LIMIT - len(head)) // len(piece)), "p", LIMIT)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "line", [b"License: a\n", b"License: (a or b), and c\n", b"License: " + b"a or " * 9_000 + b"\n"]
)
def test_many_names_are_bounded(line: bytes) -> None:
    started = time.process_time()
    text = b"Format: x\n\n" + b"".join(b"Files: *\nLicense: n%d\n\n" % n for n in range(3_000)) + line * 1_000
    found = from_copyright(text[:LIMIT], "p", LIMIT)
    assert found.reason
    assert time.process_time() - started < 5
