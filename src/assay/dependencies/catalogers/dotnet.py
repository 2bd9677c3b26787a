""".NET: `*.deps.json` of published programs and runtimes, single-file programs, `packages.lock.json` of a source tree.

.NET documentation, "Runtime configuration files" and "runtime-configuration-file.md" of the SDK's specifications. A
package without a file of its own in the target (a facade, something for compilers) is listed weakly: it is not there.
"""

import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import integrity, malformed, table, text
from assay.formats import strictjson
from assay.formats.netbundle import read_net_bundle
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence

_NO_LICENCE = Licence(reason="deps.json records no licence")
_NO_LOCK_LICENCE = Licence(reason="packages.lock.json records no licence")
_RUNTIME_PACK = "runtimepack."
_ASSETS = ("runtime", "native", "runtimeTargets", "resources")


def catalogue(file: File) -> Fragment:
    """One `NAME.deps.json`: the program itself (`project`), its packages, the runtime packs it carries.

    Raises:
        MalformedError: not JSON, or without `libraries`. UnsupportedError: more than `packages_count`.
    """
    return _read_deps(file.data(), file, "package-metadata")


def _read_deps(data: bytes, file: File, kind: str) -> Fragment:
    document = strictjson.loads(
        data.removeprefix(b"\xef\xbb\xbf"), where=file.path, limit=file.limits.text_database_bytes
    )
    libraries = table(document).get("libraries")
    if not isinstance(libraries, dict):
        raise malformed(file, ".NET dependency file", "an object with `libraries` was expected")
    if len(libraries) > file.limits.packages_count:
        raise UnsupportedError("too many .NET libraries", where=file.path, why=f"{len(libraries)}")
    target = _target(document)
    usable = [(key, body) for key, body in libraries.items() if all(key.partition("/")[::2]) and isinstance(body, dict)]
    lost = len(libraries) - len(usable)
    gaps = (Gap("unreadable", file.path, None, f"{lost} libraries without name or version", "dotnet"),) if lost else ()
    return Fragment(packages=tuple(_library(key, body, target.get(key), kind) for key, body in usable), gaps=gaps)


def _target(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What each library brings to the runtime target; of several targets the one the file names."""
    targets, named = table(document.get("targets")), text(table(document.get("runtimeTarget")), "name")
    return table(targets.get(named)) or next((table(body) for body in targets.values()), {})


def _library(key: str, body: Mapping[str, Any], brought: object, kind: str) -> Package:
    name, _, version = key.partition("/")
    sort = text(body, "type").lower()
    pack = name.startswith(_RUNTIME_PACK)
    name = name.removeprefix(_RUNTIME_PACK)
    there = sort != "package" or not isinstance(brought, dict) or any(brought.get(asset) for asset in _ASSETS)
    facts = {
        "nuget:type": "" if sort == "package" else sort,
        "nuget:assets": "" if there else "none",
    }
    provides = {f"{name.lower()}/{version}", key.lower()}
    return Package(
        ecosystem="nuget",
        name=name,
        version=version,
        licence=_NO_LICENCE,
        hashes=integrity(text(body, "sha512")),
        properties=tuple((word, value) for word, value in sorted(facts.items()) if value),
        kind=kind,
        confidence=("certain" if pack or sort == "package" else "strong") if there else "weak",
        depends=tuple(sorted(set(_needs(brought)))),
        provides=tuple(sorted(provides)),
    )


def _needs(body: object) -> Iterator[str]:
    """`name/version` in lower case: the version is the one that was resolved."""
    for name, version in table(table(body).get("dependencies")).items():
        if isinstance(version, str):
            yield f"{name}/{version}".lower()


def catalogue_program(file: File) -> Fragment:
    """A single-file program: the libraries its own `deps.json` names; without one only a gap can speak of it.

    Raises:
        MalformedError: a bundle that is there and cannot be read.
    """
    bundle = read_net_bundle(file.view, file.limits)
    if bundle is None:
        return Fragment()
    if bundle.deps is not None:
        return _read_deps(bundle.deps, file, "build-info")
    reason = f"single-file .NET program of {bundle.files} files without a list of its packages"
    return Fragment(gaps=(Gap("unsupported", file.path, None, reason, "dotnet-program"),))


def catalogue_lock(file: File) -> Fragment:
    """One `packages.lock.json`; in an image it is a wish, and nothing is read.

    Raises:
        MalformedError: not JSON, or without `dependencies`. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    document = strictjson.loads(
        file.data().removeprefix(b"\xef\xbb\xbf"), where=file.path, limit=file.limits.text_database_bytes
    )
    frameworks = table(document).get("dependencies")
    if not isinstance(frameworks, dict):
        raise malformed(file, "packages.lock.json", "an object with `dependencies` was expected")
    found: dict[tuple[str, str], Package] = {}
    for framework in frameworks.values():
        versions = {name.lower(): text(table(body), "resolved") for name, body in table(framework).items()}
        for name, body in table(framework).items():
            package = _locked(name, table(body), versions)
            if package is not None:
                found.setdefault((name.lower(), package.version), package)
        if len(found) > file.limits.packages_count:
            raise UnsupportedError("the lock file has too many entries", where=file.path, why=f"{len(found)}")
    return Fragment(packages=tuple(found.values()))


def _locked(name: str, body: Mapping[str, Any], versions: Mapping[str, str]) -> Package | None:
    """One entry; another project of the solution has neither version nor package."""
    sort, version = text(body, "type"), text(body, "resolved")
    if sort == "Project" or not version:
        return None
    needs = {other.lower() for other in table(body.get("dependencies"))}
    return Package(
        ecosystem="nuget",
        name=name,
        version=version,
        licence=_NO_LOCK_LICENCE,
        hashes=_sha512(text(body, "contentHash")),
        properties=(("nuget:direct", "true"),) if sort == "Direct" else (),
        kind="lock-file",
        confidence="strong",
        depends=tuple(sorted(f"{other}/{versions[other]}" for other in needs if versions.get(other))),
        provides=(f"{name}/{version}".lower(),),
    )


def _sha512(content: str) -> tuple[str, ...]:
    """`contentHash` is the SHA-512 of the package's files, in base64."""
    try:
        raw = binascii.a2b_base64(content, strict_mode=True)
    except ValueError:
        return ()
    return (f"sha512:{raw.hex()}",) if len(raw) == 64 else ()


CATALOGUER = Cataloguer(
    name="dotnet",
    version=1,
    ecosystem="nuget",
    wants=Wanted(suffixes=frozenset([".deps.json"])),
    catalogue=catalogue,
)
PROGRAM = Cataloguer(
    name="dotnet-program",
    version=1,
    ecosystem="nuget",
    wants=Wanted(magic=frozenset([b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe"]), limit="program_bytes"),
    catalogue=catalogue_program,
)
LOCK = Cataloguer(
    name="dotnet-lock",
    version=1,
    ecosystem="nuget",
    wants=Wanted(names=frozenset(["packages.lock.json"])),
    catalogue=catalogue_lock,
)
ROWS = (CATALOGUER, PROGRAM, LOCK)
