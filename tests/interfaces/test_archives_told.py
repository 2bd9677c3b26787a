"""Archives held against their tags, told after a build and from its verified record."""

import json

import msgspec

from assay.build import lock as locks
from assay.formats import intoto, predicates
from assay.interfaces.cli.render import archives
from assay.model.digest import Digest
from assay.model.evidence import Evidence, Signer
from assay.model.statement import ResourceDescriptor
from assay.source.archive_diff import Difference
from assay.source.archive_trace import Joined

SHA = "sha256:" + "a" * 64
M4 = Difference("source.archive-phantom-build-script", "high", "m4/x.m4", "in the archive alone")
LOW = Difference("source.archive-missing-file", "low", ".github/x", "in the tag alone")


def lock():
    compared = locks.ComparedArchive(
        url="u://x", tag="v1", commit="0" * 40, tree="0" * 40, same=30, generated=("a", "b")
    )
    return locks.Lock(
        spec=SHA, epoch=5,
        sources={"speed": locks.ArchiveLock(sha256=SHA, compared=compared), "other": locks.ArchiveLock(sha256=SHA)},
    )  # fmt: skip


def record(sources, kind=predicates.BUILD_RECORD):
    statement = intoto.statement(
        (ResourceDescriptor(name="x", digest={"sha256": "0" * 64}),), kind, {"sources": sources}
    )
    return Evidence(statement=statement, signer=Signer(kind="key", key_id="k"), bundle=Digest.of(statement.payload))


def test_a_build_says_what_is_the_tags_and_what_is_not():
    assert archives.of_build(lock(), {"speed": Joined(state="copied-whole", findings=(M4, LOW))}) == [
        "archive speed: 30 files are those of tag v1, 2 are generated, 1 high, 1 low: "
        "a step read the archive whole, so no trace weighs them"
    ]
    assert archives.of_build(lock(), {"speed": Joined(state="traced", findings=())}) == [
        "archive speed: 30 files are those of tag v1, 2 are generated, no others"
    ]
    assert archives.of_build(lock(), {}) == []


def test_a_verified_record_says_the_same_with_the_worst():
    joined = json.loads(msgspec.json.encode(Joined(state="traced", findings=(LOW, M4))))
    assert archives.of_record(record({"speed": joined})) == [
        "archive speed beyond its tag: 1 high, 1 low: weighed by what the build opened",
        "  high source.archive-phantom-build-script m4/x.m4",
    ]
    clean = json.loads(msgspec.json.encode(Joined(state="traced", findings=())))
    assert archives.of_record(record({"speed": clean})) == ["archive speed beyond its tag: nothing"]


def test_other_evidence_says_nothing_and_a_broken_record_says_so():
    assert archives.of_record(None) == []
    assert archives.of_record(record({}, predicates.SCAI)) == []
    assert archives.of_record(record({})) == []
    (line,) = archives.of_record(record({"speed": 1}))
    assert "no list of findings" in line
