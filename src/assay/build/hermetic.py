"""Whether a build was hermetic, from its evidence alone: what is proved, what failed, what nobody looked at.

A pure judge: values in, rows out. The evidence was verified before; what it says is its builder's word, except where
the verifier puts a root together itself. A row names its reason code and the evidence it rests on.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from assay.build import closure, seccomp
from assay.build.canaries import CANARIES
from assay.build.run import BUILD_TYPE, STEP_TYPE
from assay.build.step_key import cache_key
from assay.build.step_trace import trace_digest
from assay.model.predicates import RuntimeTrace
from assay.model.provenance import Provenance
from assay.model.statement import ResourceDescriptor
from assay.model.tracing import Attempt

State = Literal["proved", "failed", "unknown", "not-covered"]
_WORST: tuple[State, ...] = ("failed", "unknown", "not-covered", "proved")
_NETWORK = ("network", "tcp", "unix-abstract", "unix-path", "families")
_ROOT = "root-identity"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one step, or of the image as a whole."""

    check: str
    state: State
    step: str = ""
    """Empty for the image."""
    code: str = ""
    """`build.…`, where it failed."""
    why: str = ""
    evidence: tuple[str, ...] = ()
    """Digests of what it rests on."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A verified claim as values."""

    subject: tuple[ResourceDescriptor, ...]
    evidence: str
    """Digest of the bundle."""
    signer: str = ""
    provenance: Provenance | None = None
    trace: RuntimeTrace | None = None
    flaw: str = ""
    """Why it cannot be read; then it is neither."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows say together."""

    rows: tuple[Row, ...]

    @property
    def state(self) -> State:
        """`proved` also where nothing but the verifier's own look at the roots is missing; see `uncovered`."""
        states = {row.state for row in self.rows if not (row.check == _ROOT and row.state == "not-covered")}
        return next((state for state in _WORST if state in states), "not-covered")

    @property
    def uncovered(self) -> tuple[str, ...]:
        """What nothing here vouches for."""
        return tuple(_named(row) for row in self.rows if row.state in ("not-covered", "unknown"))

    @property
    def codes(self) -> tuple[str, ...]:
        """Reason codes of what failed, sorted."""
        return tuple(sorted({row.code for row in self.rows if row.code}))


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """A step's root as the verifier put it together."""

    digest: str
    files: Mapping[str, tuple[str, str]] = {}
    """Path → owner and SHA-256 (`closure.locked_files`)."""


def judge(claims: Iterable[Signed], *, roots: Mapping[str, Root] | None = None, why_no_roots: str = "") -> Judgement:
    """Judge a build.

    Args:
        claims: verified provenance and runtime traces about one image, of any builder.
        roots: step → its root as the verifier put it together from lock and store; None where it did not.
        why_no_roots: why it did not.
    """
    known = sorted(claims, key=lambda claim: claim.evidence)
    images = [c for c in known if c.provenance is not None and c.provenance.build_type == BUILD_TYPE]
    steps = [c for c in known if c.provenance is not None and c.provenance.build_type == STEP_TYPE]
    flawed = [
        Row(check="evidence", state="unknown", why=claim.flaw, evidence=(claim.evidence,))
        for claim in known
        if claim.flaw
    ]
    if not images:
        why = "no verified provenance of a build by this program: its evidence has another form"
        return Judgement(rows=(*flawed, Row(check="provenance", state="not-covered", why=why)))
    rows = flawed
    for image in images:
        mine = [c for c in steps if _invocation(c) == _invocation(image) and c.signer == image.signer]
        rows += _image(image, mine)
        for one in mine:
            traces = [c for c in known if c.trace is not None and _is_of(c, one)]
            rows += _step(one, traces, roots, why_no_roots)
    return Judgement(rows=tuple(rows))


def _image(image: Signed, steps: Collection[Signed]) -> Iterator[Row]:
    """Every output of a step in the image comes from exactly one proven step."""
    assert image.provenance is not None  # noqa: S101
    wanted = [one for one in image.provenance.resolved_dependencies if one.annotations.get("role") == "step-output"]
    for output in wanted:
        makers = [c for c in steps if any(s.name == output.name and s.digest == output.digest for s in c.subject)]
        if len(makers) != 1:
            why = f"{output.name}: {len(makers)} verified step statements have it as subject"
            yield _failed("steps", "build.step-unproven", why, evidence=(image.evidence,))
            return
    names = {_name(c) for c in steps}
    why = f"{len(wanted)} outputs of {len(names)} steps" if wanted else "no step's output is in the image"
    yield Row(check="steps", state="proved", why=why, evidence=(image.evidence, *(c.evidence for c in steps)))
    yield _sealing(image, "")


def _step(
    claim: Signed, traces: Collection[Signed], roots: Mapping[str, Root] | None, why_no_roots: str
) -> Iterator[Row]:
    assert claim.provenance is not None  # noqa: S101
    name, internal = _name(claim), claim.provenance.internal_parameters
    yield _isolation(claim, name, internal)
    yield _network(claim, name, internal, traces)
    here = roots.get(name) if roots is not None else None
    yield _closure(claim, name, traces, here)
    yield _sealing(claim, name)
    yield _key(claim, name, internal)
    found = str(internal.get("rootDigest", ""))
    if roots is None:
        why = why_no_roots or "the roots were not put together here from lock and store"
        yield Row(check=_ROOT, state="not-covered", step=name, why=why, evidence=(claim.evidence,))
    elif here is None or here.digest != found:
        why = f"put together here {here.digest if here else 'nothing'}, the provenance says {found or 'nothing'}"
        yield _failed(_ROOT, "build.root-mismatch", why, name, (claim.evidence,))
    else:
        why = "put together anew from lock and store"
        yield Row(check=_ROOT, state="proved", step=name, why=why, evidence=(claim.evidence,))


def _isolation(claim: Signed, name: str, internal: Mapping[str, Any]) -> Row:
    """Every canary of this version was tried and found closed; the filter is one this program knows."""
    isolation = _object(internal.get("isolation"))
    canaries = _object(isolation.get("canaries"))
    open_ = [one.name for one in CANARIES if canaries.get(one.name) != "closed"]
    if isolation.get("level") != "sealed" or open_:
        why = f"level {isolation.get('level') or 'unknown'}; not closed: {', '.join(open_) or 'nothing'}"
        return _failed("isolation", "build.isolation-open", why, name, (claim.evidence,))
    if isolation.get("filter") not in known_filters():
        return _failed("isolation", "build.filter-unknown", "a filter nobody here knows", name, (claim.evidence,))
    why = f"{isolation.get('tool') or 'a sandbox'}, {len(CANARIES)} canaries closed, known filter"
    return Row(check="isolation", state="proved", step=name, why=why, evidence=(claim.evidence,))


def _network(claim: Signed, name: str, internal: Mapping[str, Any], traces: Collection[Signed]) -> Row:
    """A network of its own with a loopback alone; an attempt to get out fails the step's claim although it failed."""
    canaries = _object(_object(internal.get("isolation")).get("canaries"))
    open_ = [canary for canary in _NETWORK if canaries.get(canary) != "closed"]
    evidence = (claim.evidence, *(one.evidence for one in traces))
    if open_:
        return _failed("network", "build.network-open", f"not closed: {', '.join(open_)}", name, evidence)
    asked: list[Attempt] = []
    watched = False
    for one in traces:
        if one.trace is not None and one.trace.monitor_log.network is not None:
            watched = True
            asked += [_attempt(entry) for entry in one.trace.monitor_log.network]
    if outside := closure.asked_outside(asked):
        why = f"it asked for {outside[0].address} port {outside[0].port}" + (
            f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        )
        return _failed("network", "build.network-attempt", why, name, evidence)
    why = "a network of its own with a loopback alone; " + (
        "nothing else was asked for" if watched else "attempts were not watched, namespace and filter vouch"
    )
    return Row(check="network", state="proved", step=name, why=why, evidence=evidence)


def _closure(claim: Signed, name: str, traces: Collection[Signed], here: Root | None) -> Row:
    """All that was opened belongs to a locked input, the step itself, or the named parts of `/proc` and `/dev`."""
    whole = [one for one in traces if one.trace is not None and one.trace.monitor_log.file_access is not None]
    evidence = (claim.evidence, *(one.evidence for one in whole))
    if not whole:
        return Row(check="closure", state="not-covered", step=name, why="its files were not traced", evidence=evidence)
    if len(whole) > 1:
        why = f"{len(whole)} traces of one run"
        return Row(check="closure", state="unknown", step=name, why=why, evidence=evidence)
    trace = whole[0].trace
    assert trace is not None  # noqa: S101
    policy = trace.monitor.trace_policy
    if policy.get("state") != "complete":
        why = (
            f"{trace.monitor.type}: {policy.get('detail') or policy.get('state') or 'it does not say that it is whole'}"
        )
        return Row(check="closure", state="unknown", step=name, why=why, evidence=evidence)
    assert claim.provenance is not None  # noqa: S101
    named = {one.name: one.digest for one in claim.provenance.byproducts}
    if named.get("trace") != _digest(trace_digest(trace.monitor_log)):
        return _failed("closure", "build.closure-open", "the trace is not the one the provenance names", name, evidence)
    entries = trace.monitor_log.file_access or ()
    wrote = [one.name for one in entries if one.annotations.get("place") == "written-outside"]
    if wrote:
        return _failed("closure", "build.write-outside", f"it wrote to {_first(wrote)}", name, evidence)
    locked = _locked(claim.provenance)
    strange = [one.name for one in entries if not _explained(one, locked)]
    if strange:
        why = f"it opened {_first(strange)}, which nothing locked explains"
        return _failed("closure", "build.closure-open", why, name, evidence)
    if here is not None and (other := [one.name for one in entries if not _is_in(one, here)]):
        why = f"{_first(other)}: not the owner or the bytes of the root put together here"
        return _failed("closure", "build.closure-open", why, name, evidence)
    owners = {one.annotations.get("owner") for one in entries} - {None}
    system = [one.name for one in entries if one.annotations.get("place") == "system"]
    why = f"{len(entries) - len(system)} locked files of {len(owners)} owners ({trace.monitor.type})" + (
        f"; of the machine it read {', '.join(system)}" if system else ""
    )
    return Row(check="closure", state="proved", step=name, why=why, evidence=evidence)


def _explained(entry: ResourceDescriptor, locked: Collection[str]) -> bool:
    """Whether a file is what it is because of an input, by its owner and with a digest, or is named."""
    if entry.annotations.get("place") == "system":
        return entry.name in closure.SYSTEM
    owner = str(entry.annotations.get("owner", ""))
    return bool(entry.digest.get("sha256")) and (owner in locked or owner.startswith("rule "))


def _is_in(entry: ResourceDescriptor, here: Root) -> bool:
    """Whether a file of the root has the owner and the bytes that the verifier's own root gives it."""
    owner = str(entry.annotations.get("owner", ""))
    if entry.name.startswith("/src/") or entry.annotations.get("place") == "system":
        return True
    return here.files.get(entry.name) == (owner, entry.digest.get("sha256"))


def _locked(provenance: Provenance) -> frozenset[str]:
    """Owners that files of the locked inputs can have."""
    found: set[str] = set()
    for one in provenance.resolved_dependencies:
        if not one.digest:
            continue
        if one.annotations.get("role") == "toolchain":
            found.add(f"package {one.name.partition(' ')[0]}")
    words = {"sources": "source", "dependencies": "dependency", "steps": "step"}
    for name in _object(provenance.internal_parameters.get("inputs")):
        kind, _, rest = name.partition(".")
        found.add(f"{words.get(kind, kind)} {rest}")
    return frozenset(found)


def _sealing(claim: Signed, name: str) -> Row:
    """Fetching ended, the store was closed, the step began, the store was hashed again: in this order."""
    assert claim.provenance is not None  # noqa: S101
    internal, evidence = claim.provenance.internal_parameters, (claim.evidence,)
    words = ["storeFetchedOn", "storeSealedOn"]
    times = [str(internal.get(word, "")) for word in words]
    if name:
        times += [claim.provenance.started_on, claim.provenance.finished_on, str(internal.get("storeCheckedOn", ""))]
    if "" in times:
        why = "a time is missing: fetched, sealed" + (", started, finished, checked" if name else "")
        return Row(check="sealing-order", state="not-covered", step=name, why=why, evidence=evidence)
    if times != sorted(times):
        why = f"in another order: {' · '.join(times)}"
        return _failed("sealing-order", "build.sealing-order", why, name, evidence)
    why = f"last input {times[0]}, sealed {times[1]}" + (f", began {times[2]}, hashed again {times[4]}" if name else "")
    return Row(check="sealing-order", state="proved", step=name, why=why, evidence=evidence)


def _key(claim: Signed, name: str, internal: Mapping[str, Any]) -> Row:
    """The key under which the result may be kept follows from what the provenance itself names."""
    isolation, evidence = _object(internal.get("isolation")), (claim.evidence,)
    if "cacheKey" not in internal:
        return Row(check="cache-key", state="not-covered", step=name, why="none is named", evidence=evidence)
    key = cache_key(
        command=str(internal.get("commandDigest", "")), root=str(internal.get("rootDigest", "")),
        inputs=_object(internal.get("inputs")), environment=_object(internal.get("environment")),
        isolation=str(isolation.get("level", "")), filter_=str(isolation.get("filter", "")),
    )  # fmt: skip
    if key != internal["cacheKey"]:
        why = f"it follows {key}, named is {internal['cacheKey']}"
        return _failed("cache-key", "build.cache-key-mismatch", why, name, evidence)
    return Row(check="cache-key", state="proved", step=name, why=key, evidence=evidence)


def known_filters() -> frozenset[str]:
    """Digests of the filters this program makes, on every machine it knows."""
    made = [seccomp.program(machine, tracing=tracing) for machine in seccomp.ARCHITECTURES for tracing in (False, True)]
    return frozenset(seccomp.digest(one) for one in made if one is not None)


def _is_of(trace: Signed, step: Signed) -> bool:
    """Whether a trace is of this very run of this step, by the same signer."""
    assert trace.trace is not None  # noqa: S101
    return (
        trace.signer == step.signer
        and trace.trace.monitored_process.event == _invocation(step)
        and trace.trace.monitor.trace_policy.get("step") == _name(step)
    )


def _invocation(claim: Signed) -> str:
    return claim.provenance.invocation_id if claim.provenance is not None else ""


def _name(claim: Signed) -> str:
    return str(claim.provenance.external_parameters.get("step", "")) if claim.provenance is not None else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _attempt(entry: Mapping[str, object]) -> Attempt:
    port = entry.get("port")
    return Attempt(str(entry.get("family", "")), str(entry.get("address", "")), port if isinstance(port, int) else 0)


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _named(row: Row) -> str:
    return f"{row.check} of step {row.step}" if row.step else row.check


def _failed(check: str, code: str, why: str, step: str = "", evidence: tuple[str, ...] = ()) -> Row:
    return Row(check=check, state="failed", step=step, code=code, why=why, evidence=evidence)
