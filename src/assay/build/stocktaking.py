"""The SBOM of an image from the builder's own knowledge: what the lock names and which entries each part owns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.goprograms import GoProgram
from assay.formats import purl as purls
from assay.model.inventory import Component, Licence, Occurrence, Relation, SourcePackage
from assay.model.purl import Purl
from assay.model.tree import OwnedEntry

_BY = "build"
_RELEASES = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}
_UNREAD = Licence(reason="not read by the builder")


class _Image(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one image."""

    spec: specs.Spec
    lock: locks.Lock
    owned: Mapping[str, list[str]]
    """Owner → paths of its files."""
    programs: tuple[tuple[str, GoProgram, tuple[str, ...]], ...]
    """Owner, Go program, and where it was installed."""


def stock(
    spec: specs.Spec, lock: locks.Lock, tree: Iterable[OwnedEntry], programs: Iterable[GoProgram] = ()
) -> tuple[tuple[Component, ...], tuple[Relation, ...]]:
    """Components with the files they own, and what was made from what, both sorted.

    Args:
        spec: of the image.
        lock: of the spec.
        tree: every entry with its owner.
        programs: Go programs the steps left.
    """
    owned: dict[str, list[str]] = defaultdict(list)
    by_content: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in tree:
        if item.entry.kind == "file":
            path = item.entry.path.decode("utf-8", "backslashreplace")
            owned[str(item.owner)].append(path)
            if item.span is not None and item.owner.kind == "step":
                by_content[item.span.digest, str(item.owner)].append(path)
    known = {one.sha256: one for one in programs}
    installed = tuple(
        (owner, known[digest], tuple(paths)) for (digest, owner), paths in sorted(by_content.items()) if digest in known
    )
    at = _Image(spec=spec, lock=lock, owned=owned, programs=installed)
    found = {one.key: one for one in _components(at)}
    relations = set(_relations(at, found))
    return tuple(found[key] for key in sorted(found)), tuple(sorted(relations))


def _components(at: _Image) -> Iterator[Component]:
    spec, lock, owned = at.spec, at.lock, at.owned
    for package in lock.packages:
        if "image" in package.roles:
            yield _debian(package, owned)
    for wheel in (one for one in lock.python if _counts(at, one.dependencies)):
        purl = purls.to_string(Purl("pypi", "", wheel.name, wheel.version))
        yield _component(purl, "pypi", wheel.name, wheel.version, _info(owned, wheel), (wheel.sha256,))
    for tarball in (one for one in lock.npm if _counts(at, one.dependencies)):
        space, _, name = tarball.name.rpartition("/")
        purl = purls.to_string(Purl("npm", space, name, tarball.version))
        prefix = f"{tarball.path}/package.json"
        paths = [path for path in owned.get(f"dependency {tarball.dependencies}", ()) if path.endswith(prefix)]
        yield _component(purl, "npm", tarball.name, tarball.version, paths, (tarball.sha256, tarball.integrity))
    yield from _go_modules(at)
    for step in spec.steps:
        for output in step.outputs:
            paths = owned.get(f"step {step.name}.{output}", [])
            if paths:
                name = _output_name(spec, step.name, output)
                purl = purls.to_string(Purl("generic", "", name, spec.metadata.version))
                yield _component(purl, "generic", name, spec.metadata.version, paths, ())
    for name, source in lock.sources.items():
        yield _source(name, source, spec, owned)


def _counts(at: _Image, dependencies: str) -> bool:
    """Whether a set of dependencies has anything to do with the image: it was installed, or a step was given it whose
    output was. One that serves a step nobody installs from is not in the image.
    """
    return f"dependency {dependencies}" in at.owned or dependencies in _given(at)


def _given(at: _Image) -> dict[str, list[tuple[str, str]]]:
    """Set of dependencies → outputs in the image (step, output) whose step was given it."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for step in at.spec.steps:
        laid = [(step.name, output) for output in step.outputs if f"step {step.name}.{output}" in at.owned]
        for wanted in step.inputs:
            kind, _, rest = wanted.partition(".")
            if kind == "dependencies" and laid:
                found[rest] += laid
    return found


def _output_name(spec: specs.Spec, step: str, output: str) -> str:
    return f"{spec.metadata.name.rsplit('/', 1)[-1]}-{step}-{output}"


def _go_modules(at: _Image) -> Iterator[Component]:
    """The locked modules and the standard library that went into the Go programs of the image.

    A module that a program names and the lock does not (vendored, or replaced by a folder) is not ours to vouch for: it
    came with a source, and the cross-check says so.
    """
    places: dict[locks.GoModule, set[str]] = {one: set() for one in _untold(at)}
    libraries: dict[str, set[str]] = defaultdict(set)
    for _, program, paths in at.programs:
        for module in _linked(at.lock, program):
            places[module] = places.get(module, set()) | set(paths)
        if program.release:
            libraries[program.release] |= set(paths)
    for module, found in places.items():
        facts = [("build:dependencies", module.dependencies), ("go:h1", module.hash)]
        if not found:
            facts.append(("build:linked", "unknown"))
        yield _golang(module.module, module.version, found, (module.sha256,), facts)
    for release, found in libraries.items():
        yield _golang("stdlib", release, found, (), [("go:toolchain", f"go{release}")])


def _untold(at: _Image) -> Iterator[locks.GoModule]:
    """Modules a step was given of whose outputs none tells what went into it: all of them may have."""
    telling = {owner.removeprefix("step ").partition(".")[0] for owner, program, _ in at.programs if program.main}
    for name, outputs in _given(at).items():
        if not {step for step, _ in outputs} <= telling:
            yield from (one for one in at.lock.go if one.dependencies == name and one.info_sha256 is not None)


def _linked(lock: locks.Lock, program: GoProgram) -> list[locks.GoModule]:
    """Modules of the lock in a program: by path, version and, where the program tells it, by the sum of go.sum."""
    named = {(one.path, one.version): one.hash for one in program.modules}
    found: dict[tuple[str, str], locks.GoModule] = {}
    for one in sorted(lock.go, key=lambda one: one.dependencies):
        told = named.get((one.module, one.version))
        if one.info_sha256 is not None and told is not None and told in ("", one.hash):
            found.setdefault((one.module, one.version), one)
    return list(found.values())


def _golang(
    path: str, version: str, places: Iterable[str], hashes: Iterable[str], facts: Iterable[tuple[str, str]]
) -> Component:
    space, _, name = path.rpartition("/")
    purl = purls.to_string(Purl("golang", space, name, version))
    made = _component(purl, "golang", path, version, places, hashes)
    seen = tuple(msgspec.structs.replace(one, kind="build-info") for one in made.occurrences)
    return msgspec.structs.replace(made, occurrences=seen, properties=tuple(sorted(facts)))


def _debian(package: locks.DebianPackage, owned: Mapping[str, list[str]]) -> Component:
    codename = package.index.rpartition("/")[2].partition("-")[0]
    release = _RELEASES.get(codename, "")
    qualifiers = (("arch", package.architecture), *((("distro", f"debian-{release}"),) if release else ()))
    purl = purls.to_string(Purl("deb", "debian", package.name, package.version, qualifiers))
    record = f"var/lib/dpkg/status.d/{package.name}"
    owns = owned.get(f"package {package.name}", [])
    paths = [record] if record in owns else owns
    made = _component(purl, "deb", package.name, package.version, paths, (package.sha256,))
    return Component(
        key=made.key,
        purl=made.purl,
        ecosystem="deb",
        name=package.name,
        version=package.version,
        source=SourcePackage(package.source, package.source_version),
        architecture=package.architecture,
        licence=_UNREAD,
        cataloguer=_BY,
        occurrences=made.occurrences,
        hashes=made.hashes,
        properties=(("build:index", package.index), ("build:path", package.path)),
    )


def _info(owned: Mapping[str, list[str]], wheel: locks.PythonFile) -> list[str]:
    stem = wheel.file.split("-")[0].lower()
    return [
        path
        for path in owned.get(f"dependency {wheel.dependencies}", ())
        if path.endswith(".dist-info/METADATA") and path.rsplit("/", 2)[-2].lower().startswith(f"{stem}-")
    ]


def _source(name: str, source: locks.SourceLock, spec: specs.Spec, owned: Mapping[str, list[str]]) -> Component:
    qualifiers: tuple[tuple[str, str], ...]
    if isinstance(source, locks.GitLock):
        version, qualifiers = source.commit, (("vcs_url", f"git+{source.url}@{source.commit}"),)
        digest = source.content
    elif isinstance(source, locks.DirectoryLock):
        version, qualifiers, digest = spec.metadata.version, (), source.content
    else:
        version, qualifiers, digest = "", (("checksum", source.sha256),), source.sha256
        if source.url:
            qualifiers = (*qualifiers, ("download_url", source.url))
    purl = purls.to_string(Purl("generic", "", f"source-{name}", version, tuple(sorted(qualifiers))))
    return _component(purl, "generic", f"source-{name}", version, owned.get(f"source {name}", ()), (digest,))


def _component(
    purl: str, ecosystem: str, name: str, version: str, paths: Iterable[str], hashes: Iterable[str]
) -> Component:
    return Component(
        key=purl,
        purl=purl,
        ecosystem=ecosystem,
        name=name,
        version=version,
        licence=_UNREAD,
        cataloguer=_BY,
        occurrences=tuple(Occurrence(path, None, "package-metadata") for path in sorted(paths)[:64]),
        hashes=tuple(sorted(hashes)),
    )


def _relations(at: _Image, found: Mapping[str, Component]) -> Iterator[Relation]:
    """What a step's output was made from: sources and dependencies for its making, and what was linked into it."""
    names = {one.name: one.key for one in found.values() if one.ecosystem == "generic"}
    for step in at.spec.steps:
        for output in step.outputs:
            made = names.get(_output_name(at.spec, step.name, output))
            for wanted in step.inputs:
                kind, _, rest = wanted.partition(".")
                source = names.get(f"source-{rest}") if kind == "sources" else None
                if made and source:
                    yield Relation(made, "depends_on", source, "build")
                    yield Relation(made, "built_from", source)
    for name, outputs in _given(at).items():
        for key in _locked_keys(at.lock, name, found):
            for maker, output in outputs:
                yield Relation(names[_output_name(at.spec, maker, output)], "depends_on", key, "build")
    golang = {(one.name, one.version): one.key for one in found.values() if one.ecosystem == "golang"}
    for owner, program, _ in at.programs:
        of = names.get(_output_name(at.spec, *owner.removeprefix("step ").split(".", 1)))
        linked = [golang[one.module, one.version] for one in _linked(at.lock, program)]
        library = golang.get(("stdlib", program.release))
        for key in (*linked, *([library] if library else [])):
            if of:
                yield Relation(of, "depends_on", key, "runtime")
                yield Relation(of, "built_from", key)


def _locked_keys(lock: locks.Lock, name: str, found: Mapping[str, Component]) -> Iterator[str]:
    """Keys of the wheels and npm packages of a set, and of modules of which no program tells whether it holds them."""
    members = {("pypi", one.name, one.version) for one in lock.python if one.dependencies == name}
    members |= {("npm", one.name, one.version) for one in lock.npm if one.dependencies == name}
    members |= {("golang", one.module, one.version) for one in lock.go if one.dependencies == name}
    for one in found.values():
        if (one.ecosystem, one.name, one.version) in members and (one.ecosystem != "golang" or not one.occurrences):
            yield one.key
