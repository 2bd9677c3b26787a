"""What a Java archive says of itself: manifest, `pom.properties`, licences of `pom.xml`, its file name.

JAR File Specification, "Manifest specification"; `java.util.Properties`; Maven POM reference, "Licenses".
"""

import re

from assay.model.patterns import lazy

_PROPERTY = lazy(rb"^[ \t\f]*(groupId|artifactId|version)[ \t\f]*[=:]([^\r\n]*)", re.MULTILINE)
_STEM = lazy(r"(?P<name>[A-Za-z_].*?)-(?P<version>\d.*)")
_LATER = lazy(
    r"-(?!alpha|beta|rc|cr|snapshot|milestone|release|final|ga|b\d|m\d)[A-Za-z]\w*-(\d+\.\d.*)$", re.IGNORECASE
)
_PLAIN = lazy(r"[A-Za-z0-9_][A-Za-z0-9_.+~-]*")
_LICENCE_TEXTS, _LICENCE_CHARACTERS = 10, 500


def read_manifest(data: bytes) -> dict[str, str]:
    """The main section: names in lower case to values; a line that begins with a blank continues the one before."""
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n\n")[0]
    fields: dict[str, str] = {}
    for line in text.replace(b"\n ", b"").split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.decode("latin-1").strip().lower(), value.decode("utf-8", "replace").strip())
    return fields


def read_pom_properties(data: bytes) -> dict[str, str]:
    """`groupId`, `artifactId` and `version`; values that were never filled in (`${…}`) are left out."""
    found: dict[str, str] = {}
    for key, value in _PROPERTY.findall(data):
        text = value.strip().decode("utf-8", "replace")
        if coordinate(text):
            found[key.decode("ascii")] = text
    return found


def coordinate(text: str) -> bool:
    """Whether a text can be a group, an artifact or a version."""
    return len(text) <= 500 and _PLAIN.fullmatch(text) is not None


def pom_licences(data: bytes) -> tuple[str, ...]:
    """Names of the licences of a `pom.xml`, of which one may choose.

    Searches, each from where the last ended, instead of an XML reader: no entities, no recursion, linear in time.
    """
    block = _between(_without_comments(data), b"<licenses>", b"</licenses>")
    names = [_between(part, b"<name>", b"</name>") for part in block.split(b"<license>", _LICENCE_TEXTS)[1:]]
    texts = [" ".join(name[:_LICENCE_CHARACTERS].decode("utf-8", "replace").split()) for name in names]
    return tuple(text for text in texts if text)


def _between(data: bytes, start: bytes, end: bytes) -> bytes:
    """What stands between the first `start` and the next `end`; empty when either is missing."""
    _, found, rest = data.partition(start)
    inner, closed, _ = rest.partition(end)
    return inner if found and closed else b""


def _without_comments(data: bytes) -> bytes:
    parts, at = [], 0
    while (opened := data.find(b"<!--", at)) >= 0:
        parts.append(data[at:opened])
        closed = data.find(b"-->", opened)
        if closed < 0:
            return b"".join(parts)
        at = closed + 3
    return b"".join([*parts, data[at:]])


def split_stem(stem: str) -> tuple[str, str]:
    """`name-1.2.3` into name and version; version empty when there is none.

    >>> split_stem("log4j-1.2-api-2.17.1")
    ('log4j-1.2-api', '2.17.1')
    >>> split_stem("guava-31.1-jre")
    ('guava', '31.1-jre')
    """
    match = _STEM.fullmatch(stem)
    if match is None:
        return stem, ""
    later = _LATER.search(match["version"])
    if later is None:
        return match["name"], match["version"]
    return stem[: len(stem) - len(later[1]) - 1], later[1]
