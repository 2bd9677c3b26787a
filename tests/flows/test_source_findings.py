"""What the lock knows of an archive, joined with what the steps opened of it."""

import msgspec

from assay.build import lock as locks
from assay.build.closure import Accessed, Closure
from assay.flows.source_findings import Reader, source_findings

COMPARED = locks.ComparedArchive(
    url="u://x", tag="v1", commit="1" * 40, tree="2" * 40, same=3, generated=("configure",), test_blobs=("tests/a.bin",),
    differences=(
        locks.ArchiveDifference(code="source.archive-missing-file", severity="low", path="gone", why="w"),
        locks.ArchiveDifference(code="source.archive-phantom-build-script", severity="high", path="m4/x.m4", why="w"),
    ),
)  # fmt: skip
ARCHIVE = locks.ArchiveLock(path="x", sha256=f"sha256:{'0' * 64}")
LOCK = locks.Lock(
    spec=f"sha256:{'0' * 64}", epoch=1, tools=(),
    sources={"x": msgspec.structs.replace(ARCHIVE, compared=COMPARED), "y": ARCHIVE},
)  # fmt: skip


def step(*paths, inputs=("sources.x",), state="closed"):
    return Reader(inputs, Closure(state=state, accessed=tuple(Accessed(path, "source x", "0") for path in paths)))


def told(*steps):
    ((name, joined),) = source_findings(LOCK, steps).items()
    assert name == "x"
    return joined.state, {one.path: one.severity for one in joined.findings}


def test_only_compared_archives_are_judged_and_only_their_own_paths_count():
    as_locked = {"gone": "low", "m4/x.m4": "high"}
    assert told() == ("not-traced", as_locked)
    assert told(step("/src/y/m4/x.m4", "/usr/bin/m4", "/m4/x.m4")) == ("traced", as_locked)
    assert told(step("/src/x/m4/x.m4", inputs=("sources.y",))) == ("not-traced", as_locked)
    assert told(step("/src/x/m4/x.m4", state="unknown")) == ("not-traced", as_locked)


def test_what_a_step_opened_weighs_more():
    assert told(step("/src/x/m4/x.m4", "/src/x/tests/a.bin", state="open")) == (
        "traced", {"gone": "low", "m4/x.m4": "critical", "tests/a.bin": "high"},
    )  # fmt: skip


def test_a_step_that_read_everything_tells_nothing():
    every = [f"/src/x/{name}" for name in ("a", "b", "tests/a.bin", "configure", "m4/x.m4")]
    assert told(step(*every)) == ("copied-whole", {"gone": "low", "m4/x.m4": "high"})


def test_a_lock_keeps_a_comparison_and_one_without_stays_as_it_was():
    again = locks.read(locks.write(LOCK), where="x")
    assert again.sources["x"].compared == COMPARED
    assert b"compared" not in locks.write(msgspec.structs.replace(LOCK, sources={"y": ARCHIVE}))
