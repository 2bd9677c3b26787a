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


@given(NESTED, st.sampled_from(["", "\ufeff", "<?xml version='1.0' encoding='UTF-8'?>\n"]), st.integers(1, 8))
def test_the_tree_without_lines_is_the_tree_with_them(inner: str, head: str, depth: int) -> None:
    data = f"{head}<r>{inner}</r>".encode()
    found = xmltree.plain(data, limit=10_000, depth=depth)
    if found is None:
        with pytest.raises(MalformedError):
            xmltree.parse(data, where="x", limit=10_000, depth=depth)
    else:
        assert _told(found) == _told(xmltree.parse(data, where="x", limit=10_000, depth=depth))


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
def test_in_doubt_there_is_no_tree_without_lines(data: bytes) -> None:
    assert xmltree.plain(data, limit=60) is None
