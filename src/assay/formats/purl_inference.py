"""A package URL for a component of a foreign SBOM that has none: from what else the document says, how surely.

Asked in this order; the first that answers counts. Name and version are the component's own: a clue that contradicts
them is no clue. Without one the component stays unidentified, and is counted as such.

| clue | confidence |
|---|---|
| an identifier or reference of the component that is a package URL | strong |
| the package type another scanner wrote beside it | strong |
| an address of its package in its registry | strong |
| the target software of its CPE name (NISTIR 7695, section 5.3.3) | weak |
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

import msgspec

from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.inventory import Confidence
from assay.model.purl import Purl

_SYFT = {
    "R-package": "cran",
    "apk": "apk",
    "conan": "conan",
    "conda": "conda",
    "dart-pub": "pub",
    "deb": "deb",
    "dotnet": "nuget",
    "gem": "gem",
    "github-action": "github",
    "go-module": "golang",
    "hackage": "hackage",
    "hex": "hex",
    "java-archive": "maven",
    "npm": "npm",
    "php-composer": "composer",
    "python": "pypi",
    "rpm": "rpm",
    "rust-crate": "cargo",
}
_TRIVY = {
    "bundler": "gem",
    "cargo": "cargo",
    "composer": "composer",
    "composer-vendor": "composer",
    "conan": "conan",
    "conda-pkg": "conda",
    "dotnet-core": "nuget",
    "gemspec": "gem",
    "gobinary": "golang",
    "gomod": "golang",
    "gradle": "maven",
    "hex": "hex",
    "jar": "maven",
    "node-pkg": "npm",
    "npm": "npm",
    "nuget": "nuget",
    "pip": "pypi",
    "pipenv": "pypi",
    "pnpm": "npm",
    "poetry": "pypi",
    "pom": "maven",
    "pub": "pub",
    "python-pkg": "pypi",
    "rustbinary": "cargo",
    "uv": "pypi",
    "yarn": "npm",
}
_SYSTEMS = {"alpine": "apk", "debian": "deb", "ubuntu": "deb"} | dict.fromkeys(
    ["alma", "amazon", "centos", "fedora", "oracle", "redhat", "rocky"], "rpm"
)
"""Trivy's families of distributions: here the type's namespace is known too."""
_TARGETS = {
    ".net": "nuget",
    "dart": "pub",
    "go": "golang",
    "node.js": "npm",
    "nodejs": "npm",
    "npm": "npm",
    "python": "pypi",
    "ruby": "gem",
    "rust": "cargo",
}
_PLACES = (
    ("crates.io/crates/", "cargo"),
    ("hex.pm/packages/", "hex"),
    ("npmjs.com/package/", "npm"),
    ("nuget.org/packages/", "nuget"),
    ("packagist.org/packages/", "composer"),
    ("pkg.go.dev/", "golang"),
    ("pub.dev/packages/", "pub"),
    ("pypi.org/project/", "pypi"),
    ("registry.npmjs.org/", "npm"),
    ("rubygems.org/gems/", "gem"),
)
"""Beginnings of addresses, without scheme and `www.`, behind which the package's name follows."""
_NUMBERING = frozenset({"package-id"})
"""Qualifiers by which tools make identifiers unique (syft): no part of the package's name."""
_NO_VERSION = frozenset({"", "UNKNOWN"})
_JOINTS = {"npm": "/", "golang": "/", "composer": "/", "github": "/", "maven": ":"}
_ADDRESS = re.compile(r"https?://(?:www\.)?([^?#]{1,2000})")
_CPE_PART = re.compile(r"(?:[^:\\]|\\.)*")
_CPE_PARTS, _TARGET = 13, 10


class Inferred(msgspec.Struct, frozen=True):
    """A package URL nobody wrote: how sure it is, and of what it was made."""

    purl: Purl
    confidence: Confidence
    clue: str


def infer(
    name: str,
    group: str,
    version: str,
    *,
    identifiers: Iterable[str],
    notes: Mapping[str, Sequence[str]],
    references: Iterable[str],
    cpe: str,
) -> Inferred | None:
    """The package URL that the document itself suggests, or None.

    Args:
        name, group, version: of the component; without a version nothing is inferred, as nothing could be matched.
        identifiers: its key in the document, and anything that may be a package URL.
        notes: properties of other scanners.
        references: addresses.
        cpe: CPE 2.3 name, or empty.
    """
    if not name or version in _NO_VERSION:
        return None
    return (
        _of_identifiers(name, version, [*identifiers, *references])
        or _of_notes(name, group, version, notes)
        or _of_references(name, group, version, references)
        or _of_cpe(name, group, version, cpe)
    )


def _of_identifiers(name: str, version: str, texts: Iterable[str]) -> Inferred | None:
    for text in texts:
        if not text.startswith("pkg:"):
            continue
        try:
            purl = purls.parse(purls.to_string(purls.parse(text)))
        except MalformedError:
            continue
        whole = f"{purl.namespace}{_JOINTS.get(purl.type, '/')}{purl.name}" if purl.namespace else purl.name
        if purl.version == version and name.casefold() in (purl.name.casefold(), whole.casefold()):
            if whole != name and whole.casefold() == name.casefold():  # Go's paths: some tools lower them here
                purl = _made(purl.type, name, "", version) or purl
            kept = tuple(pair for pair in purl.qualifiers if pair[0] not in _NUMBERING)
            purl = msgspec.structs.replace(purl, qualifiers=kept)
            return Inferred(purl, "strong", "an identifier of the component is a package URL")
    return None


def _of_notes(name: str, group: str, version: str, notes: Mapping[str, Sequence[str]]) -> Inferred | None:
    for said in notes.get("syft:package:type", ()):
        group = group or next(iter(notes.get("syft:metadata:pomProperties:groupId", ())), "")
        purl = _made(_SYFT.get(said, ""), name, group, version)
        if purl is not None:
            return Inferred(purl, "strong", f"syft:package:type is {said}")
    for said in notes.get("aquasecurity:trivy:PkgType", ()):
        kind, space = _TRIVY.get(said, ""), group
        if not kind and said in _SYSTEMS:
            kind, space = _SYSTEMS[said], said
        purl = _made(kind, name, space, version)
        if purl is not None:
            return Inferred(purl, "strong", f"aquasecurity:trivy:PkgType is {said}")
    return None


def _of_references(name: str, group: str, version: str, references: Iterable[str]) -> Inferred | None:
    for text in references:
        match = _ADDRESS.fullmatch(text.partition("?")[0].partition("#")[0])
        for start, kind in _PLACES if match else ():
            if match and match[1].casefold().startswith(start):
                rest = unquote(match[1][len(start) :]).strip("/")
                purl = _made(kind, name, group, version)
                if purl is not None and _names(rest, purl):
                    return Inferred(purl, "strong", "an address of the component lies in its registry")
    return None


def _names(path: str, purl: Purl) -> bool:
    """Whether a registry's path is about this package: its name, then perhaps a version or a file."""
    whole = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    return f"{path.casefold()}/".startswith((f"{whole.casefold()}/", f"{whole.casefold()}@"))


def _of_cpe(name: str, group: str, version: str, cpe: str) -> Inferred | None:
    if not cpe.startswith("cpe:2.3:a:") or len(cpe) > 1_000:
        return None
    parts = [part.replace("\\", "") for part in _CPE_PART.findall(cpe) if part]
    if len(parts) != _CPE_PARTS or parts[4].casefold() != name.casefold():
        return None
    kind = _TARGETS.get(parts[_TARGET].casefold(), "")
    purl = _made(kind, name, group, version)
    return Inferred(purl, "weak", f"the target software of its CPE name is {parts[_TARGET]}") if purl else None


def _made(kind: str, name: str, group: str, version: str) -> Purl | None:
    """The package URL of a type, a name as people write it, and a version; None where they do not go together."""
    if not kind:
        return None
    namespace, joint = group, _JOINTS.get(kind, "")
    if joint and joint in name:
        namespace, _, name = name.rpartition(joint)
    if kind == "golang" and name == "stdlib":
        version = version.removeprefix("go")
    if kind == "npm" and namespace and not namespace.startswith("@"):
        namespace = f"@{namespace}"
    try:
        return purls.parse(purls.to_string(Purl(kind, namespace, name, version)))
    except MalformedError:  # no such name can be, or it holds a lone surrogate
        return None
