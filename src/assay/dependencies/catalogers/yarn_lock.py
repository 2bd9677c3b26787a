"""Yarn: `yarn.lock`, classic (version 1, a form of its own) and berry (versions 2 and later, YAML).

Yarn documentation, "yarn.lock". A lock of either kind names no groups. Berry's `checksum` is that of Yarn's own
archive, not of the published package: it is kept as `npm:yarn-checksum` and never taken for a hash.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from assay.dependencies import lockfiles
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.lockfiles import Locked, table, text
from assay.formats import yamlsubset
from assay.model.patterns import lazy

_METADATA = "__metadata"
_PIECE = lazy(r'"((?:[^"\\]|\\.)*+)"|([^\s",:][^\s",]*)')
_SHA1 = lazy(r"[0-9a-f]{40}")
_EDGES = ("dependencies", "optionalDependencies")
_PROJECT = ("workspace:", "link:", "portal:")
_NAMED = lazy(r"(@[^@/]+/[^@]+|[^@]+)@(.*)", re.DOTALL)


def catalogue(file: File) -> Fragment:
    """One `yarn.lock`.

    Raises:
        MalformedError: neither of the two forms.
        UnsupportedError: more entries than `packages_count`.
    """
    if "node_modules/" in file.path:
        return Fragment()  # published inside a package: Yarn does not obey it there
    data = file.data()
    if b"\n__metadata:" in data or data.startswith(b"__metadata:"):
        return Fragment(packages=lockfiles.packages(file, "npm", _berry(data, file)))
    return Fragment(packages=lockfiles.packages(file, "npm", _classic(data, file)))


def _berry(data: bytes, file: File) -> Iterator[Locked]:
    documents = yamlsubset.loads(data, where=file.path, limit=file.limits.lock_file_bytes)
    lock = documents[0] if len(documents) == 1 else None
    if not isinstance(lock, dict):
        raise lockfiles.malformed(file, "yarn.lock", "not one table")
    resolved = {wanted: _identity(body) for key, body in lock.items() for wanted in key.split(", ")}
    for key, value in lock.items():
        body = table(value)
        resolution = text(body, "resolution")
        if key == _METADATA or any(f"@{kind}" in resolution for kind in _PROJECT):
            continue
        name, version = _identity(body)
        if not name:
            raise lockfiles.malformed(file, "yarn.lock", f"an entry without resolution: {key[:100]!r}")
        checksum = text(body, "checksum")
        yield Locked(
            name=name,
            version=version,
            commit=lockfiles.url_commit(resolution),
            depends=tuple(sorted(set(_berry_edges(body, resolved)))),
            provides=(f"{name}@{version}",),
            properties=(("npm:yarn-checksum", checksum[:200]),) if checksum else (),
        )


def _identity(value: Any) -> tuple[str, str]:
    """Name from the resolution (an alias resolves to what it stands for), version from its own field."""
    body = table(value)
    match = _NAMED.fullmatch(text(body, "resolution"))
    if match is None:
        return "", ""
    name, version = match[1], text(body, "version")
    return name, "" if version == "0.0.0-use.local" else version


def _berry_edges(body: Mapping[str, Any], resolved: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for kind in _EDGES:
        for name, wanted in table(body.get(kind)).items():
            descriptor = f"{name}@{wanted}"
            found = resolved.get(descriptor) or resolved.get(f"{name}@npm:{wanted}")
            yield "@".join(found) if found and found[0] and found[1] else name


def _classic(data: bytes, file: File) -> Iterator[Locked]:
    entries = list(_classic_entries(data, file))
    resolved = {
        wanted: (_classic_name(wanted), text(body, "version")) for wanteds, body in entries for wanted in wanteds
    }
    for wanteds, body in entries:
        name, version, url = _classic_name(wanteds[0]), text(body, "version"), text(body, "resolved")
        if not version:
            raise lockfiles.malformed(file, "yarn.lock", f"an entry without version: {wanteds[0][:100]!r}")
        fragment = url.partition("#")[2]
        archive = url.partition("#")[0].endswith((".tgz", ".tar.gz")) and not url.startswith("git")
        sha1 = (f"sha1:{fragment}",) if archive and _SHA1.fullmatch(fragment) else ()
        yield Locked(
            name=name,
            version=version,
            hashes=tuple(sorted({*lockfiles.integrity(text(body, "integrity")), *sha1})),
            commit="" if sha1 else lockfiles.url_commit(url),
            depends=tuple(sorted(set(_classic_edges(body, resolved)))),
            provides=(f"{name}@{version}",),
        )


def _classic_edges(body: Mapping[str, Any], resolved: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for kind in _EDGES:
        for name, wanted in table(body.get(kind)).items():
            yield "@".join(resolved.get(f"{name}@{wanted}", ())) or name


def _classic_name(wanted: str) -> str:
    """`name@range`, or `alias@npm:name@range`."""
    match = _NAMED.fullmatch(wanted)
    if match is None:
        return wanted
    real = _NAMED.fullmatch(unquote(match[2].removeprefix("npm:"))) if match[2].startswith("npm:") else None
    return real[1] if real else match[1]


def _classic_entries(data: bytes, file: File) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """What an entry is wanted as, and its fields: two levels of indentation, `name value` on a line."""
    try:
        lines = data.decode("utf-8").removeprefix("\ufeff").splitlines()
    except UnicodeDecodeError as error:
        raise lockfiles.malformed(file, "yarn.lock", f"not UTF-8 at byte {error.start}") from error
    wanteds: tuple[str, ...] = ()
    body: dict[str, Any] = {}
    inner: dict[str, Any] = body
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        pieces = _pieces(line.strip(), number, file)
        opens = line.endswith(":")
        if indent == 0 and opens:
            if wanteds:
                yield wanteds, body
            wanteds, body = tuple(pieces), {}
        elif indent == 2 and opens and wanteds and len(pieces) == 1:
            inner = body.setdefault(pieces[0], {})
            if not isinstance(inner, dict):
                raise lockfiles.malformed(file, "yarn.lock", f"line {number}: a field given twice")
        elif indent in (2, 4) and not opens and wanteds and len(pieces) == 2:
            (body if indent == 2 else inner)[pieces[0]] = pieces[1]
        else:
            raise lockfiles.malformed(file, "yarn.lock", f"line {number} is neither an entry nor a field")
    if wanteds:
        yield wanteds, body


def _pieces(line: str, number: int, file: File) -> list[str]:
    """Quoted and bare words of a line, without the commas between them and the colon at the end."""
    found: list[str] = []
    rest = line.removesuffix(":")
    at = 0
    while at < len(rest):
        if rest[at] in " ,":
            at += 1
            continue
        match = _PIECE.match(rest, at)
        if match is None:
            raise lockfiles.malformed(file, "yarn.lock", f"line {number} holds no words")
        found.append(match[1].replace('\\"', '"').replace("\\\\", "\\") if match[2] is None else match[2])
        at = match.end()
    if not found:
        raise lockfiles.malformed(file, "yarn.lock", f"line {number} holds no words")
    return found


CATALOGUER = Cataloguer(
    name="yarn-lock",
    version=1,
    ecosystem="npm",
    wants=Wanted(names=frozenset(["yarn.lock"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
