"""Bills of materials, VEX and reports."""

from collections.abc import Callable, Iterable
from typing import Any

from assay.formats import (
    cyclonedx,
    cyclonedx_read,
    cyclonedx_schema,
    cyclonedx_xml,
    cyclonedx_xml_read,
    foreign,
    losses,
    openvex,
    openvex_read,
    openvex_write,
    report,
    sbom,
    sbom_elements,
    sbom_facts,
    spdx,
    spdx3,
    spdx3_read,
    spdx_read,
    spdx_schema,
    spdx_tagvalue,
    spdx_tagvalue_read,
    wire,
)
from assay.model.errors import AssayError
from assay.model.image import Subject
from assay.model.inventory import Inventory
from assay.model.report import Tool

from .shape import Check, Harness, answers, text_of

TOOL = Tool("assay", "0")
TIME = "2026-01-02T03:04:05Z"


def check_round(inventory: Inventory) -> None:
    """What was read is written and read again, the same in every form."""
    for form in (cyclonedx, spdx, cyclonedx_xml, spdx_tagvalue, spdx3):
        again = form.read(form.write(inventory, tool=TOOL, timestamp=TIME), "y")
        assert again == inventory, f"{form.__name__}: another inventory comes back"


def _form(read: Callable[[bytes, str], Inventory], form: Any) -> Check:
    def check(data: bytes) -> None:
        inventory = read(data, "x")
        assert form.read(form.write(inventory, tool=TOOL, timestamp=TIME), "y") == inventory

    return check


def check_any(data: bytes) -> None:
    """Whichever form it is: read, weighed, and written in every form."""
    name = sbom.sniff(data)
    assert name
    inventory = sbom.read(data, "x")
    losses.losses(data, "x", inventory)
    check_round(inventory)


def check_elements(data: bytes) -> None:
    """The elements of a document that is read are read too."""
    sbom_elements.read(data, "x")


def check_openvex(data: bytes) -> None:
    """Statements that were read are written and read again."""
    said = openvex_read.read(data, "x")
    again = openvex_write.write_statements(said, author="a", timestamp=TIME)
    assert [(one.vulnerability, one.status) for one in openvex_read.read(again, "y")] == [
        (one.vulnerability, one.status) for one in said
    ]


def check_report(data: bytes) -> None:
    """A report that was read is written and read again."""
    read = report.read(data, "x")
    assert report.read(report.write(read), "y") == read


def check_foreign(data: bytes) -> None:
    """A package of a foreign document, its fields split by line ends, becomes a component that can be written."""
    fields = (data.decode("utf-8", "replace").split("\n") + [""] * 7)[:7]
    name, version, purl, cpe, licence, maintainer, group = fields
    component, gap = foreign.component(
        foreign.Package(
            key="k", place="$", name=name, version=version, purl=purl, cpe=cpe, maintainer=maintainer, group=group,
            licence=foreign.licence([licence], [name]),
        )
    )  # fmt: skip
    foreign.distro(name, version, licence, {})
    foreign.subject(name, [purl, maintainer])
    gaps = () if gap is None else (gap,)
    try:
        check_round(Inventory(subject=Subject(name="x"), components=(component,), gaps=gaps))
    except AssayError as error:
        raise AssertionError(f"a component of our own is refused: {error.line()[:300]}") from error


def check_facts(data: bytes) -> None:
    """Our own facts in a document of somebody else's making."""
    lines = text_of(data).split("\n")
    pairs = list(zip(lines[::2], lines[1::2], strict=False))
    answers(lambda _: sbom_facts.read_component(pairs, "x"), b"")
    answers(lambda _: sbom_facts.read_inventory(pairs, "x"), b"")


def check_escapes(data: bytes) -> None:
    """Escaping is undone, and what is escaped is text."""
    text = text_of(data)
    assert wire.unescape(wire.escape(text)) == text
    assert wire.unescape_line(wire.escape_line(text)) == text
    wire.escape(text).encode("utf-8")
    assert "\n" not in wire.escape_line(text)
    wire.escape_word(text).encode("utf-8")
    if wire.is_instant(text):
        assert wire.is_instant(wire.instant(text))


def _written(form: Any) -> Callable[[], Iterable[bytes]]:
    """A small document of ours in one form."""
    component, _ = foreign.component(foreign.Package(key="k", place="$", name="a", purl="pkg:deb/debian/a@1?arch=x"))
    inventory = Inventory(subject=Subject(name="x"), components=(component,))
    return lambda: (form.write(inventory, tool=TOOL, timestamp=TIME),)


def _pairs() -> Iterable[bytes]:
    yield b'assay:format\n1\nassay:layer\n{"index": 0, "diff_id": null}\nassay:occurrence\n["p", null, "k", "sure"]'
    yield b"assay:introduced\n0\nassay:removed\n1\nassay:hash\nsha256:00\nassay:key\nx"


def _foreign() -> Iterable[bytes]:
    yield b"curl\n8.5.0\npkg:deb/debian/curl@8.5.0?arch=amd64\ncpe:2.3:a:x:y:1:*:*:*:*:*:*:*\nMIT\nS\nlibrary\nid"
    yield b"debian\n12\n\n\nMIT OR NONSENSE\nS\noperating-system\nid@sha256:" + b"0" * 64


HARNESSES = (
    Harness(name="sbom", check=check_any, doors=(sbom.read, sbom.sniff, losses.losses), bytes_limit=16_384),
    Harness(
        name="cyclonedx", seeds=_written(cyclonedx),
        check=_form(cyclonedx_read.read, cyclonedx), bytes_limit=16_384,
        doors=(cyclonedx_read.read, cyclonedx_schema.load),
    ),
    Harness(
        name="cyclonedx-xml", seeds=_written(cyclonedx_xml),
        check=_form(cyclonedx_xml_read.read, cyclonedx_xml), bytes_limit=16_384,
        doors=(cyclonedx_xml_read.read,),
    ),
    Harness(
        name="spdx", seeds=_written(spdx),
        check=_form(spdx_read.read, spdx), bytes_limit=16_384, doors=(spdx_read.read, spdx_schema.load),
    ),
    Harness(
        name="spdx-tag-value", seeds=_written(spdx_tagvalue),
        check=_form(spdx_tagvalue_read.read, spdx_tagvalue), bytes_limit=16_384,
        doors=(spdx_tagvalue_read.read,),
    ),
    Harness(
        name="spdx3", seeds=_written(spdx3),
        check=_form(spdx3_read.read, spdx3), bytes_limit=16_384, doors=(spdx3_read.read,)),
    Harness(name="sbom-elements", check=check_elements, doors=(sbom_elements.read,), bytes_limit=16_384),
    Harness(name="sbom-facts", check=check_facts, doors=(sbom_facts.read_component,), seeds=_pairs),
    Harness(name="foreign", check=check_foreign, doors=(foreign.component,), seeds=_foreign, bytes_limit=1024),
    Harness(name="escapes", check=check_escapes, doors=(wire.escape,), bytes_limit=512),
    Harness(name="openvex", check=check_openvex, doors=(openvex_read.read, openvex.read), bytes_limit=8192),
    Harness(name="report", check=check_report, doors=(report.read,), bytes_limit=16_384),
)  # fmt: skip
"""Rows of the table."""
