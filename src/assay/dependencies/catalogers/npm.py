"""npm: packages in `node_modules` (also pnpm's store and Debian's `nodejs` folders).

npm documentation, "package.json" and "folders": a package is a folder directly in `node_modules`, or in a scope
folder there, or an unpacked archive of the registry whose folder bears its name and version (`/opt/yarn-v1.22.22`, as
Node's own images have it). Other `package.json` files inside a package (module type markers, test fixtures, benchmarks)
describe no installed package: `npm ls` lists none of them, and neither do we. The name is the manifest's, not the
folder's (aliases: `npm:real@1`).
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.model.errors import MalformedError
from assay.model.inventory import Confidence, Licence
from assay.model.patterns import lazy

_DEBIAN = lazy(r"usr/(?:share|lib(?:/[a-z0-9_]+-linux-gnu[a-z0-9]*)?)/nodejs/")
_PLACE = lazy(r"(?:@[^/]+/[^/@][^/]*|[^/@.][^/]*)")
"""A package's folder inside `node_modules`."""
_STORE = lazy(r"(?:\.pnpm|\.store)/[^/]+")
_UNPACKED = lazy(r"[^/@.][^/]*?-v?[0-9]+\.[0-9]+\.[0-9]+[^/]*")
_NAME = lazy(r"(?:@[^/@\s%]+/)?[^/@\s%][^/@\s%]*")

_INSTALL_SCRIPT = "npm:install-script"
_PHASES = ("preinstall", "install", "postinstall")
_SCRIPT_CHARACTERS = 300


class _Manifest(msgspec.Struct):
    """The fields we read. Old packages put anything anywhere: what has the wrong shape counts as absent."""

    name: Any = None
    version: Any = None
    license: Any = None
    licenses: Any = None
    author: Any = None
    dependencies: Any = None
    optionalDependencies: Any = None  # noqa: N815 (the manifest's own spelling)
    peerDependencies: Any = None  # noqa: N815
    scripts: Any = None


_DECODER = msgspec.json.Decoder(_Manifest)


def catalogue(file: File) -> Fragment:
    """One `package.json`; nothing for one that describes no installed package, or has no name or no version.

    Raises:
        MalformedError: an installed package's manifest that is not a JSON object, or whose name is no npm name.
    """
    found = place(file.path)
    if found is None:
        return _unpacked(file)
    folder, confidence = found
    try:
        manifest = _DECODER.decode(file.data().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(
            "package.json is not a JSON object", where=file.path, why=str(error)[:200], remedy="reinstall the package"
        ) from error
    name, version = manifest.name, manifest.version
    if not (isinstance(name, str) and name and isinstance(version, str) and version):
        return Fragment()
    if len(name) > 214 or not _NAME.fullmatch(name):
        raise MalformedError(
            "package.json bears a name npm does not allow", where=file.path, why=repr(name[:100]), remedy="remove it"
        )
    return Fragment(packages=(_package(manifest, name, version.strip(), folder, confidence),))


def _unpacked(file: File) -> Fragment:
    """The package of a folder `NAME-VERSION` or `NAME-vVERSION` that lies in no other package."""
    folder = file.path.rpartition("/")[0]
    base = folder.rpartition("/")[2]
    if not _UNPACKED.fullmatch(base) or "/node_modules/" in f"/{folder}":
        return Fragment()
    try:
        manifest = _DECODER.decode(file.data().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fragment()  # a folder that only looks like one
    name, version = manifest.name, manifest.version
    if not (isinstance(name, str) and isinstance(version, str) and len(name) <= 214 and _NAME.fullmatch(name)):
        return Fragment()
    plain = name.rpartition("/")[2]
    if base not in (f"{plain}-{version}", f"{plain}-v{version}"):
        return Fragment()
    return Fragment(packages=(_package(manifest, name, version, name, "strong"),))


def _package(manifest: _Manifest, name: str, version: str, folder: str, confidence: Confidence) -> Package:
    scope, _, base = name.rpartition("/")
    alias = folder if folder != name and folder.rpartition("/")[2] != "package" else ""
    return Package(
        ecosystem="npm",
        name=name,
        version=version,
        namespace=scope,
        purl_name=base if scope else "",
        licence=_licence(manifest),
        maintainer=_person(manifest.author),
        depends=tuple(sorted(set(_requirements(manifest)))),
        scope="runtime",
        scoped=tuple(sorted(_scoped(manifest).items())),
        provides=(alias,) if alias else (),
        properties=tuple(
            (key, value) for key, value in (("npm:alias", alias), (_INSTALL_SCRIPT, _script(manifest))) if value
        ),
        confidence=confidence,
    )


def place(path: str) -> tuple[str, Confidence] | None:
    """The folder name (with scope) of the installed package a `package.json` describes, or None.

    `weak` for a `node_modules` that lies deeper inside another package: vendored on purpose, or a test fixture.
    """
    directory = "/" + path.rpartition("/")[0]
    if debian := _DEBIAN.match(path):
        directory = "/node_modules/" + directory[debian.end() + 1 :]
    _, *places = directory.split("/node_modules/")
    if not places:
        return None
    *outer, last = places
    store = _STORE.fullmatch(last.removesuffix("/package")) if last.endswith("/package") else None
    if not (_PLACE.fullmatch(last) or store):
        return None
    regular = all(_PLACE.fullmatch(part) or _STORE.fullmatch(part) for part in outer)
    return ("package" if store else last), "certain" if regular else "weak"


def _licence(manifest: _Manifest) -> Licence:
    """An expression; or, as old packages write, an object `{type, url}`, or a list of them, of which one may choose."""
    texts = sorted({text for value in (manifest.license, manifest.licenses) for text in _licence_texts(value)})
    if len(texts) > 1:
        either = licence([" OR ".join(f"({text})" if " " in text else text for text in texts)], "package.json")
        if either.expression:
            return either
    return licence(texts, "package.json")


def _licence_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        text = value.get("type") or value.get("name")
        if isinstance(text, str):
            yield text
    elif isinstance(value, list):
        for item in value[:20]:
            if not isinstance(item, list):
                yield from _licence_texts(item)


def _person(author: Any) -> str:
    """`Name <mail> (url)`, or an object of the three."""
    if isinstance(author, str):
        return author.strip()[:500]
    if isinstance(author, dict) and isinstance(name := author.get("name"), str):
        mail = author.get("email")
        return f"{name} <{mail}>"[:500] if isinstance(mail, str) and mail else name[:500]
    return ""


def _requirements(manifest: _Manifest) -> Iterator[str]:
    """Names of dependencies, optional and peer dependencies, as Node looks for them: an alias by its folder."""
    for group in (manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies):
        if isinstance(group, dict):
            yield from group


def _script(manifest: _Manifest) -> str:
    """What npm runs when it installs the package (npm documentation, "scripts", "npm install"), on one line."""
    scripts = manifest.scripts if isinstance(manifest.scripts, dict) else {}
    said = [f"{phase}: {text}" for phase in _PHASES if isinstance(text := scripts.get(phase), str) and text.strip()]
    return " ".join("; ".join(said)[:_SCRIPT_CHARACTERS].split())


def _scoped(manifest: _Manifest) -> dict[str, str]:
    """npm documentation, "package.json": an optional dependency overrides one of the same name."""
    peers = dict.fromkeys(manifest.peerDependencies if isinstance(manifest.peerDependencies, dict) else (), "peer")
    plain = manifest.dependencies if isinstance(manifest.dependencies, dict) else {}
    optional = manifest.optionalDependencies if isinstance(manifest.optionalDependencies, dict) else {}
    return {name: scope for name, scope in peers.items() if name not in plain} | dict.fromkeys(optional, "optional")


CATALOGUER = Cataloguer(
    name="npm",
    version=4,
    ecosystem="npm",
    wants=Wanted(names=frozenset(["package.json"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
