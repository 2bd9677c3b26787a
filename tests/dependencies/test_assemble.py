"""Fragments of several layers become components, relations and gaps."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import Fragment, Note, Package, Sighting
from assay.model.inventory import Component, Distro, Gap, Licence, Occurrence, Relation
from assay.model.limits import Limits
from osfiles import BOOKWORM, layers, read, rpm_database, rpm_header, saw, stanza

STATUS = "var/lib/dpkg/status"
LIST = "var/lib/dpkg/info/{}.list"
DEBIAN = saw("etc/os-release", BOOKWORM)


def join(*sightings: Sighting, installed: bool = True) -> Assembled:
    return assemble(sightings, layers(9), installed=installed)


def language(
    path: str,
    *packages: Package,
    layer: int | None = 0,
    removed_by: int | None = None,
    gaps: tuple[Gap, ...] = (),
    notes: tuple[Note, ...] = (),
) -> Sighting:
    fragment = Fragment(packages=packages, gaps=gaps, notes=notes)
    return Sighting(cataloguer="lang", path=path, layer=layer, removed_by=removed_by, fragment=fragment)


def pypi(name: str, version: str = "1.0", **more: object) -> Package:
    return Package(ecosystem="pypi", name=name, version=version, **more)  # type: ignore[arg-type]


def by_key(found: Assembled) -> dict[str, Component]:
    return {component.key: component for component in found.components}


def only(found: Assembled, name: str) -> Component:
    (component,) = [c for c in found.components if c.name == name]
    return component


# --- identity -----------------------------------------------------------------------------------------------------


def test_a_debian_package_has_the_purl_of_its_distribution() -> None:
    component = only(join(DEBIAN, saw(STATUS, stanza("curl", "1:7.88.1-10+deb12u5"))), "curl")
    assert component.purl == "pkg:deb/debian/curl@1:7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12"
    assert component.key == component.purl
    assert component.cataloguer == "dpkg"
    assert component.occurrences == (Occurrence(STATUS, 0, "package-database", "certain"),)


def test_an_rpm_epoch_is_a_qualifier_of_the_purl_and_part_of_the_version(tmp_path: Path) -> None:
    tags = {
        "t1000": ("text", "bash"),
        "t1001": ("text", "5"),
        "t1002": ("text", "3"),
        "t1003": ("numbers", 2),
        "t1022": ("text", "x86_64"),
    }
    fedora = saw("usr/lib/os-release", "ID=fedora\nVERSION_ID=39\n")
    found = join(fedora, saw("usr/lib/sysimage/rpm/rpmdb.sqlite", rpm_database(tmp_path / "db", [rpm_header(**tags)])))
    component = only(found, "bash")
    assert component.purl == "pkg:rpm/fedora/bash@5-3?arch=x86_64&distro=fedora-39&epoch=2"
    assert component.version == "2:5-3"


def test_an_apk_package() -> None:
    found = join(
        saw("etc/os-release", "ID=alpine\nVERSION_ID=3.18.0\n"),
        saw("lib/apk/db/installed", "P:musl\nV:1-r0\nA:x86_64\n"),
    )
    assert only(found, "musl").purl == "pkg:apk/alpine/musl@1-r0?arch=x86_64&distro=alpine-3.18.0"


@pytest.mark.parametrize(
    ("sightings", "distro"),
    [
        ((), None),
        ((saw("usr/lib/os-release", "ID=a\n"),), "a"),
        ((saw("usr/lib/os-release", "ID=a\n"), saw("etc/os-release", "ID=b\n")), "b"),
        ((saw("usr/lib/os-release", "ID=a\n"), saw("etc/os-release", "ID=b\n", 0, 1)), "a"),
        ((saw("etc/os-release", "ID=a\n", 0, 1), saw("etc/os-release", "ID=b\n", 1)), "b"),
        ((saw("etc/os-release", "ID=a\n", 0, 1),), None),
    ],
)
def test_the_distribution_is_that_of_the_final_root(sightings: tuple[Sighting, ...], distro: str | None) -> None:
    found = join(*sightings)
    assert (found.distro.id if found.distro else None) == distro


def test_without_a_distribution_the_purl_names_none() -> None:
    found = join(saw(STATUS, stanza("a", "1")))
    assert found.distro is None
    assert only(found, "a").purl == "pkg:deb/a@1?arch=amd64"


def test_a_testing_release_without_number_is_named_by_its_codename() -> None:
    release = saw("etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
    found = join(release, saw(STATUS, stanza("a", "1")))
    assert found.distro == Distro(id="debian", codename="trixie")
    assert only(found, "a").purl.endswith("distro=debian-trixie")


def test_a_package_whose_name_makes_no_purl_stays_and_is_a_gap() -> None:
    found = join(language("a/b", Package(ecosystem="maven", name="x", version="1")))
    assert [(c.key, c.purl) for c in found.components] == [("maven:x@1", "")]
    assert [gap.kind for gap in found.gaps] == ["unreadable"]


# --- layers -------------------------------------------------------------------------------------------------------


def test_a_package_belongs_to_the_first_layer_whose_database_names_it() -> None:
    # dep. 2.2
    found = join(
        DEBIAN,
        saw(STATUS, stanza("base", "1") + stanza("curl", "1"), 0, 2),
        saw(STATUS, stanza("base", "1") + stanza("curl", "2"), 2, 3),
        saw(STATUS, stanza("base", "1") + stanza("curl", "2") + stanza("git", "1"), 3),
    )
    facts = {(c.name, c.version): (c.introduced, c.removed_by) for c in found.components}
    assert facts == {("base", "1"): (0, None), ("curl", "1"): (0, 2), ("curl", "2"): (2, None), ("git", "1"): (3, None)}
    assert only(found, "base").occurrences == (Occurrence(STATUS, 0, "package-database"),)


def test_a_package_purged_later_is_removed_by_the_layer_that_first_lacks_it() -> None:
    found = join(
        DEBIAN,
        saw(STATUS, stanza("a", "1"), 0, 1),
        saw(STATUS, stanza("a", "1") + stanza("gcc", "1"), 1, 2),
        saw(STATUS, stanza("a", "1") + stanza("gcc", "1"), 2, 4),
        saw(STATUS, stanza("a", "1"), 4),
    )
    gcc = only(found, "gcc")
    assert (gcc.introduced, gcc.removed_by) == (1, 4)
    assert not [r for r in found.relations if r.source == gcc.key]


def test_a_package_that_comes_back_is_present() -> None:
    found = join(
        saw(STATUS, stanza("a", "1"), 0, 1), saw(STATUS, stanza("b", "1"), 1, 2), saw(STATUS, stanza("a", "1"), 2)
    )
    assert (only(found, "a").introduced, only(found, "a").removed_by) == (0, None)
    assert only(found, "b").removed_by == 2


def test_a_database_that_is_deleted_removes_all_its_packages() -> None:
    found = join(saw(STATUS, stanza("a", "1"), 0, 3))
    assert only(found, "a").removed_by == 3


def test_a_directory_has_no_layers() -> None:
    component = only(assemble([saw(STATUS, stanza("a", "1"), None)], (), installed=True), "a")
    assert (component.introduced, component.removed_by) == (None, None)
    assert component.occurrences == (Occurrence(STATUS, None, "package-database"),)


def test_a_metadata_file_rewritten_above_was_introduced_below() -> None:
    path = "app/six.dist-info/METADATA"
    found = join(language(path, pypi("six"), layer=1, removed_by=3), language(path, pypi("six"), layer=3))
    component = only(found, "six")
    assert (component.introduced, component.removed_by) == (1, None)
    assert component.occurrences == (Occurrence(path, 3, "package-metadata"),)


def test_a_copy_removed_elsewhere_is_kept_apart() -> None:
    found = join(
        language("a/x.dist-info/METADATA", pypi("x"), layer=1, removed_by=2),
        language("b/x.dist-info/METADATA", pypi("x"), layer=3),
    )
    assert {(c.key, c.introduced, c.removed_by) for c in found.components} == {
        ("pkg:pypi/x@1.0", 3, None),
        ("pkg:pypi/x@1.0|removed-by=2", 1, 2),
    }


def test_a_removed_package_alone_has_the_plain_key() -> None:
    assert only(join(language("a/x.dist-info/METADATA", pypi("x"), layer=1, removed_by=2)), "x").key == "pkg:pypi/x@1.0"


# --- places -------------------------------------------------------------------------------------------------------


def test_one_purl_in_several_places_is_one_component() -> None:
    found = join(
        language("b/x.dist-info/METADATA", pypi("x", hashes=("sha1:b",), licence=Licence(expression="MIT"))),
        language("a/x.dist-info/METADATA", pypi("x", hashes=("sha1:a",))),
    )
    component = only(found, "x")
    assert [place.path for place in component.occurrences] == ["a/x.dist-info/METADATA", "b/x.dist-info/METADATA"]
    assert component.hashes == ("sha1:a", "sha1:b")
    assert component.licence.expression == "MIT", "the place that has a licence speaks"


def test_nested_packages_are_contained() -> None:
    inner = Package(
        ecosystem="maven",
        namespace="g",
        name="g:b",
        purl_name="b",
        version="2",
        path="a.war!/lib/b.jar",
        parent=0,
        kind="archive",
    )
    outer = Package(ecosystem="maven", namespace="g", name="g:a", purl_name="a", version="1", kind="archive")
    found = join(language("srv/a.war", outer, inner))
    assert found.relations == (Relation("pkg:maven/g/a@1", "contains", "pkg:maven/g/b@2"),)
    assert only(found, "g:b").occurrences[0].path == "a.war!/lib/b.jar"


def test_a_lock_file_gives_packages_in_a_source_tree_only() -> None:
    locked = language("package-lock.json", Package(ecosystem="npm", name="x", version="1", kind="lock-file"))
    assert join(locked).components == ()
    assert [c.name for c in join(locked, installed=False).components] == ["x"]


# --- ownership ----------------------------------------------------------------------------------------------------

SIX = "usr/lib/python3/dist-packages/six-1.0.egg-info"


def test_a_language_package_an_os_package_owns_is_linked_to_it() -> None:
    # dep. 2.1
    found = join(
        DEBIAN,
        saw(STATUS, stanza("python3-six", "1-1", arch="all")),
        saw(LIST.format("python3-six"), f"/.\n/usr\n/{SIX}\n"),
        language(SIX, pypi("six")),
    )
    owner = only(found, "python3-six").key
    assert only(found, "six").owner == owner
    assert Relation("pkg:pypi/six@1.0", "owned_by", owner) in found.relations


def test_an_unowned_copy_is_not_folded_with_the_owned_one() -> None:
    venv = "srv/venv/six.dist-info/METADATA"
    found = join(
        DEBIAN,
        saw(STATUS, stanza("python3-six", "1-1")),
        saw(LIST.format("python3-six"), f"/{SIX}\n"),
        language(SIX, pypi("six")),
        language(venv, pypi("six"), layer=4),
    )
    keys = {
        c.key: (c.owner != "", [o.path for o in c.occurrences], c.introduced)
        for c in found.components
        if c.name == "six"
    }
    owner = only(found, "python3-six").key
    assert keys == {"pkg:pypi/six@1.0": (False, [venv], 4), f"pkg:pypi/six@1.0|owned-by={owner}": (True, [SIX], 0)}


def test_nested_archives_belong_to_the_owner_of_the_outermost() -> None:
    jar = Package(
        ecosystem="maven",
        namespace="g",
        name="g:b",
        purl_name="b",
        version="2",
        path="usr/share/a.war!/b.jar",
        kind="archive",
    )
    found = join(
        DEBIAN,
        saw(STATUS, stanza("a-java", "1")),
        saw(LIST.format("a-java"), "/usr/share/a.war\n"),
        language("usr/share/a.war", jar),
    )
    assert only(found, "g:b").owner == only(found, "a-java").key


def test_a_list_of_one_architecture_is_for_that_package() -> None:
    text = stanza("liba", "1") + stanza("liba", "1", arch="i386")
    found = join(saw(STATUS, text), saw(LIST.format("liba:i386"), f"/{SIX}\n"), language(SIX, pypi("six")))
    assert "arch=i386" in only(found, "six").owner


def test_lib_in_a_list_owns_usr_lib_in_the_root() -> None:
    found = join(
        saw(STATUS, stanza("a", "1")),
        saw(LIST.format("a"), "/lib/node/x.dist-info\n"),
        language("usr/lib/node/x.dist-info", pypi("x")),
    )
    assert only(found, "x").owner


def test_distroless_lists_are_linked_by_file_name() -> None:
    folder = "var/lib/dpkg/status.d/"
    found = join(
        saw(folder + "cHkzLXNpeA==", "Package: python3-six\nVersion: 1\nArchitecture: all\n"),
        saw(folder + "cHkzLXNpeA==.md5sums", f"{'0' * 32}  {SIX}\n"),
        language(SIX, pypi("six")),
    )
    assert only(found, "six").owner == "pkg:deb/python3-six@1?arch=all"


def test_an_apk_owns_what_its_record_lists() -> None:
    record = "P:py3-six\nV:1-r0\nF:usr/lib/python3.11/site-packages/six-1.0.dist-info\nR:METADATA\n"
    path = "usr/lib/python3.11/site-packages/six-1.0.dist-info/METADATA"
    found = join(saw("lib/apk/db/installed", record), language(path, pypi("six")))
    assert only(found, "six").owner == only(found, "py3-six").key


def test_what_a_removed_os_package_owned_stays_linked() -> None:
    found = join(
        saw(STATUS, stanza("python3-six", "1") + stanza("a", "1"), 0, 2),
        saw(STATUS, stanza("a", "1"), 2),
        saw(LIST.format("python3-six"), f"/{SIX}\n", 0, 2),
        language(SIX, pypi("six"), layer=0, removed_by=2),
    )
    six = only(found, "six")
    assert (six.removed_by, six.owner) == (2, only(found, "python3-six").key)


def test_a_diverted_file_belongs_to_the_package_that_named_its_place() -> None:
    found = join(
        saw(STATUS, stanza("original", "1") + stanza("wrapper", "1")),
        saw(LIST.format("original"), "/opt/x.egg-info\n"),
        saw(LIST.format("wrapper"), "/opt/x.egg-info\n"),
        saw("var/lib/dpkg/diversions", "/opt/x.egg-info\n/opt/x.egg-info.distrib\nwrapper\n"),
        language("opt/x.egg-info", pypi("new")),
        language("opt/x.egg-info.distrib", pypi("old")),
    )
    assert only(found, "new").owner == only(found, "wrapper").key
    assert only(found, "old").owner == only(found, "original").key


def test_a_source_tree_package_next_to_nothing_is_unowned() -> None:
    assert only(join(language("a/x.dist-info/METADATA", pypi("x")), installed=False), "x").owner == ""


# --- relations ----------------------------------------------------------------------------------------------------


def edges(found: Assembled) -> set[tuple[str, str]]:
    names = {c.key: f"{c.name}@{c.version}" for c in found.components}
    return {(names[r.source], names[r.target]) for r in found.relations if r.kind == "depends_on"}


def test_requirements_are_met_by_name_else_by_provision() -> None:
    text = (
        stanza("app", "1", "Depends: liba (>= 1), mail | missing, app")
        + stanza("liba", "2")
        + stanza("exim", "3", "Provides: mail, liba")
        + stanza("postfix", "4", "Provides: mail")
    )
    assert edges(join(saw(STATUS, text))) == {("app@1", "liba@2"), ("app@1", "exim@3"), ("app@1", "postfix@4")}


def test_the_same_architecture_answers_first() -> None:
    text = stanza("app", "1", "Depends: liba", arch="i386") + stanza("liba", "2") + stanza("liba", "2", arch="i386")
    (relation,) = [r for r in join(saw(STATUS, text)).relations if r.kind == "depends_on"]
    assert "arch=i386" in relation.target


def test_a_required_path_is_met_by_its_owner() -> None:
    text = "P:app\nV:1\nD:/bin/sh so:libc.so\n\nP:busybox\nV:2\nF:bin\nR:sh\n\nP:musl\nV:3\np:so:libc.so=1\n"
    assert edges(join(saw("lib/apk/db/installed", text))) == {("app@1", "busybox@2"), ("app@1", "musl@3")}


def npm(name: str, version: str, *depends: str, **more: object) -> Package:
    return Package(ecosystem="npm", name=name, version=version, depends=depends, **more)  # type: ignore[arg-type]


def test_npm_requirements_follow_nodes_search() -> None:
    found = join(
        language("app/node_modules/a/package.json", npm("a", "1", "c")),
        language("app/node_modules/b/package.json", npm("b", "1", "c")),
        language("app/node_modules/c/package.json", npm("c", "1")),
        language("app/node_modules/b/node_modules/c/package.json", npm("c", "2")),
        language("app/node_modules/b/node_modules/c/node_modules/d/package.json", npm("d", "1", "c", "nothing")),
    )
    assert edges(found) == {("a@1", "c@1"), ("b@1", "c@2"), ("d@1", "c@2")}


def test_npm_packages_at_the_root_and_beside_one_another_are_searched_alike() -> None:
    found = join(
        language("package.json", npm("root", "1", "a")),
        language("node_modules/a/package.json", npm("a", "1", "b")),
        language("node_modules/b/package.json", npm("b", "1")),
        language("node_modules/a/node_modules/b/package.json", npm("b", "2", "a")),
    )
    assert [(r.source, r.target) for r in found.relations] == [
        ("pkg:npm/a@1", "pkg:npm/b@2"),
        ("pkg:npm/b@2", "pkg:npm/a@1"),
        ("pkg:npm/root@1", "pkg:npm/a@1"),
    ]


@pytest.mark.parametrize(("limit", "listed", "met"), [(0, 0, True), (2, 2, True), (3, 3, False), (4, 3, False)])
def test_a_relation_said_twice_counts_once_against_the_limit(limit: int, listed: int, met: bool) -> None:
    packages = [npm("a", "1", "b", "c"), npm("b", "1", "c"), npm("c", "1")]
    sightings = [
        language(f"{home}/node_modules/{one.name}/package.json", one) for home in ("x", "y", "z") for one in packages
    ]
    found = assemble(sightings, layers(9), installed=True, limits=Limits(relations_count=limit))
    assert len(found.relations) == listed
    assert [gap.reason for gap in found.gaps] == ([f"more than {limit} relations"] if met else [])


def test_npm_scopes_and_global_folders() -> None:
    found = join(
        language("usr/lib/node_modules/@s/a/package.json", npm("@s/a", "1", "@s/b")),
        language("usr/lib/node_modules/@s/b/package.json", npm("@s/b", "1")),
    )
    assert edges(found) == {("@s/a@1", "@s/b@1")}


def test_python_requirements_stay_in_their_folder() -> None:
    found = join(
        language("v1/six-1.dist-info/METADATA", pypi("Six", "1", purl_name="six")),
        language("v2/six-2.dist-info/METADATA", pypi("six", "2")),
        language("v2/app-1.dist-info/METADATA", pypi("app", "1", depends=("six",))),
        language("v3/lonely-1.dist-info/METADATA", pypi("lonely", "1", depends=("six", "app"))),
    )
    assert edges(found) == {("app@1", "six@2"), ("lonely@1", "app@1")}, "two candidates elsewhere are no answer"


# --- facts beside -------------------------------------------------------------------------------------------------

COPYRIGHT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: {}\n"


def doc(name: str, licence: str, layer: int = 0, removed_by: int | None = None) -> Sighting:
    return saw(f"usr/share/doc/{name}/copyright", COPYRIGHT.format(licence), layer, removed_by)


def test_the_copyright_file_gives_the_licence() -> None:
    found = join(saw(STATUS, stanza("a", "1") + stanza("b", "1")), doc("a", "Expat"))
    assert only(found, "a").licence.expression == "MIT"
    assert only(found, "b").licence.reason == "no readable copyright file"


def test_a_linked_documentation_folder_is_that_of_the_same_source() -> None:
    text = (
        stanza("libgcc-s1", "1", "Source: gcc-12", "Depends: gcc-12-base, libc6")
        + stanza("gcc-12-base", "1", "Source: gcc-12")
        + stanza("libc6", "1", "Source: glibc")
        + stanza("stranger", "1", "Depends: gcc-12-base")
    )
    found = join(saw(STATUS, text), doc("gcc-12-base", "GPL-3+"), doc("libc6", "Expat"))
    assert only(found, "libgcc-s1").licence.expression == "GPL-3.0-or-later"
    assert only(found, "stranger").licence.expression == ""


def test_a_removed_package_has_the_licence_of_its_time() -> None:
    found = join(
        saw(STATUS, stanza("a", "1"), 0, 1),
        saw(STATUS, stanza("a", "2"), 1),
        doc("a", "Expat", 0, 1),
        doc("a", "ISC", 1),
    )
    assert {c.version: c.licence.expression for c in found.components} == {"1": "MIT", "2": "ISC"}


def test_notes_become_properties_of_the_package_in_their_folder() -> None:
    found = join(
        language("v/x.dist-info/METADATA", pypi("x", properties=(("b", "2"),))),
        language("v/x.dist-info/REQUESTED", notes=(Note("v/x.dist-info", "pypi:requested", "true"),)),
        language("w/y.dist-info/METADATA", pypi("y")),
    )
    assert only(found, "x").properties == (("b", "2"), ("pypi:requested", "true"))
    assert only(found, "y").properties == ()


# --- gaps ---------------------------------------------------------------------------------------------------------


def test_gaps_get_their_layer_and_say_when_the_file_is_hidden() -> None:
    found = join(saw(STATUS, "noise\n", 1, 2), saw(STATUS, "noise\n", 2), saw("lib/apk/db/installed", "noise\n", 3))
    assert [(gap.path, gap.layer, "hidden by layer 2" in gap.reason, gap.by) for gap in found.gaps] == [
        ("lib/apk/db/installed", 3, False, "apk"),
        (STATUS, 1, True, "dpkg"),
        (STATUS, 2, False, "dpkg"),
    ]


def test_a_program_an_os_package_owns_is_not_unknown() -> None:
    def unknown(path: str) -> Sighting:
        return language(path, gaps=(Gap("unknown-program", path, None, "no build information"),))

    found = join(
        saw(STATUS, stanza("a", "1")),
        saw(LIST.format("a"), "/usr/bin/owned\n"),
        unknown("usr/bin/owned"),
        unknown("usr/bin/stray"),
    )
    assert [gap.path for gap in found.gaps] == ["usr/bin/stray"]


# --- laws ---------------------------------------------------------------------------------------------------------

POOL = (
    DEBIAN,
    saw(STATUS, stanza("a", "1", "Depends: b") + stanza("b", "1"), 0, 2),
    saw(STATUS, stanza("a", "2", "Depends: b") + stanza("b", "1") + stanza("python3-six", "1"), 2),
    saw(LIST.format("python3-six"), f"/{SIX}\n", 2),
    doc("a", "Expat", 0, 2),
    doc("a", "ISC", 2),
    language(SIX, pypi("six"), layer=2),
    language("v/six.dist-info/METADATA", pypi("six"), layer=1, removed_by=3),
    language("w/six.dist-info/METADATA", pypi("six", hashes=("sha1:1",)), layer=3),
    language("app/node_modules/a/package.json", npm("a", "1", "b"), layer=3),
    language("app/node_modules/b/package.json", npm("b", "1"), layer=3),
    saw("lib/apk/db/installed", "noise\n", 3),
)


@given(st.permutations(POOL), st.integers(0, len(POOL)))
def test_the_order_of_sightings_does_not_matter_and_all_is_sorted(order: list[Sighting], count: int) -> None:
    found = join(*order[:count])
    shuffled = order[:count]
    random.Random(7).shuffle(shuffled)
    assert join(*shuffled) == found
    keys = [c.key for c in found.components]
    assert keys == sorted(set(keys)), "keys are unique and sorted"
    assert list(found.relations) == sorted(set(found.relations))
    assert {r.source for r in found.relations} | {r.target for r in found.relations} <= set(keys)
    assert {c.owner for c in found.components} - {""} <= set(keys)


def test_a_sighting_given_twice_changes_nothing() -> None:
    assert join(*POOL, *POOL) == join(*POOL)


def test_nothing_seen_is_nothing_found() -> None:
    assert join() == Assembled(components=(), relations=(), gaps=(), distro=None)
    assert read(STATUS, "").packages == ()


@pytest.mark.parametrize(
    "sightings",
    [
        (DEBIAN,),
        (DEBIAN, saw(STATUS, stanza("curl", "1"), removed_by=2)),
        (DEBIAN, saw("usr/lib/python3/a.dist-info/METADATA", b"Metadata-Version: 2.1\nName: a\nVersion: 1\n\n")),
    ],
)
def test_a_distribution_without_packages_is_a_gap(sightings: tuple[Sighting, ...]) -> None:
    gaps = [gap for gap in join(*sightings).gaps if "no package database" in gap.reason]
    assert [(gap.kind, gap.by) for gap in gaps] == [("unreadable", "assemble")]
    assert not [g for g in join(*sightings, installed=False).gaps if "no package database" in g.reason]


def test_a_distribution_with_a_package_is_none() -> None:
    assert not join(DEBIAN, saw(STATUS, stanza("curl", "1"))).gaps
