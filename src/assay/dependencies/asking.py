"""Under which ecosystem, name and version a component is asked for, or why no advisory speaks of such a thing.

Distribution packages are judged by their distribution alone, by source package (rpm errata: by binary name). Language
packages are judged by their registry's advisories under the spelling of `names.canonical_name`.
"""

import re
from functools import lru_cache

import msgspec

from assay.dependencies.distributions import ecosystems_of, suite_of
from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.names import canonical_name
from assay.dependencies.ranges import MODULE, RPM
from assay.dependencies.versions import GENERIC, VERSION_CHARACTERS, Scheme, scheme_for
from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.inventory import Component, Distro, SourcePackage
from assay.model.purl import Purl

_LANGUAGES = {
    "bitnami": "Bitnami",
    "cargo": "crates.io",
    "composer": "Packagist",
    "conan": "ConanCenter",
    "cran": "CRAN",
    "gem": "RubyGems",
    "github": "GitHub Actions",
    "golang": "Go",
    "hackage": "Hackage",
    "hex": "Hex",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "pub": "Pub",
    "pypi": "PyPI",
    "swift": "SwiftURL",
}
"""purl type to OSV ecosystem."""

_SHOWN_CHARACTERS = 40
_HEADERS = re.compile(
    r"linux-(?:libc-dev|headers-.*|doc(?:-.*)?|source(?:-.*)?|kbuild-.*|compiler-.*|config-.*|support-.*)"
    r"|kernel-(?:.*-)?(?:headers|devel|doc)|kernel-abi-stablelists"
)
_KERNEL_TOOLS = frozenset({"bpftool", "perf", "python3-perf", "kernel-tools", "kernel-tools-libs", "rtla", "rv"})
_NO_KERNEL = "holds headers or documents and no kernel code: a kernel that is installed is judged by its own package"
_KERNEL_TOOL = "is a tool built from the kernel's source: whether a flaw of the kernel lies in it is not recorded"
_ACTION_RELEASE = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[.+-].*)?")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GO_RELEASE = re.compile(r"(?:go)?([0-9]+\.[0-9]+)(?:\.([0-9]+))?(?:(rc|beta)([0-9]+))?(?:[ -].*)?")
_GO_UNTAGGED = re.compile(r"v?0\.0\.0-[0-9]{14}-[0-9a-f]{12}(?:\+.*)?")


class Asked(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One question to the advisories; a key of many tables, so its hash is computed once."""

    ecosystems: tuple[str, ...]
    name: str
    version: str
    doubt: str = ""
    """Why a version inside a range proves nothing here: the finding is then undetermined."""
    exempt: str = ""
    """Why nothing said of this name concerns the component: the finding is then not affected."""
    tracked: bool = True
    """False for a package of a suite whose fixes no feed follows: no hit proves nothing either."""
    also: tuple[str, ...] = ()
    """Further names: of the module stream's package, of the source package (`formats.feeds.csafvex`)."""
    modular: bool = False
    """Of a module stream: what is said of the plain name need not concern it."""
    instead: "Asked | None" = None
    """What to ask where no feed covers this."""
    owner: str = ""
    """The distribution package that owns it and that cannot be judged itself, with the reason; or empty."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it is asked for under."""
        return (self.name, *self.also)

    @property
    def spared_names(self) -> tuple[str, ...]:
        """Names whose "not affected" concerns it; none outside of distributions."""
        if ":" not in self.ecosystems[0]:
            return ()
        return self.also if self.modular else self.names

    @property
    def scheme(self) -> Scheme:
        """The order of its versions."""
        return scheme_for(self.ecosystems[0]) or GENERIC

    @property
    def key(self) -> bytes | None:
        """The version's key; none for an rpm of a module stream, whose erratum must be seen whole (`ranges.judge`)."""
        scheme = self.scheme
        return None if scheme is RPM and MODULE in self.version else scheme.key(self.version)


def ask(component: Component, distro: Distro | None) -> Asked | str:
    """The question for one component, or the reason why there is none; a version too long for any order is cut."""
    if too_long(component):
        component = msgspec.structs.replace(component, version=_cut(component.version), source=_cut_source(component))
    if component.ecosystem in DISTRIBUTED:
        return _ask_distribution(component, distro)
    ecosystem = _LANGUAGES.get(component.ecosystem)
    if ecosystem is None:
        kind = component.ecosystem
        return f"no advisory ecosystem for packages of type {kind}" if kind else "unidentified: it has no package URL"
    name = _language_name(component)
    if ecosystem == "Go":  # as written: the database folds the case, and one made before it did still answers
        version, doubt = _go(component)
        return Asked(ecosystems=(ecosystem,), name=name, version=version, doubt=doubt)
    name = canonical_name(ecosystem, name)
    if component.ecosystem == "github":
        version, doubt = _action(component)
        return Asked(ecosystems=(ecosystem,), name=name, version=version, doubt=doubt)
    return Asked(ecosystems=(ecosystem,), name=name, version=component.version)


def ask_owned(component: Component, owner: Component, why: str) -> Asked | None:
    """The question for a language package whose owner cannot be judged; None where its registry has no advisories.

    The distribution may have patched what it ships under the same version, so a version inside a range proves nothing.

    Args:
        component: no distribution package itself.
        owner: the distribution package that owns its files.
        why: the owner cannot be judged, as in "curl 1.0, which no feed covers".
    """
    question = ask(component, None)
    if isinstance(question, str):
        return None
    named = f"{owner.ecosystem} {owner.name} {_cut(owner.version)}".rstrip() + f", {why}"
    doubt = f"is owned by {named}; the distribution may have patched it"
    if question.doubt:
        doubt = f"{question.doubt}, and {doubt}"
    return msgspec.structs.replace(question, doubt=doubt, owner=named)


def too_long(component: Component) -> bool:
    """Whether its version, or its source package's, is longer than any that can be compared."""
    source = component.source
    return len(component.version) > VERSION_CHARACTERS or (
        source is not None and len(source.version) > VERSION_CHARACTERS
    )


def _cut(version: str) -> str:
    """No version of any order: whoever compares it is told so."""
    if len(version) <= VERSION_CHARACTERS:
        return version
    return f"{version[:_SHOWN_CHARACTERS]}… ({len(version)} characters)"


def _cut_source(component: Component) -> SourcePackage | None:
    source = component.source
    return source and SourcePackage(source.name, _cut(source.version))


def _action(component: Component) -> tuple[str, str]:
    """The release a workflow's reference stands for, and the doubt: a commit names none, a short tag moves on."""
    version = component.version
    if _ACTION_RELEASE.fullmatch(version):
        return version, ""
    if not _COMMIT.fullmatch(version):
        return version, "is named by a tag or branch that moves from release to release"
    noted = dict(component.properties).get("github:commit-comment", "")
    return noted or version, "is pinned to a commit; which release that is stands at most in a comment"


def _ask_distribution(component: Component, distro: Distro | None) -> Asked | str:
    place = distro or _distro_of(component.purl)
    if place is None:
        return "the distribution is not known"
    found = ecosystems_of(place, component.ecosystem)
    if isinstance(found, str):
        return found
    name, version = component.name, component.version
    if component.ecosystem != "rpm" and component.source is not None:
        name, version = component.source.name, component.source.version or version
    exempt = _NO_KERNEL if _HEADERS.fullmatch(component.name) and _of_kernel(component) else ""
    doubt = _KERNEL_TOOL if not exempt and _kernel_tool(component) else ""
    stream = _stream(component)
    own = Asked(
        ecosystems=found, name=name, version=version, doubt=doubt, exempt=exempt, modular=bool(stream),
        also=_further_names(component, stream) if found[0].startswith(_BY_CSAF) else (),
    )  # fmt: skip
    if component.ecosystem != "deb" or exempt:
        return own
    suite = suite_of(version, place)
    if suite is None:
        return own
    doubt_of_suite = f"comes from {suite.name}, which the advisories of {found[0]} do not track"
    own = msgspec.structs.replace(own, doubt=doubt_of_suite, tracked=False)
    if not suite.ecosystem:
        return own
    return Asked(ecosystems=(suite.ecosystem,), name=name, version=version, doubt=doubt, instead=own)


_BY_CSAF = ("Red Hat", "SUSE", "openSUSE")
"""Distributions that tell what is not fixed by source package and by module stream."""


def _stream(component: Component) -> str:
    """`postgresql:12` of the label `postgresql:12:8100020240814102525:489197e6`, or empty."""
    label = dict(component.properties).get("rpm:modularitylabel", "") if component.ecosystem == "rpm" else ""
    return ":".join(label.split(":")[:2]) if label.count(":") else ""


def _further_names(component: Component, stream: str) -> tuple[str, ...]:
    source = component.source.name if component.source is not None else ""
    names = [f"{stream}::{component.name}"] if stream else []
    if source:
        names.append(f"{stream}::{source}.src" if stream else f"{source}.src")
    return tuple(names)


def _of_kernel(component: Component) -> bool:
    source = component.source.name if component.source else "linux"
    return component.ecosystem == "rpm" or source == "linux" or source.startswith("linux-")


def _kernel_tool(component: Component) -> bool:
    if component.ecosystem == "deb":
        return bool(component.source and component.source.name == "linux" and not component.name.startswith("linux-i"))
    return component.ecosystem == "rpm" and component.name in _KERNEL_TOOLS


def _language_name(component: Component) -> str:
    """As the registry writes it; where a foreign document gives only the last part, the purl knows the rest."""
    name, kind = component.name, component.ecosystem
    joined = _JOINED.get(kind)
    if (
        joined is None
        or joined in name
        or (kind == "npm" and "%40" not in component.purl and "/@" not in component.purl)
    ):
        return name
    parsed = _parsed(component.purl)
    return f"{parsed.namespace}{joined}{parsed.name}" if parsed is not None and parsed.namespace else name


def _scoped(purl: str) -> bool:
    return "%40" in purl or "/@" in purl


_JOINED = {"maven": ":", "npm": "/", "golang": "/", "composer": "/", "swift": "/"}


def _go(component: Component) -> tuple[str, str]:
    """Version and doubt: a toolchain's `1.22rc1` is `1.22.0-rc.1`; a main module without a tag has no usable one."""
    version = component.version
    if component.name in ("stdlib", "toolchain"):
        match = _GO_RELEASE.fullmatch(version)
        if match:
            release, patch, phase, number = match.groups()
            version = f"{release}.{patch or 0}" + (f"-{phase}.{number}" if phase else "")
        return version, ""
    if ("go:main", "true") in component.properties and _GO_UNTAGGED.fullmatch(version):
        return version, "is a main module built from an untagged commit: its release is not known"
    return version, ""


def _distro_of(purl: str) -> Distro | None:
    """The distribution a package URL itself names: its namespace, and the qualifier `distro=debian-12`."""
    parsed = _parsed(purl)
    if parsed is None or not parsed.namespace:
        return None
    return _named_distro(parsed.namespace, dict(parsed.qualifiers).get("distro", ""))


@lru_cache(maxsize=256)
def _named_distro(namespace: str, qualifier: str) -> Distro:
    identifier, dash, version = qualifier.rpartition("-")
    if not dash:
        identifier, version = namespace, qualifier
    return Distro(id=identifier or namespace, version_id=version, codename=version if version.isalpha() else "")


def _parsed(text: str) -> Purl | None:
    try:
        return purls.parse(text)
    except MalformedError:
        return None
