"""VEX in any form: read, taken apart, written in the other forms; notes and the words in them."""

from collections.abc import Iterable

from assay.formats import (
    csaf_problem,
    csaf_rules,
    csaf_rules_products,
    csaf_rules_profiles,
    csaf_rules_scores,
    csaf_rules_tracking,
    csaf_schema,
    csaf_vex_read,
    csaf_vex_write,
    cyclonedx_vex_read,
    cyclonedx_vex_write,
    openvex_edit,
    openvex_write,
    vex,
    vex_flaws,
    vex_notes,
    vex_words,
    vexmanifest,
    wire,
)
from assay.model.errors import AssayError
from assay.model.report import Tool
from assay.model.vex import VexProduct, VexStatement

from .shape import Harness, text_of

TOOL, TIME = Tool("assay", "0"), "2026-01-02T03:04:05Z"
SAID = (
    VexStatement(
        vulnerability="CVE-2024-0001", aliases=("GHSA-1",), status="not_affected", timestamp=TIME, author="a",
        justification="component_not_present", impact="It is not there.", expires="2027-01-01T00:00:00Z", scope="image",
        products=(VexProduct(("pkg:oci/app@sha256:" + "ab" * 32,), ("pkg:npm/lib@1.0.0",)),),
        words=(("cyclonedx:justification", "requires_environment"),),
    ),
    VexStatement(
        vulnerability="GHSA-2", status="affected", action="Update lib.", timestamp=TIME, author="a",
        products=(VexProduct(("pkg:npm/lib?vers=vers:npm%2F%3C2", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*")),),
    ),
)  # fmt: skip


def _written(said: tuple[VexStatement, ...]) -> Iterable[bytes]:
    yield openvex_write.write_statements(said, author="a", timestamp=TIME)
    yield csaf_vex_write.write_statements(said, author="a", timestamp=TIME, tool=TOOL)
    yield cyclonedx_vex_write.write_statements(said, author="a", timestamp=TIME, tool=TOOL)


def _seeds() -> list[bytes]:
    return list(_written(SAID))


def check_read(data: bytes) -> None:
    """What was read and can be written is read again, with the same status for the same vulnerabilities."""
    said = vex.read(data, "x")
    try:
        again = list(_written(said))
    except AssayError:
        return  # an author may say less than a form asks for
    for text in again:
        names = {one.vulnerability for one in vex.read(text, "y")}
        assert names <= {name for one in said for name in (one.vulnerability, *one.aliases)}


def check_flaws(data: bytes) -> None:
    """Taken apart, a document has statements, problems, or neither; and one that can be read has its statements."""
    found = vex_flaws.examine(data, "x")
    try:
        said = vex.read(data, "x")
    except AssayError:
        assert found.problems or found.form != "csaf"
        return
    assert len(found.statements) == len(said)


def check_rules(data: bytes) -> None:
    """Every mandatory test has an answer to every document of CSAF's form."""
    document = csaf_schema.load(wire.decode(data, where="x", limit=1 << 20), where="x")
    for problem in csaf_rules.check(document):
        assert problem.test in csaf_rules.RULES
        assert problem.place.startswith("$")


def check_notes(data: bytes) -> None:
    """Facts out of notes go back into notes and come out the same."""
    facts = vex_notes.unpack(text_of(data))
    said = VexStatement(vulnerability="x", status="fixed", **facts)
    assert vex_notes.unpack(vex_notes.pack(said)) == facts


def check_edit(data: bytes) -> None:
    """A document's head, and its next version."""
    head = openvex_edit.head(data, "x")
    said = openvex_edit.with_statement((), SAID[0])
    openvex_edit.write_next(head, said, timestamp=TIME, tooling="t")


_RULES = (
    csaf_rules.check,
    csaf_rules_products.missing_product,
    csaf_rules_profiles.product_tree,
    csaf_rules_scores.invalid_cvss,
    csaf_rules_tracking.number_of,
    csaf_problem.twice,
    csaf_schema.load,
)


def check_manifest(data: bytes) -> None:
    """A repository that is read has somewhere to be fetched from, and asks for no fetch sooner than in an hour."""
    found = vexmanifest.read(data, where="x")
    assert found.locations
    assert 3_600 <= found.interval_seconds <= 30 * 86_400


def _manifests() -> Iterable[bytes]:
    yield (
        b'{"name": "n", "description": "d", "versions": [{"spec_version": "0.1", "locations": [{"url": '
        b'"https://example.com/main.tar.gz//main"}], "update_interval": "1h30m"}]}'
    )


HARNESSES = (
    Harness(name="vex-manifest", check=check_manifest, doors=(vexmanifest.read,), seeds=_manifests, bytes_limit=2048),
    Harness(
        name="vex", check=check_read, seeds=_seeds, bytes_limit=16_384,
        doors=(vex.read, csaf_vex_read.read, cyclonedx_vex_read.read, vex_words.ours),
    ),
    Harness(name="vex-flaws", check=check_flaws, seeds=_seeds, bytes_limit=16_384, doors=(vex_flaws.examine,)),
    Harness(name="csaf-rules", check=check_rules, seeds=_seeds, bytes_limit=16_384, doors=_RULES),
    Harness(name="vex-notes", check=check_notes, doors=(vex_notes.unpack,), bytes_limit=1024),
    Harness(name="openvex-edit", check=check_edit, seeds=_seeds, doors=(openvex_edit.head,), bytes_limit=8192),
)  # fmt: skip
"""Rows of the table."""
