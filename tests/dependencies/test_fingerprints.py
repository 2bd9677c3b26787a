"""Java libraries recognised by their classes: renamed, stripped, shaded, minimised, relocated."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers.java import CATALOGUER, catalogue
from assay.dependencies.fingerprint_making import make_libraries, root_of, sample
from assay.dependencies.fingerprint_scores import by_names
from assay.dependencies.fingerprints import builtin
from assay.formats.fingerprints import Block, read_block, read_fingerprints, write_block, write_fingerprints
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.jars import jar, manifest, pom
from dependencies.libraries import ROOT, VERSIONS, app, classes, fingerprint_file, fingerprints, moved

KNOWN = fingerprints()


def read(data: bytes, path: str = "opt/foo.jar") -> Fragment:
    return catalogue(File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), KNOWN)


def said(found: Fragment) -> list[tuple[str, str, str, str]]:
    return [
        (package.name, package.version, package.confidence, dict(package.properties).get("java:identity", ""))
        for package in found.packages
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_renamed_archive_without_metadata_is_known_by_its_digest(version: str) -> None:
    data = jar(classes(version))
    found = read(data)
    assert said(found) == [("org.acme:engine", version, "certain", "sha1")]
    assert found.packages[0].hashes == ("sha1:" + hashlib.sha1(data).hexdigest(),)
    assert (found.packages[0].path, found.gaps) == ("", ())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_archive_packed_anew_is_known_by_its_classes(version: str) -> None:
    found = read(jar({**classes(version), "META-INF/NOTICE": "added"}))
    assert said(found) == [("org.acme:engine", version, "strong", "fingerprint")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_shaded_copy_is_contained_in_the_archive(version: str) -> None:
    found = read(jar({**pom("com.example", "app", "7"), **app(), **classes(version)}), "srv/app-7.jar")
    assert said(found) == [
        ("com.example:app", "7", "certain", ""),
        ("org.acme:engine", version, "strong", "fingerprint"),
    ]
    copy = found.packages[1]
    assert (copy.path, copy.parent) == ("srv/app-7.jar!/org/acme/engine", 0)
    assert ("java:shaded", "true") in copy.properties
    assert copy.kind == "archive"


def test_a_copy_below_web_inf_classes_is_found() -> None:
    members = {f"WEB-INF/classes/{path}": data for path, data in {**app(), **classes("1.2")}.items()}
    (copy,) = read(jar(members), "srv/app.war").packages
    assert (copy.version, copy.path) == ("1.2", "srv/app.war!/WEB-INF/classes/org/acme/engine")


def test_a_nested_archive_without_metadata_is_recognised_too() -> None:
    found = read(jar({**pom("com.example", "app", "7"), "lib/x.jar": jar(classes("1.1"))}), "srv/app-7.jar")
    assert said(found)[1] == ("org.acme:engine", "1.1", "certain", "sha1")
    assert (found.packages[1].path, found.packages[1].parent) == ("srv/app-7.jar!/lib/x.jar", 0)


def test_a_minimised_copy_names_every_version_it_may_be() -> None:
    kept = dict(list(classes("1.1").items())[1:20])  # without the class that tells 1.1 from 1.0
    (package,) = read(jar({**app(), **kept})).packages
    assert (package.version, package.confidence) == ("", "weak")
    assert dict(package.properties)["java:candidates"] == "1.0 1.1 1.2"


def test_a_relocated_copy_is_weak_and_tells_its_version_where_names_do() -> None:
    (package,) = read(jar({**app(), **moved(classes("1.2"), "com/example/shadow/")})).packages
    assert (package.name, package.version, package.confidence) == ("org.acme:engine", "1.2", "weak")
    assert dict(package.properties)["java:identity"] == "structure"
    assert package.path == "opt/foo.jar!/com/example/shadow"


def test_a_relocated_copy_whose_names_fit_several_versions_has_none() -> None:
    (package,) = read(jar({**app(), **moved(classes("1.0"), "com/example/shadow/")})).packages
    assert (package.version, package.confidence) == ("", "weak")
    assert dict(package.properties)["java:candidates"] == "1.0 1.1"


def test_an_unknown_build_is_named_without_a_version() -> None:
    rebuilt = {path: f"another compiler {data!r}" for path, data in classes("1.2").items()}
    (package,) = read(jar(rebuilt)).packages
    assert (package.name, package.version, package.confidence) == ("org.acme:engine", "", "weak")
    assert dict(package.properties)["java:candidates"] == "1.2"


def test_a_version_nobody_knows_is_not_taken_for_its_neighbour() -> None:
    many = classes("1.0", count=600)
    known = type(KNOWN)(make_libraries([sample("org.acme", "engine", "1.0", jar(many), DEFAULT_LIMITS)]), "t")
    for name in many:
        data = jar({**app(), **many, name: "one class of six hundred, mended"})
        (package,) = catalogue(
            File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), known
        ).packages
        assert (package.version, package.confidence) == ("", "weak")
        if name.endswith("9.class"):
            break


def test_the_manifest_decides_between_versions_with_the_same_classes() -> None:
    known = fingerprints(("1.0",))
    twin = sample("org.acme", "engine", "1.0.1", jar({**classes("1.0"), "META-INF/x": "1"}), DEFAULT_LIMITS)
    same = sample("org.acme", "engine", "1.0", jar(classes("1.0")), DEFAULT_LIMITS)
    data = write_fingerprints(make_libraries([same, twin]))
    known = type(known)(read_fingerprints(data, "t"), "t")
    stripped = jar({**manifest(Specification_Version="1.0.1"), **classes("1.0")})
    file = File(path="opt/foo.jar", chunks=(stripped,), size=len(stripped), limits=DEFAULT_LIMITS)
    (package,) = catalogue(file, known).packages
    assert (package.name, package.version, package.confidence) == ("org.acme:engine", "1.0.1", "weak")
    assert dict(package.properties)["java:candidates"] == "1.0 1.0.1"


def test_what_a_pom_declares_is_not_doubled() -> None:
    members = {**pom("com.example", "app", "7"), **pom("org.acme", "engine", "1.1"), **app(), **classes("1.1")}
    assert said(read(jar(members), "app-7.jar")) == [
        ("com.example:app", "7", "certain", ""),
        ("org.acme:engine", "1.1", "strong", ""),
    ]


def test_a_pom_without_version_gives_way_to_the_classes() -> None:
    members = {**pom("com.example", "app", "7"), **pom("org.acme", "engine", "${v}"), **app(), **classes("1.1")}
    assert said(read(jar(members), "app-7.jar"))[1:] == [("org.acme:engine", "1.1", "strong", "fingerprint")]


def test_an_archives_own_pom_is_believed_before_its_classes() -> None:
    members = {**pom("com.example", "fork", "7"), **classes("1.1")}
    found = read(jar(members), "fork-7.jar")
    assert said(found) == [
        ("com.example:fork", "7", "certain", ""),
        ("org.acme:engine", "1.1", "strong", "fingerprint"),
    ]


def test_unchanged_classes_are_believed_before_a_mere_manifest() -> None:
    members = {**manifest(Implementation_Title="plug-in", Implementation_Version="9"), **classes("1.1")}
    assert said(read(jar(members))) == [("org.acme:engine", "1.1", "strong", "fingerprint")]


def test_a_rebuilt_archive_keeps_the_name_its_manifest_gives() -> None:
    rebuilt = {path: f"another compiler {data!r}" for path, data in classes("1.2").items()}
    members = {**manifest(Implementation_Title="engine", Implementation_Version="1.2"), **rebuilt}
    assert [row[:2] for row in said(read(jar(members), "usr/share/java/engine.jar"))] == [("engine:engine", "1.2")]


@pytest.mark.parametrize(
    "members",
    [
        app(),
        dict(list(classes("1.1").items())[:3]),
        {f"{ROOT}part0/EnginePart{i:03}.class": f"unrelated {i}" for i in range(5)},
        {f"META-INF/versions/9/{path}": data for path, data in classes("1.1").items()},
    ],
)
def test_little_in_common_is_nothing(members) -> None:
    found = read(jar({**app(), **members}))
    assert not found.packages
    assert [gap.kind for gap in found.gaps] == ["unknown-program"]


def test_a_fork_with_the_same_classes_is_one_library() -> None:
    both = [sample("org.acme", "engine", "1.1", jar(classes("1.1")), DEFAULT_LIMITS)]
    both.append(sample("org.fork", "engine-fork", "1.1.9", jar(classes("1.2")), DEFAULT_LIMITS))
    known = type(KNOWN)(read_fingerprints(write_fingerprints(make_libraries(both)), "t"), "t")
    data = jar({**app(), **classes("1.2")})
    found = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), known)
    assert [package.name for package in found.packages] == ["org.fork:engine-fork"]


def test_a_library_claims_only_classes_of_the_version_that_is_there() -> None:
    """An old version of one library held what is another library today: both are found, even relocated."""
    near = {f"org/acme/near/Near{i:03}Thing.class": f"near {i}" for i in range(60)}
    old = {f"org/acme/near/Old{i:03}Thing.class": f"old {i}" for i in range(9)}
    samples = [
        sample("org.acme", "engine", "1.0", jar(classes("1.0")), DEFAULT_LIMITS),
        sample("org.acme", "near", "0.1", jar({**near, **classes("2.0"), **old}), DEFAULT_LIMITS),
        sample("org.acme", "near", "3.0", jar({**near, "org/acme/near/Newest.class": "n"}), DEFAULT_LIMITS),
    ]
    known = type(KNOWN)(read_fingerprints(write_fingerprints(make_libraries(samples)), "t"), "t")
    there = {**near, "org/acme/near/Newest.class": "n", **classes("1.0")}
    data = jar({**app(), **{f"hidden/{path}": f"moved {text!r}" for path, text in there.items()}})
    found = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), known)
    assert [package.name for package in found.packages] == ["org.acme:near", "org.acme:engine"]


@pytest.mark.parametrize(
    ("group", "version", "names"),
    [
        ("org.acme.embed", "1.0", ["org.acme.embed:engine-embed"]),  # one project, one version: a part of it
        ("org.acme.embed", "7.0", ["org.acme.embed:engine-embed", "org.acme:engine"]),  # another version: no part
        ("org.other", "1.0", ["org.acme:engine", "org.other:engine-embed"]),  # another project packed it in
    ],
)
def test_what_a_project_ships_inside_another_library_of_its_own_is_not_named_beside_it(
    group: str, version: str, names: list[str]
) -> None:
    more = {f"org/acme/server/Server{i:03}.class": f"server {i}" for i in range(900)}
    engine = classes("1.0", 600)
    samples = [
        sample("org.acme", "engine", "1.0", jar(engine), DEFAULT_LIMITS),
        sample(group, "engine-embed", version, jar({**engine, **more}), DEFAULT_LIMITS),
    ]
    known = type(KNOWN)(read_fingerprints(write_fingerprints(make_libraries(samples)), "t"), "t")

    def found(there: dict[str, bytes | str]) -> list[str]:
        data = jar({**app(), **there})
        read = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), known)
        return sorted(package.name for package in read.packages)

    assert found({**engine, **more}) == names
    assert found(engine) == ["org.acme:engine"]


def test_libraries_of_one_project_side_by_side_are_both_named() -> None:
    """As Spring's are: one group, one version, and the folder of one lies in that of the other."""
    core = {
        f"org/acme/{folder}/Core{i:03}Thing.class": f"{folder} {i}" for folder in ("core", "util") for i in range(400)
    }
    beans = {f"org/acme/beans/Bean{i:03}Thing.class": f"bean {i}" for i in range(300)}
    samples = [
        sample("org.acme", "core", "1.0", jar(core), DEFAULT_LIMITS),
        sample("org.acme", "beans", "1.0", jar(beans), DEFAULT_LIMITS),
    ]
    known = type(KNOWN)(read_fingerprints(write_fingerprints(make_libraries(samples)), "t"), "t")
    data = jar({**app(), **core, **beans})
    read = catalogue(File(path="x.jar", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS), known)
    assert sorted(package.name for package in read.packages) == ["org.acme:beans", "org.acme:core"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(VERSIONS), st.sets(st.integers(0, 28), max_size=26), st.booleans())
def test_a_part_of_a_version_is_never_taken_for_another_alone(version: str, gone: set[int], relocated: bool) -> None:
    whole = list(classes(version).items())
    kept = dict(item for index, item in enumerate(whole) if index not in gone)
    members = moved(kept, "x/y/") if relocated else kept
    for package in read(jar({**app(), **members})).packages:
        candidates = dict(package.properties).get("java:candidates", package.version).split()
        if not relocated:
            assert version in candidates
        if gone:
            assert package.confidence != "certain"


def test_the_same_archives_give_the_same_bytes_in_any_order() -> None:
    samples = [sample("org.acme", "engine", version, jar(classes(version)), DEFAULT_LIMITS) for version in VERSIONS]
    assert write_fingerprints(make_libraries(samples[::-1])) == fingerprint_file()
    (library,) = read_fingerprints(fingerprint_file(), "test")
    assert (library.root, library.versions) == (ROOT, VERSIONS)
    assert write_block(read_block(library, "test")) == library.block


def test_the_root_is_the_folder_of_nearly_all_classes_of_every_version() -> None:
    many = [f"a/b/C{i}.class" for i in range(30)]
    assert root_of([many, [*many, "x/Y.class"]]) == "a/b/"
    assert root_of([many, ["a/c/D.class"]]) == "a/"
    assert root_of([many, ["z/D.class"]]) == ""


def test_the_fingerprints_that_come_with_assay_are_whole() -> None:
    known = builtin()
    libraries = {library.artifact: library for found in known._anchors.values() for library, _ in found}
    assert {"log4j-core", "commons-text", "jackson-databind", "spring-beans", "snakeyaml", "guava"} <= set(libraries)
    assert {"2.14.1", "2.17.1"} <= set(libraries["log4j-core"].versions)
    tomcat = {"tomcat-embed-core", "tomcat-embed-jasper", "tomcat-catalina", "tomcat-coyote", "tomcat-jasper"}
    assert tomcat <= set(libraries)
    named = {f"{library.group}:{library.artifact}" for found in known._anchors.values() for library, _ in found}
    assert {"org.apache.groovy:groovy", "org.codehaus.groovy:groovy"} <= named
    assert {"org.hibernate:hibernate-core", "org.hibernate.orm:hibernate-core"} <= named
    for library in libraries.values():
        assert len(read_block(library, "builtin").digests) == 20 * len(library.versions)


def test_new_data_raise_the_version_of_the_row() -> None:
    """The layer cache is keyed by it: whoever changes the file changes both numbers."""
    from importlib.resources import files

    digest = hashlib.sha256((files("assay.dependencies") / "fingerprints.bin").read_bytes()).hexdigest()
    assert (CATALOGUER.version, digest[:16]) == (10, "7487f226f72b6e9f")


@given(st.integers(1, 40), st.data())
def test_scores_are_the_sums_over_the_masks(versions: int, data) -> None:
    masks = data.draw(st.lists(st.integers(0, (1 << versions) - 1), max_size=12))
    counts = data.draw(st.lists(st.integers(0, 9), min_size=len(masks), max_size=len(masks)))
    names = [name for name, count in enumerate(counts) for _ in range(count)]
    block = Block(
        digests=b"",
        counts=(),
        sums=(),
        masks=tuple(mask.to_bytes(5, "little") for mask in masks),
        names=tuple(range(len(names))),
        name_masks=tuple(names),
        classes=(),
        class_names=(),
        class_masks=(),
    )
    found = by_names(block, {number: {1} for number in range(len(names))}, versions)
    if len(names) >= 8:
        wanted = [
            sum(count for mask, count in zip(masks, counts, strict=True) if mask >> index & 1)
            for index in range(versions)
        ]
        assert [score.total for score in found] == [score.hits for score in found] == wanted


def test_a_damaged_file_is_refused() -> None:
    data = fingerprint_file()
    for bad in (b"", b"{}", data[:-1], data + b"x", data.replace(b"org/acme/engine/", b"org/acme/engine?")):
        with pytest.raises(MalformedError):
            read_fingerprints(bad, "mine.bin")
    with pytest.raises(UnsupportedError):
        read_fingerprints(data.replace(b"\xa4form\x01", b"\xa4form\x02"), "mine.bin")
