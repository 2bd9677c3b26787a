"""Programs and SBOMs out of an image, damaged or made to waste time: an answer or a gap, soon."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.cataloger import File
from assay.dependencies.catalogers import binaries, embedded_sbom
from assay.dependencies.chooser import run
from assay.dependencies.classifiers import builtin
from assay.formats.chunks import ChunkView
from assay.model.limits import DEFAULT_LIMITS

HEAD = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0\x01\0\0\0" + bytes(8) + b"\x40" + bytes(7) + bytes(14)
ELF = (
    HEAD
    + b"\x38\0\x01\0"
    + bytes(6)
    + b"\x04\0\0\0\x04\0\0\0\x78"
    + bytes(23)
    + b"\x40"
    + bytes(7)
    + b"\x40"
    + bytes(15)
)
NOTE = b"\x04\0\0\0\x10\0\0\0\x7e\x1a\xfe\xcaFDO\0" + b'{"name":"x"}'.ljust(16)


@settings(max_examples=300, deadline=None)
@given(where=st.lists(st.tuples(st.integers(0, 1 << 12), st.binary(min_size=1, max_size=8)), max_size=6))
def test_a_mutated_program_gives_a_package_a_gap_or_nothing(where: list[tuple[int, bytes]]) -> None:
    data = ELF + NOTE + bytes(64)
    for at, new in where:
        at %= len(data) - 8
        data = data[:at] + new + data[at + len(new) :]
    fragment = run(binaries.ROWS[0], File("bin/bash", (data[:50], data[50:]), len(data), DEFAULT_LIMITS))
    assert len(fragment.packages) + len(fragment.gaps) <= 1


def test_a_program_full_of_a_literal_is_given_up_soon() -> None:
    start = time.process_time()
    for name, text in (("python3.11", b"\x003.11."), ("redis-server", b"00000000\0"), ("postgres", b"PostgreSQL ")):
        view = ChunkView([text * 500_000], where=name)
        assert builtin().classify(name, view) is None
    assert time.process_time() - start < 5


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_a_damaged_sbom_is_a_gap(noise: bytes) -> None:
    data = b'{"bomFormat": "CycloneDX", ' + noise
    fragment = run(embedded_sbom.CATALOGUER, File("a.cdx.json", (data,), len(data), DEFAULT_LIMITS))
    assert fragment.packages == ()
    assert len(fragment.gaps) == 1
