"""XML that means harm is refused before it costs anything, each time as one of our errors."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import cyclonedx_xml, xmltree
from assay.model.errors import AssayError, MalformedError
from inventories import TIME, TOOL, full

SPACE = "http://cyclonedx.org/schema/bom/1.6"
LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'<!DOCTYPE bom [<!ENTITY a0 "x">{LAUGHS}]><bom xmlns="{SPACE}">&a9;</bom>', "document type"),
        (f'<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom xmlns="{SPACE}"/>', "document type"),
        (f'<!DOCTYPE bom [<!ENTITY e SYSTEM "file:///etc/passwd">]><bom xmlns="{SPACE}">&e;</bom>', "document type"),
        (f'<!DOCTYPE bom [<!ENTITY % p SYSTEM "http://x.example/">%p;]><bom xmlns="{SPACE}"/>', "document type"),
        (f'<bom xmlns="{SPACE}">&e;</bom>', "not well-formed"),
        (f'<bom xmlns="{SPACE}">' + "<a>" * 100, "nested deeper"),
        (f'<bom xmlns="{SPACE}"><components></bom>', "not well-formed"),
        (f'<?xml version="1.0" encoding="utf-16"?><bom xmlns="{SPACE}"/>', "encoding"),
        (f'<?xml version="1.0" encoding="latin-1"?><bom xmlns="{SPACE}"/>', "encoding"),
        (f'<bom xmlns="{SPACE}"/><bom/>', "not well-formed"),
        (f'<bom xmlns="{SPACE}">\x00</bom>', "not well-formed"),
        (f'<bom xmlns="{SPACE}" version="1" version="1"/>', "not well-formed"),
        (f'<bom xmlns="{SPACE}"><x:a/></bom>', "not well-formed"),
        (f'<bom xmlns="{SPACE}"><metadata/><metadata/></bom>', "twice"),
        (f'<bom xmlns="{SPACE}" version="one"/>', "int"),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/x"/>', "not a bom"),
        (f'<components xmlns="{SPACE}"/>', "not a bom"),
    ],
)
def test_it_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        cyclonedx_xml.read(text.encode(), "x")
    assert why in caught.value.why


@pytest.mark.parametrize("data", [b"", b"<", b"\xff\xfe<\x00b\x00", b"<a>\xff</a>", b"\xef\xbb\xbf<"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        cyclonedx_xml.read(data, "x")


def test_size_is_bounded() -> None:
    with pytest.raises(MalformedError) as caught:
        xmltree.parse(b"<a/>" + b" " * 100, where="x", limit=50)
    assert "limit 50" in caught.value.why


@given(st.data())
def test_a_damaged_document_of_ours_is_read_or_refused(data: st.DataObject) -> None:
    document = bytearray(cyclonedx_xml.write(full(), tool=TOOL, timestamp=TIME))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(AssayError):
        cyclonedx_xml.read(bytes(document), "x")


NESTED = st.recursive(
    st.sampled_from(
        ["<a/>", "x", " ", "&lt;", "<!-- c -->", "<?p q?>", "<![CDATA[<y>]]>", "<b:c xmlns:b='s' b:d='1' e=''/>"]
    ),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"<n xmlns='t'>{''.join(parts)}</n>"),
    max_leaves=30,
)


def _told(element: Any) -> Any:
    return element.tag, element.attrib, xmltree.text_of(element), [_told(child) for child in element]


def _joined(data: bytes, apart: set[str], depth: int, chunk: int) -> Any:
    """The pieces of a document, told as one; None where it is in doubt."""
    pieces = []
    try:
        for piece in xmltree.pieces(data, limit=10_000, apart=apart, depth=depth, chunk=chunk):
            pieces.append(_told(piece))
    except MalformedError:
        return None
    *parts, whole = pieces
    for *_, (part,) in reversed(parts):
        listed = next(child for child in reversed(whole[-1]) if child[0] == part[0])
        listed[-1][:0] = part[-1]
    return whole


@given(
    NESTED,
    st.sampled_from(["", "\ufeff", "<?xml version='1.0' encoding='UTF-8'?>\n"]),
    st.integers(1, 8),
    st.integers(1, 200),
)
def test_the_tree_in_pieces_is_the_tree_with_lines(inner: str, head: str, depth: int, chunk: int) -> None:
    data = f"{head}<r>{inner}</r>".encode()
    found = _joined(data, set(), depth, chunk)
    if found is None:
        with pytest.raises(MalformedError):
            xmltree.parse(data, where="x", limit=10_000, depth=depth)
    else:
        assert found == _told(xmltree.parse(data, where="x", limit=10_000, depth=depth))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(NESTED, max_size=5)), max_size=4), st.integers(1, 99))
def test_lists_taken_apart_are_whole_together(lists: list[tuple[str, list[str]]], chunk: int) -> None:
    inner = "".join(f"<{name}>{''.join(f'<i>{item}</i>' for item in items)}</{name}>" for name, items in lists)
    data = f"<r>{inner}</r>".encode()
    names = [name for name, _ in lists]
    apart = {name for name in "ab" if names.count(name) == 1}  # of two with one name the pieces look alike
    assert _joined(data, apart, 64, chunk) == _told(xmltree.parse(data, where="x", limit=10_000))


@pytest.mark.parametrize("extra", [0, 1])
def test_pieces_are_held_to_the_depth_too(extra: int) -> None:
    deep = "<n>" * (5 + extra) + "</n>" * (5 + extra)
    data = f"<r><a>{deep * 3}</a></r>".encode()
    assert (_joined(data, {"a"}, 7, 10) is None) == bool(extra)


def test_errors_past_the_first_piece_name_their_line_too() -> None:
    parts = "".join(f'<component type="library"><name>n{n}</name></component>\n' for n in range(5_000))
    tail = '<component type="library">\n<name>a</name>\n<name>b</name></component>'
    text = f'<bom xmlns="{SPACE}">\n<components>\n{parts}{tail}</components></bom>'
    with pytest.raises(MalformedError) as caught:
        cyclonedx_xml.read(text.encode(), "x")
    assert caught.value.where == "x line 5005"
    with pytest.raises(MalformedError) as caught:
        cyclonedx_xml.read(text.replace("<name>b</name>", "").replace("<name>n4998</name>", "").encode(), "x")
    assert caught.value.where == "x $.components[4998]"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE r><r/>",
        b"<?xml version='1.0' encoding='latin-1'?><r/>",
        b"<?xml version='1.0' standalone='no' encoding='utf-16'?><r/>",
        "<r/>".encode("utf-16"),
        b"<r>&e;</r>",
        b"<r/>" + b" " * 100,
    ],
)
def test_in_doubt_there_are_no_pieces(data: bytes) -> None:
    with pytest.raises(MalformedError):
        list(xmltree.pieces(data, limit=60, apart=()))
