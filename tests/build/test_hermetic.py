"""Hermeticity from evidence: a build that proves it, and for every row one that does not."""

import json
from collections.abc import Callable

import msgspec
import pytest

from assay.build import hermetic
from assay.build import lock as locks
from assay.build import provenance as provenances
from assay.build.canaries import CANARIES
from assay.build.closure import Accessed, Closure
from assay.build.hermetic import Root, Signed
from assay.build.run import Context, StepFacts
from assay.build.spec_read import read_spec
from assay.build.step_trace import runtime_trace, trace_digest
from assay.model.provenance import Provenance
from assay.model.tracing import Attempt, Trace

HEX = "ab" * 32
DIGEST = f"sha256:{HEX}"
SPEC = read_spec(
    json.dumps(
        {"apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "x", "version": "1"}, "epoch": 1,
         "image": {"config": {"entrypoint": ["/x"]}}}
    ).encode(),
    where="assay.yaml",
).spec  # fmt: skip
LOCK = locks.Lock(
    spec=DIGEST,
    epoch=1,
    indexes=(
        locks.DebianIndex(
            name="d/bookworm", url="https://example.org", suite="bookworm", codename="bookworm", date="d",
            in_release=DIGEST, fingerprints=("F",),
        ),
    ),
    packages=tuple(
        locks.DebianPackage(
            name=name, version="1", architecture="amd64", source=name, source_version="1", path=f"pool/{name}.deb",
            size=1, sha256=DIGEST, index="d/bookworm", roles=("toolchain:c",),
        )
        for name in ("dash", "gcc")
    ),
)  # fmt: skip
CONTEXT = Context(
    spec=SPEC, spec_digest=DIGEST, lock=LOCK, lock_digest=DIGEST, builder_id="urn:b", builder_version={},
    invocation_id="urn:uuid:1", started_on="2026-01-01T00:00:01Z", finished_on="2026-01-01T00:00:09Z",
    fetched_on="2026-01-01T00:00:00Z", sealed_on="2026-01-01T00:00:02Z", checked_on="2026-01-01T00:00:05Z",
)  # fmt: skip
FACTS = StepFacts(
    name="compile",
    toolchain="c",
    inputs=(),
    outputs=(("program", DIGEST),),
    root_digest=DIGEST,
    isolation="sealed",
    isolation_tool="bubblewrap 0.8.0",
    filter_digest=min(hermetic.known_filters()),
    canaries={one.name: "closed" for one in CANARIES},
    log_digest=DIGEST,
    environment=(("LC_ALL", "C.UTF-8"),),
    started_on="2026-01-01T00:00:03Z",
    finished_on="2026-01-01T00:00:04Z",
    command="make",
    trace=Trace(tracer="strace 6.1", scope="files", programs=("/usr/bin/dash",), reads=(), writes=(), attempts=()),
    closure=Closure(
        state="closed", accessed=(Accessed("/usr/bin/dash", "package dash", HEX),), system=("/proc/meminfo",)
    ),
)


ROOT = Root(digest=DIGEST, files={"/usr/bin/dash": ("package dash", HEX)})


def claims(facts: StepFacts = FACTS, context: Context = CONTEXT) -> list[Signed]:
    image = provenances.image_provenance(context, "linux/amd64", [FACTS], skipped=(), tools=())
    made = [
        Signed(subject=(), evidence="sha256:1", signer="k", provenance=image),
        Signed(
            subject=provenances.subjects(facts), evidence="sha256:2", signer="k",
            provenance=provenances.step_provenance(context, facts),
        ),
    ]  # fmt: skip
    if (trace := runtime_trace(context, facts)) is not None:
        made.append(Signed(subject=provenances.subjects(facts), evidence="sha256:3", signer="k", trace=trace))
    return made


def states(found: list[Signed], **given: object) -> dict[str, tuple[str, str]]:
    judged = hermetic.judge(found, **given)  # type: ignore[arg-type]
    return {f"{row.step} {row.check}".strip(): (row.state, row.code) for row in judged.rows}


def step(**changed: object) -> list[Signed]:
    return claims(msgspec.structs.replace(FACTS, **changed))


def with_canary(name: str, state: str) -> list[Signed]:
    return step(canaries={**FACTS.canaries, name: state})


def closed(**changed: object) -> list[Signed]:
    return step(closure=msgspec.structs.replace(FACTS.closure, **changed))


def traced(**changed: object) -> list[Signed]:
    return step(trace=msgspec.structs.replace(FACTS.trace, **changed))


def edited(**internal: object) -> list[Signed]:
    """The step's provenance with other internal parameters than its builder would write."""
    image, one, *rest = claims()
    assert one.provenance is not None
    value: Provenance = msgspec.structs.replace(
        one.provenance, internal_parameters={**one.provenance.internal_parameters, **internal}
    )
    return [image, msgspec.structs.replace(one, provenance=value), *rest]


def test_a_build_that_proves_every_row_and_names_what_is_left() -> None:
    judged = hermetic.judge(claims())
    assert judged.state == "proved", judged.rows
    assert judged.uncovered == ("root-identity of step compile",)
    whole = hermetic.judge(claims(), roots={"compile": ROOT})
    assert {row.state for row in whole.rows} == {"proved"}
    assert whole.uncovered == ()


@pytest.mark.parametrize(
    ("found", "row", "state", "code"),
    [
        (lambda: claims()[:1], "steps", "failed", "build.step-unproven"),
        (lambda: [*claims(), claims()[1]], "steps", "failed", "build.step-unproven"),
        (lambda: with_canary("host-file", "open"), "compile isolation", "failed", "build.isolation-open"),
        (lambda: with_canary("keyring", "unknown"), "compile isolation", "failed", "build.isolation-open"),
        (lambda: step(isolation="namespaced"), "compile isolation", "failed", "build.isolation-open"),
        (lambda: step(filter_digest=""), "compile isolation", "failed", "build.filter-unknown"),
        (lambda: with_canary("network", "open"), "compile network", "failed", "build.network-open"),
        (
            lambda: traced(attempts=(Attempt("AF_INET", "203.0.113.9", 443),)),
            "compile network", "failed", "build.network-attempt",
        ),
        (lambda: traced(attempts=(Attempt("AF_INET", "127.0.0.1", 53),)), "compile network", "proved", ""),
        (lambda: traced(attempts=None), "compile network", "proved", ""),
        (lambda: closed(outside=("/etc/x",)), "compile closure", "failed", "build.closure-open"),
        (lambda: closed(written=("/usr/x",)), "compile closure", "failed", "build.write-outside"),
        (lambda: closed(system=("/proc/kcore",)), "compile closure", "failed", "build.closure-open"),
        (
            lambda: closed(accessed=(Accessed("/x", "package evil", HEX),)),
            "compile closure", "failed", "build.closure-open",
        ),
        (
            lambda: closed(accessed=(Accessed("/src/app/x", "source app", HEX),)),
            "compile closure", "failed", "build.closure-open",
        ),
        (lambda: closed(accessed=(Accessed("/x", "package dash", ""),)), "compile closure", "failed", "build.closure-open"),
        (lambda: traced(state="overflow", detail="the queue ran over"), "compile closure", "unknown", ""),
        (lambda: traced(reads=None), "compile closure", "not-covered", ""),
        (lambda: step(trace=None), "compile closure", "not-covered", ""),
        (lambda: [*claims()[:2], traced(processes=(), programs=("/x",))[2]], "compile closure", "failed", "build.closure-open"),
        (lambda: [*claims(), claims()[2]], "compile closure", "unknown", ""),
        (lambda: step(started_on="2026-01-01T00:00:01Z"), "compile sealing-order", "failed", "build.sealing-order"),
        (lambda: step(finished_on="2026-01-01T00:00:06Z"), "compile sealing-order", "failed", "build.sealing-order"),
        (
            lambda: claims(context=msgspec.structs.replace(CONTEXT, fetched_on="2026-01-01T00:00:03Z")),
            "sealing-order", "failed", "build.sealing-order",
        ),
        (
            lambda: claims(context=msgspec.structs.replace(CONTEXT, checked_on="")),
            "compile sealing-order", "not-covered", "",
        ),
        (lambda: edited(cacheKey=DIGEST), "compile cache-key", "failed", "build.cache-key-mismatch"),
        (lambda: edited(environment={"X": "1"}), "compile cache-key", "failed", "build.cache-key-mismatch"),
        (lambda: edited(inputs={"sources.x": DIGEST}), "compile cache-key", "failed", "build.cache-key-mismatch"),
    ],
)  # fmt: skip
def test_each_row_fails_for_its_own_reason(found: Callable[[], list[Signed]], row: str, state: str, code: str) -> None:
    assert states(found())[row] == (state, code)


@pytest.mark.parametrize("roots", [{"compile": Root(digest="sha256:" + "cd" * 32)}, {}])
def test_a_root_that_comes_out_otherwise_fails(roots: dict[str, Root]) -> None:
    assert states(claims(), roots=roots)["compile root-identity"] == ("failed", "build.root-mismatch")


@pytest.mark.parametrize(
    "files", [{}, {"/usr/bin/dash": ("package gcc", HEX)}, {"/usr/bin/dash": ("package dash", "cd" * 32)}]
)
def test_a_file_of_other_bytes_than_the_root_put_together_here_opens_the_closure(
    files: dict[str, tuple[str, str]],
) -> None:
    roots = {"compile": Root(digest=DIGEST, files=files)}
    assert states(claims(), roots=roots)["compile closure"] == ("failed", "build.closure-open")


def test_whoever_signed_something_else_says_nothing_here() -> None:
    trace = msgspec.structs.replace(claims()[2], signer="other")
    assert states([*claims()[:2], trace])["compile closure"] == ("not-covered", "")
    maker = msgspec.structs.replace(claims()[1], signer="other")
    assert states([claims()[0], maker])["steps"] == ("failed", "build.step-unproven")


def test_evidence_of_another_builder_is_not_covered_rather_than_fine() -> None:
    image = claims()[0]
    assert image.provenance is not None
    foreign = msgspec.structs.replace(image.provenance, build_type="https://example.org/other/v1")
    judged = hermetic.judge([msgspec.structs.replace(image, provenance=foreign)])
    assert (judged.state, judged.uncovered) == ("not-covered", ("provenance",))
    assert hermetic.judge([]).state == "not-covered"


def test_used_packages_stand_in_the_provenance() -> None:
    made = provenances.step_provenance(CONTEXT, FACTS).resolved_dependencies
    assert [one.annotations["used"] for one in made] == ["true", "false"]
    untraced = msgspec.structs.replace(FACTS, trace=None, closure=Closure(state="not-traced"))
    made = provenances.step_provenance(CONTEXT, untraced).resolved_dependencies
    assert [one.annotations["used"] for one in made] == ["not-traced", "not-traced"]


def test_two_runs_that_did_the_same_have_one_trace_digest() -> None:
    first = runtime_trace(CONTEXT, FACTS)
    later = msgspec.structs.replace(CONTEXT, invocation_id="urn:uuid:2")
    second = runtime_trace(later, msgspec.structs.replace(FACTS, started_on="2027-01-01T00:00:00Z"))
    assert first is not None
    assert second is not None
    assert first != second
    assert trace_digest(first.monitor_log) == trace_digest(second.monitor_log)
