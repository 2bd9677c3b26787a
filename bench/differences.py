"""Why two accounts of one image differ: a table of kinds, each with a test on the evidence (kinds.py judges them).

The kinds are tried from the top; the first whose test holds speaks. What none explains stays "unexplained" and is
listed by name: it is either a mistake of ours or a kind nobody has understood yet.
"""

import json
import posixpath
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from identities import Account, Identity, Named
from imagefiles import Files
from kinds import UNEXPLAINED
from witnesses import coordinates

OURS, THEIRS = "only ours", "only theirs"
_SBOM = re.compile(r"/sboms/|(?:sbom|bom|cdx|cyclonedx|spdx)\.json$", re.IGNORECASE)
_LOCKS = {
    "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.lock", "go.mod", "go.sum", "Gemfile.lock",
    "composer.lock", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "requirements.txt", "gradle.lockfile",
    "pom.xml", "packages.lock.json", "mix.lock", "pubspec.lock", "Package.resolved", "conan.lock",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One identity that one side has and the other has not, with everything known about it."""

    side: str
    identity: Identity
    named: Named
    ours: Account
    theirs: Account
    files: Files | None

    @property
    def owner(self) -> str:
        """The OS packages that own all of the files, as the image's own lists say ("" if one file has no owner)."""
        owners = {self.files.owner(path) for path in self.real} if self.files is not None else set()
        return "" if "" in owners else ", ".join(sorted(owners)[:3])

    @property
    def real(self) -> list[str]:
        """Paths of files (without the part inside an archive), sorted."""
        return sorted({re.split(r"!|:", path)[0].strip("/") for path in self.named.paths})

    @property
    def twins(self) -> list[Identity]:
        """What the other side names at the same places in the same ecosystem (empty: it names nothing there)."""
        other = self.theirs if self.side == OURS else self.ours
        return sorted(
            i
            for i, n in other.packages.items()
            if i.ecosystem == self.identity.ecosystem and n.paths & self.named.paths
        )

    @property
    def namesakes(self) -> list[Identity]:
        """The other side's identities of the same ecosystem and name, in other versions."""
        other = self.theirs if self.side == OURS else self.ours
        alike = (self.identity.ecosystem, self.identity.name)
        return sorted(i for i in other.packages if (i.ecosystem, i.name) == alike)


def explain(difference: Difference) -> tuple[str, str]:
    """The kind's name and the detail; UNEXPLAINED with the places when no test holds."""
    for kind, sides, test in RULES:
        if difference.side in sides:
            detail = test(difference)
            if detail is not None:
                return kind, detail
    return UNEXPLAINED, ", ".join(sorted(difference.named.paths)[:2])


def _removed(d: Difference) -> str | None:
    if d.files is None or not d.real or any(path in d.files for path in d.real):
        return None
    layers = {d.files.removed[path] for path in d.real if path in d.files.removed}
    return f"removed by layer {min(layers)}" if layers else None


def _go_without_modules(d: Difference) -> str | None:
    if d.identity.ecosystem != "golang":
        return None
    return next((f"{p}: {d.ours.gaps[p]}" for p in d.real if "without module data" in d.ours.gaps.get(p, "")), None)


def _go_linker(d: Difference) -> str | None:
    """The main module says `(devel)`; the version was found in the linker's flags, with or without its `v`."""
    if d.identity.ecosystem != "golang":
        return None
    bare = d.identity.version.removeprefix("v")
    match = next((i for i in d.namesakes if i.version.removeprefix("v") == bare), None)
    return f"{d.identity.version} and {match.version}" if match else None


def _npm_own_manifest(d: Difference) -> str | None:
    if d.identity.ecosystem != "npm" or not d.real:
        return None
    outside = [p for p in d.real if "node_modules/" not in p and p.endswith("/package.json")]
    return outside[0] if len(outside) == len(d.real) else None


def _npm_inner_folder(d: Difference) -> str | None:
    """Installed packages lie at node_modules/NAME or node_modules/@SCOPE/NAME, nowhere else."""
    if d.identity.ecosystem != "npm" or not d.real:
        return None
    places = [p.rpartition("node_modules/")[2].split("/") for p in d.real if p.endswith("/package.json")]
    inner = [p for p in places if len(p) > (3 if p[0].startswith("@") else 2)]
    return d.real[0] if len(inner) == len(d.real) else None


def _r_not_installed(d: Difference) -> str | None:
    """R lists an installed package by the field that its installer adds."""
    if d.identity.ecosystem != "cran" or d.files is None or not d.real:
        return None
    texts = [d.files.content.get(path, b"Built:") for path in d.real]
    return d.real[0] if all(b"Built:" not in text for text in texts) else None


def _no_version(d: Difference) -> str | None:
    return ", ".join(d.real[:1]) if not d.identity.version or d.identity.version.upper() == "UNKNOWN" else None


def _lock(d: Difference) -> str | None:
    return d.real[0] if d.real and all(posixpath.basename(p) in _LOCKS for p in d.real) else None


def _witnesses(d: Difference) -> set[tuple[str, str]]:
    if d.identity.ecosystem != "maven":
        return set()
    return set().union(*(coordinates(d.files, path) for path in d.named.paths))


def _is(identity: Identity, witnesses: set[tuple[str, str]]) -> bool:
    return (identity.name, identity.version) in witnesses


def _jar_misnamed(d: Difference) -> str | None:
    """This side's name is not among the witnesses' names; the other's is."""
    said = _witnesses(d)
    right = [i for i in d.twins if _is(i, said)]
    return f"{d.real[0]} is {right[0]}" if right and not _is(d.identity, said) else None


def _jar_witnessed(d: Difference) -> str | None:
    """A witness names it as this side does."""
    return f"{d.real[0]}" if _is(d.identity, _witnesses(d)) else None


def _jar_part(d: Difference) -> str | None:
    nested = [p for p in d.named.paths if re.search(r"\.(jar|war|ear)(!/|!|:).+", p)]
    return nested[0] if d.identity.ecosystem == "maven" and nested else None


def _jar_both_guess(d: Difference) -> str | None:
    said = _witnesses(d)
    if not said or not d.twins or any(_is(i, said) for i in (d.identity, *d.twins)):
        return None
    return f"{d.real[0]} is {' '.join(sorted(said)[0])}; the other says {d.twins[0]}"


def _jar_no_witness(d: Difference) -> str | None:
    if d.identity.ecosystem != "maven" or d.files is None or not d.twins or _witnesses(d):
        return None
    return f"{d.real[0]}; the other says {d.twins[0]}"


def _jar_without_index(d: Difference) -> str | None:
    if d.theirs.tool != "trivy" or d.identity.ecosystem != "maven":
        return None
    return ", ".join(d.real[:1])


def _owned(d: Difference) -> str | None:
    if d.identity.ecosystem in ("deb", "rpm", "apk") or (d.twins and d.identity.ecosystem != "golang"):
        return None
    return f"owned by {d.owner}" if d.owner else None


def _gap(d: Difference) -> str | None:
    return next((f"{path}: {d.ours.gaps[path]}" for path in sorted(d.named.paths) if path in d.ours.gaps), None)


def _claimed(d: Difference) -> str | None:
    """Every place is an SBOM that somebody put into the image."""
    places = sorted(d.named.paths)
    return places[0] if places and all(_SBOM.search(path) for path in places) else None


def _crate_for_building(d: Difference) -> str | None:
    return d.real[0] if d.named.facts.get("assay:property:cargo:build") == "true" and d.real else None


def _version_resource(d: Difference) -> str | None:
    if d.identity.ecosystem != "nuget" or not d.real:
        return None
    return d.real[0] if all(path.endswith((".exe", ".dll")) for path in d.real) else None


def _nuget_project(d: Difference) -> str | None:
    """The list of an application's assemblies says of each whether it is a package or the project itself."""
    if d.identity.ecosystem != "nuget" or d.files is None:
        return None
    for path in d.real:
        with suppress(ValueError, KeyError, TypeError):
            libraries = json.loads(d.files.content.get(path, b""))["libraries"]
            if libraries[f"{d.identity.name}/{d.identity.version}"]["type"] == "project":
                return path
    return None


def _unread_ecosystem(d: Difference) -> str | None:
    """The peer names nothing of the ecosystem in this image, and the file is there."""
    if d.identity.ecosystem in d.theirs.ecosystems() or d.files is None or not d.real:
        return None
    return d.real[0] if d.real[0] in d.files else None


def _classified(d: Difference) -> str | None:
    if d.identity.ecosystem not in ("generic", "github", "bitnami") or not d.real:
        return None
    return d.real[0]


def _other_version(d: Difference) -> str | None:
    return f"the other says {d.namesakes[0].version}" if d.namesakes and d.twins else None


RULES: tuple[tuple[str, tuple[str, ...], Callable[[Difference], str | None]], ...] = (
    ("removed by a later layer", (THEIRS,), _removed),
    ("Go program without module data", (THEIRS,), _go_without_modules),
    ("file that we count as a gap", (THEIRS,), _gap),
    ("linker's version with or without `v`", (OURS, THEIRS), _go_linker),
    ("lock or manifest file, nothing installed", (THEIRS,), _lock),
    ("the application's own package.json", (THEIRS,), _npm_own_manifest),
    ("package.json of a folder inside a package", (THEIRS,), _npm_inner_folder),
    ("R folder that R does not list", (THEIRS,), _r_not_installed),
    ("jar named otherwise than its witnesses say", (THEIRS,), _jar_misnamed),
    ("jar that we name otherwise than its witnesses say", (OURS,), _jar_misnamed),
    ("jar that the peer names as its witnesses do", (THEIRS,), _jar_witnessed),
    ("owned by an OS package (folded)", (OURS,), _owned),
    ("jar that we name as its witnesses do", (OURS,), _jar_witnessed),
    ("no version recorded", (THEIRS,), _no_version),
    ("jar whose name nobody knows", (OURS, THEIRS), _jar_both_guess),
    ("jar without a witness", (OURS, THEIRS), _jar_no_witness),
    ("jar that Trivy needs its index for", (OURS,), _jar_without_index),
    ("jar inside another archive", (OURS, THEIRS), _jar_part),
    ("named by an SBOM inside the image", (OURS, THEIRS), _claimed),
    ("crate that was needed to build", (OURS,), _crate_for_building),
    ("the application's own assembly", (OURS, THEIRS), _nuget_project),
    ("Windows program's version resource", (THEIRS,), _version_resource),
    ("ecosystem that the peer does not read", (OURS,), _unread_ecosystem),
    ("program known by a classifier", (OURS, THEIRS), _classified),
    ("other version of the same package", (OURS, THEIRS), _other_version),
)
"""A kind's name, the sides it can explain, its test: a detail, or None. Tried from the top."""
