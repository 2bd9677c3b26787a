"""CSAF VEX and advisories of rpm distributions (Red Hat, SUSE) to records about packages of releases.

One record for each vulnerability of a document. Ecosystems are spelt as OSV spells them: `Red Hat:` and the release's
CPE from the product on, `SUSE:` and `openSUSE:` and the release's name. A package of a module stream is called
`stream::package` (`postgresql:12::postgresql-libs`), what is said of a source package `package.src`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from assay.formats import csaf_tree, purl
from assay.formats.csaf_tree import Product, ProductTree
from assay.formats.cvss import score as cvss_score
from assay.formats.feeds import csaf_suse
from assay.formats.feeds.told import CVE, ID, NAME_CHARACTERS, Told, Unaffected, line, refused
from assay.model.advisory import Advisory, Affected, Score, VersionRange
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

SOURCE = ".src"
"""Ends the name of what a source package is called; its binary packages have other names."""
MODULAR = "::"
"""Between a module stream and a package of it."""

_FIXED = frozenset({"fixed", "first_fixed", "recommended"})
_AFFECTED = frozenset({"known_affected", "first_affected", "last_affected"})
_STATUSES = dict.fromkeys(_FIXED, "fixed") | dict.fromkeys(_AFFECTED, "affected") | {
    "known_not_affected": "not-affected", "under_investigation": "under-investigation",
}  # fmt: skip
_DETAILS = (
    ("out of support", "end-of-life"), ("will not fix", "will-not-fix"), ("deferred", "postponed"),
    ("under investigation", "under-investigation"),
)  # fmt: skip
_REMEDIES = {"no_fix_planned": "will-not-fix", "none_available": "open", "fix_planned": "fix-planned"}
_FINAL = ("open", "fix-planned", "under-investigation", "postponed", "will-not-fix", "end-of-life")
_STRENGTH = {word: rank for rank, word in enumerate(_FINAL)}
_WORDS = {
    "critical": "critical", "important": "high", "high": "high", "moderate": "medium", "medium": "medium", "low": "low",
}  # fmt: skip
_RANKS = {word: rank for rank, word in enumerate(("", "low", "medium", "high", "critical"))}
_ARCHITECTURES = frozenset(
    {
        "noarch", "src", "nosrc", "x86_64", "i386", "i486", "i586", "i686", "aarch64", "armv6hl", "armv7hl", "ppc",
        "ppc64", "ppc64le", "s390", "s390x", "ia64", "riscv64",
    }
)  # fmt: skip
_MODULE = re.compile(r"([A-Za-z0-9_.+-]{1,100}:[A-Za-z0-9_.+-]{1,100})(?::[0-9]{1,30}(?::[0-9A-Za-z_.]{1,40})?)?")
_SUFFIX = re.compile(r"::([A-Za-z0-9_.+-]{1,100}:[A-Za-z0-9_.+-]{1,100})$")


class _Remedy(msgspec.Struct):
    category: str
    details: str = ""
    product_ids: list[str] = []
    group_ids: list[str] = []


class _Scored(msgspec.Struct, frozen=True):
    cvss_v2: dict[str, Any] | None = None
    cvss_v3: dict[str, Any] | None = None
    cvss_v4: dict[str, Any] | None = None


class _Metric(msgspec.Struct):
    """CSAF 2.1, §3.2.4.10."""

    content: _Scored = _Scored()


class _Threat(msgspec.Struct):
    category: str
    details: str = ""


class _Vulnerability(msgspec.Struct):
    cve: str = ""
    title: str = ""
    release_date: str = ""
    product_status: dict[str, list[str]] = {}
    remediations: list[_Remedy] = []
    scores: list[_Scored] = []
    metrics: list[_Metric] = []
    threats: list[_Threat] = []


class _Tracking(msgspec.Struct):
    id: str
    current_release_date: str = ""
    initial_release_date: str = ""


class _Severity(msgspec.Struct):
    text: str = ""


class _Head(msgspec.Struct):
    tracking: _Tracking
    title: str = ""
    aggregate_severity: _Severity | None = None


class _Document(msgspec.Struct):
    document: _Head
    vulnerabilities: list[_Vulnerability] = []


class Package(msgspec.Struct, frozen=True):
    """One package of one release, as the tree names it; `version` is `[epoch:]version-release` or empty."""

    ecosystem: str
    name: str
    version: str = ""
    source: str = ""
    """Name, version and release of the source package it was built from, where that is told."""


_decode = msgspec.json.Decoder(_Document).decode


def parse(data: bytes, *, feed: str, where: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Told]:
    """Read one document.

    Raises:
        MalformedError: not CSAF, a product tree that loops or is too large, an id that is none. Products that no
            package of a known release stands behind (container images, other vendors') are left out.
    """
    if len(data) > limits.advisory_bytes:
        raise refused("not a CSAF document", where, f"more than {limits.advisory_bytes} bytes")
    try:
        found = _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refused("not a CSAF document", where, str(error)) from error
    tree = csaf_tree.products(data, where=where, limits=limits)
    head = found.document
    known: dict[str, Package | None] = {}
    for item in found.vulnerabilities:
        if item.cve and not CVE.fullmatch(item.cve):
            raise refused("not a CVE id", where, repr(item.cve[:50]))
        if item.cve:
            yield _told(item, head, tree, known, feed)


def identify(data: bytes) -> str:
    """The document's id where one can be read, else empty."""
    try:
        name = msgspec.json.decode(data, type=_Named).document.tracking.id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    return name if ID.fullmatch(name) else ""


class _NamedTracking(msgspec.Struct):
    id: str


class _NamedHead(msgspec.Struct):
    tracking: _NamedTracking


class _Named(msgspec.Struct):
    document: _NamedHead


class _Said:
    """What one vulnerability's statuses say, by package."""

    def __init__(self) -> None:
        self.fixed: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.unfixed: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.spared: set[tuple[str, str]] = set()
        self.builds: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def take(self, kind: str, package: Package, state: str) -> None:
        """A fix without a version fixes nothing; one version that is not affected says nothing of the others."""
        place = (package.ecosystem, package.name)
        if kind == "fixed":
            if package.version:
                self.fixed[place].add(package.version)
                if package.source:
                    self.builds[place][package.version] = package.source
        elif kind == "not-affected":
            if not package.version:
                self.spared.add(place)
        else:
            self.unfixed[(*place, state if kind == "affected" else kind)].add(package.version)

    def affected(self) -> list[Affected]:
        csaf_suse.settle(self.fixed, self.unfixed, self.builds)
        return [*_fixed(self.fixed), *_unfixed(self.unfixed)]


def _told(item: _Vulnerability, head: _Head, tree: ProductTree, known: dict[str, Package | None], feed: str) -> Told:
    said, states = _Said(), _states(item.remediations, tree)
    for status, identifiers in item.product_status.items():
        kind = _STATUSES.get(status)
        for identifier in identifiers if kind else ():
            package = _package(identifier, tree, known, versioned=kind == "fixed")
            if package is not None and kind:
                said.take(kind, package, states.get(identifier, "open"))
    affected = said.affected()
    tracking = head.tracking
    advisory = Advisory(
        id=f"{_publisher(affected)}-{item.cve}", feed=feed, upstream=(item.cve,),
        summary=line(item.title or head.title), published=_time(item.release_date or tracking.initial_release_date),
        modified=_time(tracking.current_release_date), affected=tuple(affected), scores=_scores(item, feed),
        severity=_severity(item, head),
    )  # fmt: skip
    rest = sorted(said.spared - {(one.ecosystem, one.name) for one in affected})
    return Told(
        advisory=advisory if affected else None,
        unaffected=tuple(Unaffected(ecosystem, name, item.cve) for ecosystem, name in rest),
    )


def _fixed(found: dict[tuple[str, str], set[str]]) -> Iterator[Affected]:
    for (ecosystem, name), versions in sorted(found.items()):
        ranges = tuple(VersionRange(fixed=version) for version in sorted(versions))
        yield Affected(ecosystem=ecosystem, name=name, ranges=ranges, state="fixed")


def _unfixed(found: dict[tuple[str, str, str], set[str]]) -> Iterator[Affected]:
    """Without a version all are affected, else those that are named."""
    for (ecosystem, name, state), versions in sorted(found.items()):
        if "" in versions:
            yield Affected(ecosystem=ecosystem, name=name, ranges=(VersionRange(),), state=state)
        else:
            yield Affected(ecosystem=ecosystem, name=name, versions=tuple(sorted(versions)), state=state)


def _publisher(affected: list[Affected]) -> str:
    return "REDHAT" if any(one.ecosystem.startswith("Red Hat:") for one in affected) else "SUSE"


def _states(remedies: list[_Remedy], tree: ProductTree) -> dict[str, str]:
    """Product id to the publisher's word on a fix; of several the most final."""
    found: dict[str, str] = {}
    for remedy in remedies:
        text = remedy.details[:200].lower()
        state = next((word for clue, word in _DETAILS if clue in text), _REMEDIES.get(remedy.category, ""))
        if not state or remedy.category not in _REMEDIES:
            continue
        for identifier in tree.members(tuple(remedy.product_ids), tuple(remedy.group_ids)):
            if _STRENGTH[state] >= _STRENGTH[found.get(identifier, "open")]:
                found[identifier] = state
    return found


def _package(
    identifier: str, tree: ProductTree, known: dict[str, Package | None], *, versioned: bool
) -> Package | None:
    """What a product id stands for; None where it is no package of a release we can name."""
    if identifier in known:
        return known[identifier]
    parts = tree.parts(identifier)
    component, platform = parts[0], parts[-1]
    ecosystem = ecosystem_of(platform) if len(parts) > 1 else ""
    found = _named(component, ecosystem, versioned=versioned) if ecosystem else None
    if found is not None:
        stream = _stream(component, parts[1:-1])
        if stream:
            found = Package(found.ecosystem, f"{stream}{MODULAR}{found.name}", found.version)
        if len(found.name) > NAME_CHARACTERS:
            found = None
    known[identifier] = found
    return found


def ecosystem_of(platform: Product) -> str:
    """The OSV ecosystem of a release, or empty.

    >>> ecosystem_of(Product(id="a", name="", cpe="cpe:/a:redhat:enterprise_linux:9::appstream"))
    'Red Hat:enterprise_linux:9::appstream'
    """
    cpe, name = platform.cpe, platform.name or platform.id
    if cpe.startswith("cpe:2.3:"):
        fields = cpe.split(":")[2:9]
        cpe = "cpe:/" + ":".join("" if field in "*-" else field for field in fields)
    fields = cpe.removeprefix("cpe:/").split(":")
    if len(fields) > 2 and fields[1] == "redhat":
        return "Red Hat:" + ":".join(fields[2:]).rstrip(":")
    for vendor in ("SUSE ", "openSUSE "):
        if name.startswith(vendor):
            return f"{vendor.strip()}:{name.removeprefix(vendor)[:100]}"
    return ""


def _named(component: Product, ecosystem: str, *, versioned: bool) -> Package | None:
    """Name and version by the package URL, which knows where the name ends; the text beside it knows the epoch."""
    text = _SUFFIX.sub("", component.branch("product_version") or component.name or component.id)
    url = next((value for value in component.purls if value.startswith("pkg:")), "")
    if not url:
        if "/" in text:
            return None  # a container image
        name, version, architecture = nevra(text)
        if not versioned and not architecture:
            name, version = text, ""
        return Package(ecosystem, name + (SOURCE if architecture == "src" and not version else ""), version)
    try:
        parsed = purl.parse(url)
    except MalformedError:
        return None
    if parsed.type != "rpm":
        return None
    suse = csaf_suse.is_suse(ecosystem)
    if suse and not versioned and csaf_suse.is_mangled(parsed):
        return Package(ecosystem, text)
    qualifiers = dict(parsed.qualifiers)
    source = qualifiers.get("arch") == "src"
    if not parsed.version:
        return Package(ecosystem, parsed.name + (SOURCE if source else ""))
    if source:
        return None  # its binary packages are listed beside it
    epoch = qualifiers.get("epoch", "") or _epoch(text, parsed.name)
    version = f"{epoch}:{parsed.version}" if epoch not in ("", "0") else parsed.version
    return Package(ecosystem, parsed.name, version, csaf_suse.source_of(parsed) if suse else "")


def _epoch(text: str, name: str) -> str:
    """`2` of `name-2:1.0-1.x86_64`."""
    head, colon, _ = text.removeprefix(name + "-").partition(":")
    return head if colon and head.isascii() and head.isdigit() else ""


def nevra(text: str) -> tuple[str, str, str]:
    """Name, `[epoch:]version-release` and architecture; the latter two empty where the text ends with the name.

    >>> nevra("curl-0:7.76.1-29.el9_4.x86_64")
    ('curl', '7.76.1-29.el9_4', 'x86_64')
    """
    head, _, last = text.removesuffix(".rpm").rpartition(".")
    architecture = last if last in _ARCHITECTURES else ""
    parts = (head if architecture else text).rsplit("-", 2)
    if len(parts) != 3 or not parts[1][:1].isdigit() or not parts[2][:1].isdigit() or not parts[0]:
        return head if architecture else text, "", architecture
    return parts[0], f"{parts[1].removeprefix('0:')}-{parts[2]}", architecture


def _stream(component: Product, between: tuple[Product, ...]) -> str:
    """`name:stream` of the module a package belongs to, or empty."""
    for part in between:
        for text in (part.branch("product_version"), part.name, part.id):
            match = _MODULE.fullmatch(text)
            if match:
                return match[1]
    for value in component.purls:
        _, marked, rest = value.partition("rpmmod=")
        match = _MODULE.match(rest.partition("&")[0].replace("%3A", ":")) if marked else None
        if match:
            return match[1]
    for text in (component.id, component.name):
        match = _SUFFIX.search(text)
        if match:
            return match[1]
        head, slash, _ = text.partition("/")
        match = _MODULE.fullmatch(head) if slash else None
        if match:
            return match[1]
    return ""


def _scores(item: _Vulnerability, feed: str) -> tuple[Score, ...]:
    found = set()
    for scored in (*item.scores, *(metric.content for metric in item.metrics)):
        for value in (scored.cvss_v2, scored.cvss_v3, scored.cvss_v4):
            vector = value.get("vectorString") if value else None
            if not isinstance(vector, str) or not vector:
                continue
            try:
                found.add(cvss_score(vector, source=feed))
            except MalformedError:
                version = str((value or {}).get("version", ""))[:4]
                found.add(Score(version, 0.0, "unknown", vector[:400], feed))
    return tuple(sorted(found))


def _severity(item: _Vulnerability, head: _Head) -> str:
    own = [threat.details for threat in item.threats if threat.category == "impact"]
    aggregate = head.aggregate_severity.text if head.aggregate_severity else ""
    words = [_WORDS.get(text.strip().lower(), "") for text in own or [aggregate]]
    return max(words, key=_RANKS.__getitem__, default="")


def _time(text: str) -> str:
    """RFC 3339 as OSV keeps it, to the second; a time zone other than UTC is kept as the day alone."""
    if text.endswith(("Z", "+00:00")) and len(text) >= 20:
        return text[:19] + "Z"
    return f"{text[:10]}T00:00:00Z" if len(text) >= 10 else ""
