"""The kinds of difference, who is right in each, and why: one sentence each, checked by looking into images."""

from dataclasses import dataclass

UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Kind:
    """A judgement (who is right) and its reason."""

    right: str
    why: str


WE, PEER, TASTE, NOBODY, LOOK = "we are right", "the peer is right", "a convention", "nobody is right", "case by case"

KINDS: dict[str, Kind] = {
    "removed by a later layer": Kind(
        WE,
        "The file is not in the finished image: the whiteout of a later layer hides it. `--scope all-layers` shows it.",
    ),
    "Go program without module data": Kind(
        TASTE,
        "Debian strips the module data: the main module's path is known, its version is not (`(devel)`, or a text "
        "found in the program). We count the program as a gap and list the standard library it was built with; the "
        "Debian package that owns it carries the version.",
    ),
    "linker's version with or without `v`": Kind(
        TASTE,
        "The main module says `(devel)`; both take the version from the linker's flags, one spells it as stamped, the "
        "other as Go's tags are spelt.",
    ),
    "lock or manifest file, nothing installed": Kind(
        WE,
        "The file lists what somebody meant to install; in an image a lock file gives edges, not packages.",
    ),
    "the application's own package.json": Kind(
        TASTE,
        "The manifest of the application itself: nothing that was installed, nothing an advisory speaks of.",
    ),
    "package.json of a folder inside a package": Kind(
        WE,
        "A test fixture or build folder shipped inside an installed package, not at `node_modules/NAME`: nothing can "
        "load it by its name, and names like `bin`, `dist` or `benchmark` draw the advisories of real packages.",
    ),
    "R folder that R does not list": Kind(
        WE,
        "Its `DESCRIPTION` has no `Built` field, which R's installer writes: `installed.packages()` does not list it.",
    ),
    "jar named otherwise than its witnesses say": Kind(
        WE,
        "The jar's `pom.properties` or Debian's Maven repository gives group, artifact and version, and we name it so; "
        "the peer made a name from the file's name or from the manifest.",
    ),
    "jar that we name otherwise than its witnesses say": Kind(
        PEER,
        "The jar's `pom.properties` or Debian's Maven repository gives the peer's name: our guess is wrong.",
    ),
    "jar that the peer names as its witnesses do": Kind(
        PEER,
        "The jar's `pom.properties` or Debian's Maven repository gives this name and we do not.",
    ),
    "jar that we name as its witnesses do": Kind(
        WE,
        "The jar's `pom.properties` or Debian's Maven repository gives exactly this group, artifact and version.",
    ),
    "owned by an OS package (folded)": Kind(
        TASTE,
        "Debian's own lists give the file to a Debian package, which is patched and advised upon as such. Trivy drops "
        "it; we keep it tied to its owner, so that it is not counted or matched twice.",
    ),
    "no version recorded": Kind(
        WE,
        "No version is written in the file: no advisory can be matched, and the name is a guess from the file's name.",
    ),
    "jar inside another archive": Kind(LOOK, "A jar within a jar: the samples say where."),
    "jar whose name nobody knows": Kind(
        NOBODY,
        "No `pom.properties` inside: both guess the group from the manifest, and Debian's Maven repository gives a "
        "third name. Ours is marked as guessed, with `weak` confidence.",
    ),
    "jar without a witness": Kind(
        TASTE,
        "No `pom.properties` inside and no repository entry: the group is a guess on both sides; ours is marked so.",
    ),
    "jar that Trivy needs its index for": Kind(
        WE, "Without its index, which is fetched over the network, Trivy names no jar."
    ),
    "program known by a classifier": Kind(
        TASTE,
        "Named from a version text inside a program that no package manager owns; the sets of classifiers differ.",
    ),
    "other version of the same package": Kind(
        LOOK, "Both name the package at the same place, with different versions: the samples say which."
    ),
    "file that we count as a gap": Kind(
        PEER, "We could not read the file and say so, with the reason; the peer names what is in it."
    ),
    "named by an SBOM inside the image": Kind(
        WE,
        "A wheel or a vendor carries an SBOM of what was compiled in; no other file tells. We take it as the vendor's "
        "claim, marked as such, where the peer reads no such file.",
    ),
    "crate that was needed to build": Kind(
        TASTE,
        "The program's own list of crates has it with the kind `build` (build scripts, procedural macros): the peers "
        "leave it out, we keep it with that mark, for what ran at build time could change the program.",
    ),
    "the application's own assembly": Kind(
        TASTE,
        "The list of assemblies calls it a project, not a package: the application itself.",
    ),
    "Windows program's version resource": Kind(
        WE,
        "A title and version that a program states of itself is no package of NuGet: no registry and no advisory knows "
        "it by this name.",
    ),
    "ecosystem that the peer does not read": Kind(
        WE, "The installer's own record is there; the peer names nothing of this ecosystem."
    ),
}
