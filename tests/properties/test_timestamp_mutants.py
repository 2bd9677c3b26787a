"""No structural mutant of a good timestamp or of a good certificate is believed, but for those listed with a reason."""

import hashlib
from collections.abc import Iterator

import msgspec
import pytest

from assay.formats import der
from assay.formats.tsp import Request
from assay.model.errors import AssayError, UntrustedError
from assay.trust import certificate, stamp, timestamps
from authorities import NOW, number, world

WORLD = world()
SIGNATURE = b"a signature"
ROOTS = WORLD.roots()
WRAPPED = frozenset({der.OCTET_STRING})


def nodes(data: bytes, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every place in a tree of values, and inside of octet strings that hold one."""
    for index, element in enumerate(parts(data)):
        place = (*path, index)
        yield place
        if element.tag & 0x20 or element.tag in WRAPPED:
            yield from nodes(element.value, place)


def parts(data: bytes) -> tuple[der.Element, ...]:
    reader, found = der.Reader(data, where="x"), []
    try:
        while reader.peek() is not None:
            found.append(reader.take())
    except AssayError:
        return ()
    return tuple(found)


def changed(data: bytes, path: tuple[int, ...], change: str) -> bytes:
    """The tree with one value changed, all lengths made good."""
    elements = [element.raw for element in parts(data)]
    index = path[0]
    element = parts(data)[index]
    if len(path) > 1:
        elements[index] = der.tlv(element.tag, changed(element.value, path[1:], change))
        return b"".join(elements)
    twice = element.raw + element.raw
    values = {
        "gone": b"",
        "twice": twice,
        "empty": der.tlv(element.tag),
        "longer": der.tlv(element.tag, element.value, b"\0"),
        "shorter": der.tlv(element.tag, element.value[:-1]),
        "other tag": der.tlv(element.tag ^ 1, element.value),
        "null before": der.null() + element.raw,
        "null after": element.raw + der.null(),
        "utf8 after": element.raw + der.sequence(der.utf8("x")),
        "wrapped": der.sequence(element.raw),
        "flipped": der.tlv(element.tag, bytes(reversed(element.value))),
    }
    elements[index] = values[change]
    return b"".join(elements)


CHANGES = (
    "gone", "twice", "empty", "longer", "shorter", "other tag", "null before", "null after", "utf8 after", "wrapped", "flipped",
)  # fmt: skip


def mutants(data: bytes) -> Iterator[tuple[str, bytes]]:
    for path in nodes(data):
        for change in CHANGES:
            mutant = changed(data, path, change)
            if mutant != data:
                yield f"{'.'.join(map(str, path))} {change}", mutant


def stamped(**changes: bool) -> bytes:
    request = Request(hash_algorithm="sha256", imprint=hashlib.sha256(SIGNATURE).digest(), nonce=9, **changes)
    return stamp.stamp(request, WORLD.authority(), now=NOW, last=None, serial=number(5)).response


HARMLESS = {
    "0.0.0 utf8 after",  # the text beside the status, which nobody signs and nothing reads
    # The authority's certificate is listed, so the token need not carry it; real ones leave an empty set.
    "0.1.1.0.3 gone",
    "0.1.1.0.3 empty",
    "0.1.1.0.3.0 gone",
}


@pytest.mark.parametrize(("with_certificate", "step", "least"), [(False, 1, 700), (True, 4, 300)])
def test_no_mutant_of_a_timestamp_is_believed(with_certificate, step, least):
    seen, believed = 0, set()
    for name, mutant in list(mutants(stamped(wants_certificate=with_certificate)))[::step]:
        seen += 1
        try:
            found = timestamps.check([mutant], SIGNATURE, ROOTS.timestamp_authorities, name="x")
        except UntrustedError:
            continue
        if found.verified:
            believed.add(name)
    assert seen > least
    assert believed <= HARMLESS


def test_no_mutant_of_a_certificate_is_believed():
    leaf, seen = WORLD.leaf(), 0
    for name, mutant in list(mutants(leaf))[::3]:
        seen += 1
        with pytest.raises(UntrustedError):
            certificate.check(mutant, (), (NOW,), ROOTS, name=name)
    assert seen > 200


def test_no_mutant_of_a_certificate_beside_is_used():
    leaf, bare = WORLD.leaf(), WORLD.listed(WORLD.ca_root)
    roots = msgspec.structs.replace(ROOTS, certificate_authorities=(bare,))
    assert certificate.check(leaf, (WORLD.ca,), (NOW,), roots, name="x")
    for name, mutant in list(mutants(WORLD.ca))[::3]:
        with pytest.raises(UntrustedError):
            certificate.check(leaf, (mutant,), (NOW,), roots, name=name)
