"""Debian's Maven repository names jars that do not name themselves; nothing else is touched."""

import pytest

from assay.dependencies.cataloger import Fragment, Note, Package, Sighting
from assay.dependencies.maven_repository import FOLDER, with_coordinates, witnessed

LISTED = [
    b"usr/share/java/tomcat9-i18n-de.jar",
    b"usr/share/maven-repo/org/apache/tomcat/tomcat-i18n-de/9.0.70/tomcat-i18n-de-9.0.70.jar",
    b"usr/share/maven-repo/org/apache/tomcat/tomcat-i18n-de/debian/tomcat-i18n-de-debian.jar",
    b"usr/share/maven-repo/org/apache/tomcat/tomcat-i18n-de/9.x/tomcat-i18n-de-9.x.jar",
    b"usr/share/maven-repo/org/apache/tomcat/tomcat-i18n-de/9.0.70/tomcat-i18n-de-9.0.70.pom",
]


def jar(artifact: str, version: str, confidence: str = "weak", path: str = "usr/share/java/x.jar") -> Sighting:
    package = Package(
        ecosystem="maven", name=f"guess:{artifact}", version=version, namespace="guess", purl_name=artifact,
        confidence=confidence,  # type: ignore[arg-type]
    )  # fmt: skip
    return Sighting(cataloguer="java", path=path, layer=0, removed_by=None, fragment=Fragment(packages=(package,)))


def lists(*notes: Note, removed_by: int | None = None) -> Sighting:
    path = "var/lib/dpkg/info/libtomcat9-java.list"
    return Sighting(cataloguer="dpkg", path=path, layer=0, removed_by=removed_by, fragment=Fragment(notes=notes))


def name_of(sightings: list[Sighting]) -> str:
    return next(s.fragment.packages[0].name for s in sightings if s.fragment.packages)


def test_only_exact_versions_bear_witness() -> None:
    assert list(witnessed(LISTED)) == [Note(FOLDER, "tomcat-i18n-de-9.0.70", "org.apache.tomcat:tomcat-i18n-de:9.0.70")]


@pytest.mark.parametrize(
    "path",
    [b"usr/share/maven-repo/a.jar", b"usr/share/maven-repo/g/a/1/b-1.jar", b"usr/share/maven-repo/g/a b/1/a b-1.jar"],
)
def test_odd_places_bear_none(path: bytes) -> None:
    assert not list(witnessed([path]))


def test_a_guessed_name_gives_way_and_the_notes_are_used_up() -> None:
    found = with_coordinates([lists(*witnessed(LISTED)), jar("tomcat9-i18n-de", "9.0.70")])
    package = found[1].fragment.packages[0]
    assert (package.name, package.version, package.confidence) == (
        "org.apache.tomcat:tomcat-i18n-de", "9.0.70", "strong",
    )  # fmt: skip
    assert package.namespace == "org.apache.tomcat"
    assert not found[0].fragment.notes


@pytest.mark.parametrize(
    "sighting",
    [
        jar("tomcat9-i18n-de", "9.0.71"),
        jar("tomcat9-i18n-de", "9.0.70", confidence="certain"),
        jar("tomcat9-i18n-de", "9.0.70", path="srv/app/lib/x.jar"),
        jar("tomcat9-i18n-fr", "9.0.70"),
    ],
    ids=["another version", "names itself", "elsewhere", "another artifact"],
)
def test_what_the_witness_does_not_speak_of_keeps_its_name(sighting: Sighting) -> None:
    assert name_of(with_coordinates([lists(*witnessed(LISTED)), sighting])) == sighting.fragment.packages[0].name


def test_a_removed_list_and_two_answers_count_as_none() -> None:
    notes = list(witnessed(LISTED))
    guess = jar("tomcat9-i18n-de", "9.0.70")
    assert name_of(with_coordinates([lists(*notes, removed_by=1), guess])) == "guess:tomcat9-i18n-de"
    other = Note(FOLDER, notes[0].name, "org.other:tomcat-i18n-de:9.0.70")
    assert name_of(with_coordinates([lists(*notes, other), guess])) == "guess:tomcat9-i18n-de"
