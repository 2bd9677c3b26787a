"""Alpine's security database: one JSON document a release and repository, packages with the versions that fixed ids.

`secfixes` maps a version to the ids it fixed; version `0` says that the package never was affected. Distributions
without releases (Wolfi, Chainguard) publish the same form and name no release.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from assay.formats.feeds.told import CVE, NAME_CHARACTERS, Told, Unaffected, refused
from assay.model.advisory import Advisory, Affected, VersionRange
from assay.model.errors import MalformedError

_RELEASE = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}|edge")
_OTHER = re.compile(r"[A-Z][A-Z0-9]*-[A-Za-z0-9.:-]{1,100}")
_ELSEWHERE = re.compile(r"(?:GHSA|GO|RUSTSEC|PYSEC)-[A-Za-z0-9-]{1,60}")
"""Ids of one flaw in databases of others, which may know its CVE; ids of bulletins (XSA) name several."""
NEVER = "0"


class _Package(msgspec.Struct):
    name: str
    secfixes: dict[str, list[str] | None] | None = None


class _Item(msgspec.Struct):
    pkg: _Package


class _Document(msgspec.Struct):
    packages: list[_Item]
    distroversion: str = ""
    reponame: str = ""


def parse(data: bytes, *, feed: str, where: str, rolling: str = "") -> tuple[str, Iterator[Told | MalformedError]]:
    """The ecosystem (`Alpine:v3.20`), and a record for each id, or why a package's entry is refused.

    `rolling` is the ecosystem of a distribution without releases, whose document this must be.

    Raises:
        MalformedError: not such a document, or a release that is none.
    """
    try:
        found = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refused("not an Alpine security database", where, str(error)) from error
    if bool(rolling) == bool(found.distroversion) or not (rolling or _RELEASE.fullmatch(found.distroversion)):
        raise refused("not an Alpine release", where, repr(found.distroversion[:50]))
    ecosystem = rolling or f"Alpine:{found.distroversion}"
    return ecosystem, _records(found.packages, ecosystem, feed, where)


def _records(items: list[_Item], ecosystem: str, feed: str, where: str) -> Iterator[Told | MalformedError]:
    """By id, so that one that concerns many packages is one record."""
    fixes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item in items:
        name = item.pkg.name
        if not name or len(name) > NAME_CHARACTERS:
            yield refused("not a package's name", where, repr(name[:50]))
            continue
        for version, texts in (item.pkg.secfixes or {}).items():
            for text in texts or ():
                identifiers = _ids(text)
                if not identifiers:
                    yield refused("not an id", f"{where} {name[:100]} {version[:50]}", repr(text[:50]))
                for identifier in identifiers:
                    fixes[identifier][name].add(version)
    for identifier in sorted(fixes):
        yield _told(identifier, fixes[identifier], ecosystem, feed)


def _ids(text: str) -> list[str]:
    """Ids of one entry: other names of one flaw stand beside it, remarks behind it in brackets."""
    words = text.partition("(")[0].replace(",", " ").split()
    return [word for word in words if _OTHER.fullmatch(word)]


def _told(identifier: str, packages: dict[str, set[str]], ecosystem: str, feed: str) -> Told:
    never = [name for name, versions in packages.items() if versions == {NEVER}]
    fixed = {name: sorted(versions - {NEVER}) for name, versions in packages.items() if versions != {NEVER}}
    affected = tuple(
        Affected(
            ecosystem=ecosystem, name=name, state="fixed",
            ranges=tuple(VersionRange(fixed=version) for version in versions),
        )
        for name, versions in sorted(fixed.items())
    )  # fmt: skip
    upstream = (identifier,) if CVE.fullmatch(identifier) else ()
    aliases = (identifier,) if _ELSEWHERE.fullmatch(identifier) else ()
    own = _own(identifier, ecosystem.partition(":")[0].upper())
    advisory = Advisory(id=own, feed=feed, upstream=upstream, aliases=aliases, affected=affected)
    return Told(
        advisory=advisory if affected else None,
        unaffected=tuple(Unaffected(ecosystem, name, identifier, "never-affected") for name in sorted(never)),
    )


def _own(identifier: str, prefix: str) -> str:
    return identifier if identifier.startswith(f"{prefix}-") else f"{prefix}-{identifier}"
