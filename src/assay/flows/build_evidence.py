"""What leaves the builder beside an image: provenance of every step and of the image, its SBOM, its tests."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from assay.build import cross_reasons, hermetic
from assay.build import lock as locks
from assay.build import provenance as provenances
from assay.build import spec as specs
from assay.build.goprograms import GoProgram
from assay.build.platforms import of_platform
from assay.build.run import Context, Run, StepFacts
from assay.build.spec_read import canonical, spec_digest
from assay.build.step_trace import runtime_trace
from assay.build.stocktaking import stock
from assay.flows.build import Built
from assay.flows.hermetic import as_claim
from assay.flows.image_tests import Ran, result
from assay.flows.shaping import shaping_tools
from assay.flows.source_findings import Reader, source_findings
from assay.flows.steps import RanStep
from assay.formats import intoto, predicate_values, predicates, rebuilding, slsa
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Distro, Inventory
from assay.model.predicates import Attribute, AttributeReport
from assay.model.statement import ResourceDescriptor, Statement
from assay.model.tree import OwnedEntry
from assay.source.archive_trace import Joined


class Unexplained(msgspec.Struct, frozen=True, kw_only=True):
    """Where the builder's own account and a scan of the result differ."""

    unseen_by_scan: tuple[str, ...]
    """Components the builder laid and no cataloguer sees, `ecosystem name version`."""
    explained: tuple[tuple[str, str], ...] = ()
    """Components a scan finds in what a step, a source or a dependency brought, with that owner."""
    unexpected: tuple[str, ...] = ()
    """Components a scan finds in files nobody laid: `build.unexpected-file`."""
    reasons: tuple[tuple[str, str], ...] = ()
    """Of every component in the first two, by its words, why it is there."""


def context(spec: specs.Spec, lock: locks.Lock, run: Run) -> Context:
    """What all statements of one build share."""
    return Context(
        spec=spec,
        spec_digest=str(spec_digest(spec)),
        lock=lock,
        lock_digest=f"sha256:{hashlib.sha256(locks.write(lock)).hexdigest()}",
        **msgspec.structs.asdict(run),
    )


def statements(
    at: Context, built: Built, number: int, subject: ResourceDescriptor, *, tests: Sequence[Ran] = ()
) -> tuple[Statement, ...]:
    """Provenance of the steps and of one platform's image, and what its tests said.

    Args:
        at: see `context`.
        built: what was built.
        number: which platform.
        subject: the image's manifest.
        tests: that ran in it.
    """
    facts = [_facts(at.spec, step) for step in built.steps]
    image = built.images[number]
    tools = [f"{tool.name} {tool.version}" for tool in at.lock.tools]
    whole = provenances.image_provenance(
        at, str(image.platform), facts, skipped=built.skipped, tools=tools, label=image.label,
        compressors=shaping_tools(at.spec, at.lock),
    )  # fmt: skip
    made = [intoto.statement((subject,), predicates.PROVENANCE, slsa.write(whole))]
    for step in facts:
        value = provenances.step_provenance(at, step)
        # The image is a subject too, so that the statement is found beside it and speaks of it.
        subjects = (*provenances.subjects(step), subject)
        made.append(intoto.statement(subjects, predicates.PROVENANCE, slsa.write(value)))
        if (trace := runtime_trace(at, step)) is not None:
            made.append(intoto.statement(subjects, predicates.RUNTIME_TRACE, predicate_values.write(trace)))
    if (report := hermetic_report(made, subject)) is not None:
        made.append(intoto.statement((subject,), predicates.SCAI, predicate_values.write(report)))
    if tests:
        told = result(tuple(tests), at.spec_digest)
        made.append(intoto.statement((subject,), predicates.TEST_RESULT, predicate_values.write(told)))
    return tuple(made)


def hermetic_report(made: Sequence[Statement], subject: ResourceDescriptor) -> AttributeReport | None:
    """The attribute `hermetic`, resting on the statements just made; None unless they prove it.

    Args:
        made: provenance and traces of one build.
        subject: the image.
    """
    judged = hermetic.judge(as_claim(one, str(one.digest), "") for one in made)
    if judged.state != "proved":
        return None
    whole, *others = made
    attribute = Attribute(
        attribute="hermetic",
        target=subject,
        conditions={
            "alsoRestsOn": sorted(str(one.digest) for one in others),
            "notCovered": list(judged.uncovered),
        },
        evidence=ResourceDescriptor(name="provenance of the image", digest={"sha256": whole.digest.hex}),
    )
    return AttributeReport(attributes=(attribute,))


def inventory(
    spec: specs.Spec, lock: locks.Lock, built: Built, number: int, subject: Subject, distro: Distro | None
) -> Inventory:
    """The SBOM by the builder's own knowledge."""
    own = of_platform(lock, str(built.images[number].platform))
    components, relations = stock(spec, own, built.trees[number], go_programs(built))
    layers = tuple(
        Layer(index=index, diff_id=layer.diff_id, digest=layer.descriptor.digest)
        for index, layer in enumerate(built.images[number].layers)
    )
    return Inventory(subject=subject, distro=distro, components=components, relations=relations, layers=layers)


def go_programs(built: Built) -> tuple[GoProgram, ...]:
    """The Go programs the steps of a build left."""
    return tuple(program for step in built.steps for program in step.go)


def cross_check(
    own: Iterable[Component],
    scanned: Iterable[Component],
    tree: Iterable[OwnedEntry],
    programs: Collection[GoProgram] = (),
) -> Unexplained:
    """The builder's own account against a scan of the result, by ecosystem, name and version.

    Args:
        own: what the builder says it laid.
        scanned: what cataloguers see.
        tree: every entry of the image with its owner.
        programs: Go programs the steps left.
    """
    laid = {_name(one): one for one in own}
    reasons: dict[str, str] = {}
    owner_of = {item.entry.path.decode("utf-8", "backslashreplace"): str(item.owner) for item in tree}
    seen: set[tuple[str, str, str]] = set()
    explained: dict[str, str] = {}
    unexpected: set[str] = set()
    for one in scanned:
        if one.owner:
            continue
        name = _name(one)
        seen.add(name)
        if name in laid:
            continue
        owners = {owner_of.get(place.path.split("!/")[0], "") for place in one.occurrences} - {""}
        if owners:
            explained[" ".join(name)] = ", ".join(sorted(owners))
            reasons[" ".join(name)] = cross_reasons.why_seen(one, owners, programs)
        else:
            unexpected.add(" ".join(name))
    unseen = {" ".join(name): one for name, one in laid.items() if name not in seen}
    reasons |= {name: cross_reasons.why_unseen(one) for name, one in unseen.items()}
    return Unexplained(
        unseen_by_scan=tuple(sorted(unseen)),
        explained=tuple(sorted(explained.items())),
        unexpected=tuple(sorted(unexpected)),
        reasons=tuple(sorted(reasons.items())),
    )


def record(at: Context, built: Built, number: int, subject: ResourceDescriptor, unexplained: Unexplained) -> Statement:
    """The build's own record: its configuration, lock, logs, dependency lists and owners, in one statement.

    Declared (the spec), present (the lock) and used (traced) dependencies stand apart.
    """
    predicate = {
        "spec": canonical(at.spec).decode(),
        "lock": msgspec.to_builtins(at.lock),
        "logs": {step.name: step.log.decode("utf-8", "replace") for step in built.steps},
        "dependencies": {
            "declared": declared(at.spec),
            "present": present(at.lock),
            "used": {step.name: _used(step) for step in built.steps},
        },
        "closure": {step.name: {"state": step.closure.state, "why": step.closure.why} for step in built.steps},
        "sources": msgspec.to_builtins(sources(at.lock, built.steps)),
        "hardening": {step.name: msgspec.to_builtins(step.hardening) for step in built.steps if step.hardening},
        "owners": owners(built.trees[number]),
        "crossCheck": msgspec.to_builtins(unexplained),
    }
    if at.rebuild is not None:
        predicate["rebuild"] = rebuilding.document(at.rebuild)
    return intoto.statement((subject,), predicates.BUILD_RECORD, predicate)


def sources(lock: locks.Lock, steps: Iterable[RanStep]) -> Mapping[str, Joined]:
    """Findings about each archive that was compared with its tag, weighed by what the steps opened."""
    return source_findings(lock, (Reader(tuple(name for name, _ in step.inputs), step.closure) for step in steps))


def _used(step: RanStep) -> object:
    """Owners of what a step opened, sorted; `unknown` of a trace that is not whole, `not-traced` of none."""
    used = step.closure.used
    return step.closure.state if used is None else sorted(used)


def declared(spec: specs.Spec) -> dict[str, list[str]]:
    """What the spec asks for, by role."""
    found = {"image": list(spec.image.packages)}
    found |= {f"toolchain:{name}": list(one.packages) for name, one in sorted(spec.toolchains.items())}
    found["sources"] = sorted(spec.sources)
    found["dependencies"] = sorted(spec.dependencies)
    return found


def present(lock: locks.Lock) -> dict[str, list[str]]:
    """What the lock holds, by role: the closure of what was declared."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        for role in package.roles:
            found.setdefault(role, []).append(f"{package.name}={package.version}")
    for wheel in lock.python:
        found.setdefault(f"dependencies.{wheel.dependencies}", []).append(f"{wheel.name}=={wheel.version}")
    for tarball in lock.npm:
        found.setdefault(f"dependencies.{tarball.dependencies}", []).append(f"{tarball.name}@{tarball.version}")
    for module in lock.go:
        found.setdefault(f"dependencies.{module.dependencies}", []).append(f"{module.module}@{module.version}")
    return {role: sorted(names) for role, names in sorted(found.items())}


def _name(component: Component) -> tuple[str, str, str]:
    name = component.name
    if component.ecosystem == "pypi":
        name = name.lower().replace("_", "-").replace(".", "-")
    return component.ecosystem, name, component.version


def _facts(spec: specs.Spec, step: RanStep) -> StepFacts:
    wanted = next(one for one in spec.steps if one.name == step.name)
    return StepFacts(
        name=step.name,
        toolchain=wanted.toolchain,
        inputs=step.inputs,
        outputs=tuple((one.name, one.digest) for one in step.outputs),
        root_digest=step.root_digest,
        isolation=step.isolation.level,
        isolation_tool=step.isolation.tool,
        filter_digest=step.isolation.filter_digest,
        canaries={one.name: one.state for one in step.isolation.seen},
        log_digest=f"sha256:{hashlib.sha256(step.log).hexdigest()}",
        environment=step.environment,
        started_on=step.started,
        finished_on=step.finished,
        skipped=step.skipped,
        command=wanted.run,
        trace=step.trace,
        closure=step.closure,
        taken=step.left.when if step.left is not None else None,
    )


def owners(tree: Iterable[OwnedEntry]) -> dict[str, int]:
    """How many entries each owner has."""
    found: dict[str, int] = {}
    for item in tree:
        found[str(item.owner)] = found.get(str(item.owner), 0) + 1
    return dict(sorted(found.items()))
