"""Why two tools differ about a finding: a table of kinds, each with a test on evidence and a judgement.

The kinds are tried from the top; the first whose test holds speaks. What none explains stays "unexplained".
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from assay.dependencies.names import canonical_name
from assay.dependencies.versions import GENERIC, Scheme, scheme_for
from differences import OURS, THEIRS
from findings import Findings, Match
from kinds import TASTE, UNEXPLAINED, WE, Kind
from peerdbs import Row

VERDICT = "other verdict"
"""Both name it; we do not call it affected."""
_ECOSYSTEMS = {"pypi": "PyPI", "npm": "npm", "golang": "Go", "maven": "Maven", "gem": "RubyGems",
               "composer": "Packagist", "cargo": "crates.io", "deb": "Debian", "apk": "Alpine"}  # fmt: skip
Entry = dict[str, Any]
"""One `affected` of a record."""


class Records:
    """`affected` entries by record id."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for _, record in rows:
            self._entries[record["id"]] += record.get("affected", ())

    def of(self, ids: Iterable[str], match: Match) -> list[Entry]:
        """The entries of these records that speak of the package, whatever the spelling of its name."""
        wanted = _ECOSYSTEMS.get(match.package.ecosystem, "")
        name = match.package.name.replace("/", ":", 1) if wanted == "Maven" else match.package.name
        return [
            entry
            for identifier in sorted(ids)
            for entry in self._entries.get(identifier, ())
            if (package := entry.get("package"))
            and package["ecosystem"].partition(":")[0] == wanted
            and canonical_name(wanted, package["name"]).lower() == canonical_name(wanted, name).lower()
        ]


@dataclass(frozen=True)
class Case:
    """One difference with what is known about it."""

    side: str
    match: Match
    ours: Findings
    theirs: Findings
    entries: list[Entry]

    @property
    def scheme(self) -> Scheme:
        """The order of the package's versions."""
        return scheme_for(_ECOSYSTEMS.get(self.match.package.ecosystem, "")) or GENERIC

    @property
    def status(self) -> str:
        """Our own verdict ("" where we have none)."""
        return self.ours.found[self.match].status if self.match in self.ours.found else ""

    def is_version(self, text: str) -> bool:
        """Whether it is a version in the order of the ecosystem."""
        return self.scheme.compare(text, text) is not None


def _spelling(case: Case) -> bool:
    name = case.match.package.name.replace("/", ":", 1) if case.match.package.ecosystem == "maven" else (
        case.match.package.name
    )  # fmt: skip
    names = {name, case.ours.spelling.get(case.match.package, name)}
    return any(entry["package"]["name"] not in names or len(names) > 1 for entry in case.entries)


def _git_first(case: Case) -> bool:
    return case.theirs.label.startswith("osv-scanner") and any(
        one["type"] == "GIT" for entry in case.entries for one in entry.get("ranges", ())
    )


def _symbols(case: Case) -> bool:
    return case.match.package.ecosystem == "golang" and any(
        entry.get("ecosystem_specific", {}).get("imports") for entry in case.entries
    )


def _no_versions(case: Case) -> bool:
    return any(not entry.get("ranges") and not entry.get("versions") for entry in case.entries)


def _bad_bound(case: Case) -> bool:
    bounds = [
        version
        for entry in case.entries
        for one in entry.get("ranges", ())
        if one["type"] != "GIT"
        for event in one["events"]
        for version in event.values()
        if version != "0"
    ]
    return any(not case.is_version(bound) for bound in bounds)


def _fixed_before_introduced(case: Case) -> bool:
    for entry in case.entries:
        for one in entry.get("ranges", ()):
            events = {what: version for event in one["events"] for what, version in event.items()}
            if one["type"] != "GIT" and len(one["events"]) == 2 and {"introduced", "fixed"} <= events.keys():
                order = case.scheme.compare(events["fixed"], events["introduced"])
                if order is not None and order < 0:
                    return True
    return False


def _suffix(case: Case) -> bool:
    return case.match.package.ecosystem == "composer" and any("-p" in said for said in _our_ranges(case))


def _silent_owner(case: Case) -> bool:
    return case.match.package in case.ours.silent and case.status in ("", "undetermined")


def _our_ranges(case: Case) -> set[str]:
    return case.ours.found[case.match].ranges if case.match in case.ours.found else set()


def _kernel(case: Case) -> bool:
    return case.match.package.ecosystem == "deb" and case.match.package.name.startswith("linux")


def _unlisted_there(case: Case) -> bool:
    return case.match.package not in case.theirs.packages


def _other_case(case: Case) -> bool:
    """The record's name and the installed one differ in case, whichever of them a peer writes in lower case."""
    package = case.match.package
    names = {package.name, *(entry["package"]["name"] for entry in case.entries)} | {
        one.name for one in case.ours.packages if one.ecosystem == "npm" and one.name.lower() == package.name.lower()
    }
    return package.ecosystem == "npm" and len(names) > 1


_SEMVER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+].*)?")


def _no_semver(case: Case) -> bool:
    return case.match.package.ecosystem == "npm" and not _SEMVER.fullmatch(case.match.package.version)


def _devel(case: Case) -> bool:
    version = case.match.package.version
    return case.match.package.ecosystem == "golang" and (not version or version.startswith("("))


Rule = tuple[str, tuple[str, ...], Callable[[Case], bool]]
RULES: tuple[Rule, ...] = (
    ("never affected, says the distribution", (OURS, VERDICT), lambda c: "never was" in c.ours.found[c.match].why),
    ("removed by a later layer", (OURS, VERDICT), lambda c: c.match.package in c.ours.removed),
    ("package that the peer does not list", (OURS,), _unlisted_there),
    ("owned by a package that no feed speaks for", (OURS, THEIRS, VERDICT), _silent_owner),
    ("owned by a distribution package", (THEIRS,), lambda c: bool(c.ours.packages.get(c.match.package))),
    ("main module without a version", (THEIRS,), _devel),
    ("npm name in another case", (OURS, THEIRS), _other_case),
    ("kernel flaw in something built from its source", (OURS, VERDICT), _kernel),
    ("a rebuilt fix", (VERDICT,), lambda c: "~deb" in c.match.package.version or "~bpo" in c.match.package.version),
    ("record without versions", (OURS, VERDICT), _no_versions),
    ("version that is none", (OURS, VERDICT), lambda c: not c.is_version(c.match.package.version)),
    ("fixed before it was introduced", (OURS, VERDICT), _fixed_before_introduced),
    ("bound that is no version", (OURS, VERDICT), _bad_bound),
    ("record in another spelling of the name", (OURS,), _spelling),
    ("npm version without three numbers", (OURS,), _no_semver),
    ("Git range before the others", (OURS,), _git_first),
    ("Composer's patch releases", (OURS,), _suffix),
    ("Go symbols", (OURS, VERDICT), _symbols),
)

KINDS: dict[str, Kind] = {
    "never affected, says the distribution": Kind(
        WE,
        "Alpine lists the flaw under version 0: its package never had it. We say so, as not affected; the peers' "
        "databases have no such entry.",
    ),
    "package that the peer does not list": Kind(
        WE, "The peer does not find the package in the image; the other comparison says why, package by package."
    ),
    "owned by a distribution package": Kind(
        WE,
        "The library's files belong to a distribution package, whose maintainers fix it under its own version: it is "
        "judged by the distribution's advisories, once.",
    ),
    "main module without a version": Kind(
        WE, "`(devel)` says nothing: we take the version from the linker's flags, or leave it undetermined."
    ),
    "npm name in another case": Kind(
        WE,
        "npm has old packages whose names differ in case alone: they are different packages. Trivy lowers all.",
    ),
    "kernel flaw in something built from its source": Kind(
        WE,
        "A package built from the kernel's source that is no kernel image: whether the flaw lies in it is not "
        "recorded, so it is undetermined and said to be.",
    ),
    "a rebuilt fix": Kind(
        WE,
        "`X~deb12u1` is X rebuilt for the release: it sorts below X and has all that X has, the fix too. The peers "
        "compare numbers alone.",
    ),
    "owned by a package that no feed speaks for": Kind(
        WE,
        "The library's files belong to a distribution package that none of the feeds covers: by the registry's "
        "advisories it is undetermined, naming the owner, for the distribution may have patched it. The peer takes the "
        "registry's advisories, which know nothing of backports, for the last word, or is silent.",
    ),
    "removed by a later layer": Kind(
        WE,
        "No copy of the package is in the finished image: listed, as not affected. A peer that still names it read a "
        "lock file that was left behind; one that does not is silent about the layer that ships it.",
    ),
    "record without versions": Kind(
        WE, "The record names the package and no version: nobody can tell, and that is what we say."
    ),
    "version that is none": Kind(
        WE,
        "The installed version is none in its ecosystem's order: undetermined, unless the record lists this very "
        "text. The peers guess, or are silent.",
    ),
    "bound that is no version": Kind(
        WE,
        "The record's bound is no version in the order of its ecosystem: undetermined, where a peer guesses.",
    ),
    "fixed before it was introduced": Kind(
        WE,
        "The record's fix sorts before its introduction: it contradicts itself, so it is undetermined, with that "
        "reason. The peers are silent, or take one of the two bounds at its word.",
    ),
    "record in another spelling of the name": Kind(
        WE, "By the index's own rule (PEP 503) both spellings are one package; the peer looks for the text as it is."
    ),
    "npm version without three numbers": Kind(
        TASTE,
        "SemVer has three numbers; the records have `1.0` and `1.6.0.2` too. We compare what is there; the "
        "peer refuses such a version and says nothing.",
    ),
    "Git range before the others": Kind(
        WE, "The peer leaves a record at its first Git range and never looks at the version ranges behind it."
    ),
    "Composer's patch releases": Kind(
        WE, "In Composer `2.4.6-p6` comes after `2.4.6`; the peer reads it as SemVer's pre-release, which comes before."
    ),
    "Go symbols": Kind(
        WE,
        "The record names the vulnerable functions, and the program's own table has none of them: we list it as not "
        "affected, with that reason. Grype leaves most such findings out without a word; the others report them.",
    ),
}


def explain(case: Case) -> str:
    """The kind of a difference, or `unexplained`."""
    return next((name for name, sides, test in RULES if case.side in sides and test(case)), UNEXPLAINED)
