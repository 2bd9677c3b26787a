"""Java archives: who they are and what is inside them."""

import hashlib
import zipfile

import msgspec
import pytest

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.catalogers.java import CATALOGUER
from assay.formats.javameta import pom_licences, read_manifest, read_pom_properties, split_stem
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from dependencies.jars import jar, manifest, pom


def read(path: str, data: bytes, limits: Limits = DEFAULT_LIMITS, size: int = 1000) -> Fragment:
    chunks = tuple(data[at : at + size] for at in range(0, len(data), size))
    return CATALOGUER.catalogue(File(path=path, chunks=chunks, size=len(data), limits=limits))


def rows(found: Fragment) -> list[tuple[str, str, str, int | None]]:
    return [(package.name, package.version, package.confidence, package.parent) for package in found.packages]


def one(path: str, members: dict[str, bytes | str]) -> Package:
    (package,) = read(path, jar(members)).packages
    return package


def test_pom_properties_that_fit_the_file_are_certain() -> None:
    data = jar(
        {**manifest(Implementation_Title="wrong", Implementation_Version="9"), **pom("org.acme", "core-lib", "1.2.0")}
    )
    (package,) = read("opt/core-lib-1.2.0.jar", data).packages
    assert (package.name, package.namespace, package.purl_name) == ("org.acme:core-lib", "org.acme", "core-lib")
    assert (package.version, package.confidence, package.path) == ("1.2.0", "certain", "")
    assert package.hashes == ("sha1:" + hashlib.sha1(data).hexdigest(),)


def test_a_renamed_archive_is_still_its_only_pom() -> None:
    assert rows(read("opt/app.jar", jar(pom("org.acme", "core", "1.2.0")))) == [
        ("org.acme:core", "1.2.0", "strong", None)
    ]


def test_a_name_spelt_with_dashes_fits() -> None:
    assert one("x/geronimo-annotation-1.3-spec.jar", pom("g.s", "geronimo-annotation_1.3_spec", "1.3")).version == "1.3"


def test_shaded_copies_are_contained() -> None:
    members = {
        **pom("org.acme", "app", "2.0"),
        **pom("com.google.guava", "guava", "31.1-jre"),
        **pom("log4j", "log4j", "1.2.17"),
    }
    found = read("srv/app-2.0.jar", jar(members))
    assert rows(found) == [
        ("org.acme:app", "2.0", "certain", None),
        ("com.google.guava:guava", "31.1-jre", "strong", 0),
        ("log4j:log4j", "1.2.17", "strong", 0),
    ]
    assert found.packages[1].properties == (("java:shaded", "true"),)
    assert not found.packages[1].hashes


def test_the_pom_of_a_shaded_copy_alone_is_not_the_archives_identity() -> None:
    members = {**manifest(Implementation_Version="4.2.3"), **pom("cglib", "cglib", "3.2.12")}
    assert rows(read("usr/share/java/guice.jar", jar(members))) == [
        ("com.google.inject:guice", "4.2.3", "strong", None),
        ("cglib:cglib", "3.2.12", "strong", 0),
    ]


def test_of_several_poms_without_a_fitting_name_the_one_of_the_manifests_version_is_its_own() -> None:
    members = {**manifest(Implementation_Version="3.8.7"), **pom("org.slf4j", "slf4j-simple", "1.7.32"),
               **pom("org.apache.maven", "maven-slf4j-provider", "3.8.7")}  # fmt: skip
    assert [row[0] for row in rows(read("x/maven3-slf4j-provider.jar", jar(members)))] == [
        "org.apache.maven:maven-slf4j-provider",
        "org.slf4j:slf4j-simple",
    ]


def test_a_fat_archive_without_identity_still_shows_what_is_inside() -> None:
    found = read("srv/app.jar", jar({**pom("a.b", "c", "1"), **pom("d.e", "f", "2")}))
    assert rows(found) == [("a.b:c", "1", "strong", None), ("d.e:f", "2", "strong", None)]
    assert not found.gaps


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("x/spring-core-5.3.1.jar", {"Implementation_Version": "5.3.1"}, ("org.springframework:spring-core", "5.3.1", "strong")),
        (
            "x/spring3-core-3.x.jar",
            {"Implementation_Title": "spring-core", "Implementation_Version": "4.3.30.RELEASE"},
            ("org.springframework:spring-core", "4.3.30.RELEASE", "strong"),
        ),
        ("x/spring-boot-2.7.0.jar", {}, ("org.springframework.boot:spring-boot", "2.7.0", "weak")),
        (
            "x/thing-1.0.jar",
            {"Bundle_SymbolicName": "org.acme.thing;singleton:=true", "Bundle_Version": "1.0.0"},
            ("org.acme:thing", "1.0", "weak"),
        ),
        ("x/thing.jar", {"Implementation_Vendor_Id": "org.acme", "Specification_Version": "3"}, ("org.acme:thing", "3", "weak")),
        ("x/thing-1.0.jar", {}, ("thing:thing", "1.0", "weak")),
        ("x/p.hpi", {"Group_Id": "org.jenkins", "Plugin_Version": "1.9"}, ("org.jenkins:p", "1.9", "weak")),
        ("root/.m2/repository/org/acme/lib/1.0/lib-1.0.jar", {}, ("org.acme:lib", "1.0", "strong")),
        ("usr/share/maven-repo/acme/lib/1.0/lib-1.0.jar", {}, ("acme:lib", "1.0", "strong")),
    ],
)  # fmt: skip
def test_without_a_pom_the_repository_the_manifest_and_the_name_speak_weakly(
    path: str, fields: dict[str, str], expected: tuple[str, str, str]
) -> None:
    package = one(path, {**manifest(**fields), "A.class": b"x"})
    assert (package.name, package.version, package.confidence) == expected


def test_an_archive_of_classes_that_says_nothing_is_a_gap() -> None:
    found = read("srv/app.jar", jar({"A.class": b"x"}))
    assert not found.packages
    assert [(gap.kind, gap.path) for gap in found.gaps] == [("unknown-program", "srv/app.jar")]
    assert read("srv/resources.jar", jar({"a.txt": b"x"})) == Fragment()


def test_the_folder_of_a_pom_names_group_and_artifact_when_its_properties_do_not() -> None:
    members: dict[str, bytes | str] = {"META-INF/maven/org.acme/lib/pom.xml": "<project/>"}
    assert rows(read("x/lib-1.5.jar", jar(members))) == [("org.acme:lib", "1.5", "strong", None)]
    members = {"META-INF/maven/org.acme/lib/pom.properties": "version=${project.version}\n"}
    assert rows(read("x/lib-1.5.jar", jar(members))) == [("org.acme:lib", "1.5", "strong", None)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_nested_archives_are_contained_with_their_path(method: int) -> None:
    inner = jar(pom("org.acme", "inner", "1"))
    middle = jar({**pom("org.acme", "middle", "2"), "lib/inner-1.jar": inner}, method=method)
    war = jar(
        {**manifest(Implementation_Version="3"), "WEB-INF/lib/middle-2.jar": middle, "WEB-INF/lib/x.txt": b""},
        method=method,
    )
    found = read("srv/app.war", war)
    assert [(package.name, package.path, package.parent) for package in found.packages] == [
        ("app:app", "", None),
        ("org.acme:middle", "srv/app.war!/WEB-INF/lib/middle-2.jar", 0),
        ("org.acme:inner", "srv/app.war!/WEB-INF/lib/middle-2.jar!/lib/inner-1.jar", 1),
    ]
    assert found.packages[2].hashes == ("sha1:" + hashlib.sha1(inner).hexdigest(),)


def test_a_damaged_nested_archive_is_a_gap_and_harms_no_other() -> None:
    data = jar({"lib/bad.jar": b"no archive", "lib/good-1.jar": jar(pom("g.h", "good", "1"))})
    found = read("srv/app.jar", data)
    assert [package.name for package in found.packages] == ["g.h:good"]
    assert [(gap.kind, gap.path) for gap in found.gaps] == [("unreadable", "srv/app.jar!/lib/bad.jar")]


def test_the_greatest_depth_is_a_limit_and_said() -> None:
    data = jar(pom("g.h", "deep", "1"))
    for level in range(6):
        data = jar({f"l{level}-1.jar": data})
    found = read("srv/app-1.jar", data)
    (gap,) = found.gaps
    assert gap.kind == "limit"
    assert gap.path.count("!/") == DEFAULT_LIMITS.archive_depth_count
    assert len(found.packages) == DEFAULT_LIMITS.archive_depth_count


def test_the_budget_of_inflated_bytes_holds_for_all_levels_together() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_inflated_bytes=3_000)
    # each level is about 2,300 bytes: the first nested archive fits, the second does not
    data = jar(
        {f"lib/a{n}-1.jar": jar({"pad": bytes(2_000)}, method=zipfile.ZIP_STORED) for n in range(2)},
        method=zipfile.ZIP_STORED,
    )
    found = read("srv/app-1.jar", data, limits)
    assert [package.name for package in found.packages] == ["app:app", "a0:a0"]
    assert [(gap.kind, gap.path) for gap in found.gaps] == [("limit", "srv/app-1.jar!/lib/a1-1.jar")]


POM = """<project><parent><licenses/></parent><!-- <licenses><license><name>Wrong</name></license></licenses> -->
<licenses><license><url>u</url><name> Apache License,
   Version 2.0</name></license><license><name>MIT</name></license></licenses></project>"""


def test_licences_of_a_pom_are_a_choice() -> None:
    licence = one("x/a-1.jar", pom("g.h", "a", "1", POM.replace("<licenses/>", ""))).licence
    assert licence.expression == "Apache-2.0 OR MIT"
    assert len(licence.declared) == 2


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("BSD-3-Clause;link=https://asm.example", "BSD-3-Clause"),
        ("https://own.example/licence", ""),
    ],
)
def test_the_bundle_licence_stands_in(value: str, expression: str) -> None:
    licence = one("x/a-1.jar", {**manifest(Bundle_License=value)}).licence
    assert licence.expression == expression
    assert bool(licence.reason) != bool(expression)


def test_a_licence_file_in_the_archive_is_only_a_conclusion() -> None:
    text = "Licensed under the Apache License, Version 2.0 (the License)"
    found = one("x/a-1.jar", {**manifest(Bundle_License="https://own.example/x"), "META-INF/LICENSE.txt": text}).licence
    assert (found.expression, found.declared) == ("", ("https://own.example/x",))
    assert (found.concluded, found.confidence) == ("Apache-2.0", "strong")
    assert found.evidence == "x/a-1.jar!/META-INF/LICENSE.txt"
    said = one("x/a-1.jar", {**manifest(Bundle_License="MIT"), "META-INF/LICENSE": text}).licence
    assert (said.expression, said.concluded) == ("MIT", "")


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_archive_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read("x/a.jar", data)


@pytest.mark.parametrize("ending", ["nar", "lpkg", "rar"])
def test_plug_ins_of_nifi_and_liferay_and_resource_adapters_are_archives(ending: str) -> None:
    data = jar({"META-INF/bundled-dependencies/a-1.0.jar": jar(pom("g", "a", "1.0"))})
    assert [row[0] for row in rows(read(f"opt/x.{ending}", data))] == ["g:a"]
    assert [row[0] for row in rows(read("opt/x.ear", jar({f"x.{ending}": data})))] == ["g:a"]


def test_an_archive_of_another_kind_is_no_resource_adapter() -> None:
    assert read("opt/x.rar", b"Rar!\x1a\x07\x01\x00") == read("opt/X.RAR", b"Rar!") == read("x.rar", b"") == Fragment()


def test_too_many_entries_are_unsupported() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_entries_count=2)
    with pytest.raises(UnsupportedError):
        read("x/a.jar", jar({"a": b"", "b": b"", "c": b""}), limits)


@pytest.mark.parametrize(
    ("stem", "parts"),
    [
        ("spring-core-5.3.0-SNAPSHOT", ("spring-core", "5.3.0-SNAPSHOT")),
        ("bcprov-jdk18on-1.76", ("bcprov-jdk18on", "1.76")),
        ("log4j-1.2-api-2.17.1", ("log4j-1.2-api", "2.17.1")),
        ("netty-all-4.1.94.Final", ("netty-all", "4.1.94.Final")),
        ("foo-1.0-beta-2.1", ("foo", "1.0-beta-2.1")),
        ("guava-31.1-jre", ("guava", "31.1-jre")),
        ("tools", ("tools", "")),
        ("jsr305", ("jsr305", "")),
        ("1.0", ("1.0", "")),
    ],
)
def test_a_file_name_divides_into_name_and_version(stem: str, parts: tuple[str, str]) -> None:
    assert split_stem(stem) == parts


def test_manifests_continue_lines_and_end_at_the_first_section() -> None:
    text = b"Manifest-Version: 1.0\rLong: a\r b\nBundle-Name: x\n\nName: s\nBundle-Name: y\n"
    assert read_manifest(text) == {"manifest-version": "1.0", "long": "ab", "bundle-name": "x"}


def test_properties_need_plain_values() -> None:
    text = b"# groupId=no\ngroupId : a.b\r\n artifactId=c\nversion=${v}\nother=1\n"
    assert read_pom_properties(text) == {"groupId": "a.b", "artifactId": "c"}
    assert read_pom_properties(b"version=../../x y") == {}


def test_a_pom_without_licences_has_none() -> None:
    assert pom_licences(b"<project><licenses></licenses></project>") == ()
    assert pom_licences(b"") == ()
