"""Maven: `pom.xml` of a source tree (Maven POM reference).

A POM is no lock file: it names direct dependencies, often with versions that only its parents or imported POMs know,
and nothing of what those need in turn. So each POM with dependencies leaves a gap that says what could not be known.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.xmlevents import read_xml
from assay.formats.javameta import coordinate
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_NO_LICENCE = Licence(reason="a dependency in pom.xml records no licence")
_VARIABLE = lazy(r"\$\{([^${}]{1,200})\}")
_DEPTH = 64
_ROUNDS = 8
"""A property may name another; a circle ends here."""
_EXACT = lazy(r"\[([^\[\](),]+)\]")
_DEPENDENCIES = ("project", "dependencies", "dependency")
_MANAGED = ("project", "dependencyManagement", "dependencies", "dependency")
_FIELDS = frozenset(["groupId", "artifactId", "version", "scope", "optional", "type", "classifier"])
_OWN = frozenset(["groupId", "artifactId", "version"])

Fields = dict[str, str]


class _Pom(msgspec.Struct):
    own: Fields = msgspec.field(default_factory=dict)
    parent: Fields = msgspec.field(default_factory=dict)
    properties: Fields = msgspec.field(default_factory=dict)
    dependencies: list[Fields] = msgspec.field(default_factory=list)
    managed: list[Fields] = msgspec.field(default_factory=list)


def catalogue(file: File) -> Fragment:
    """The direct dependencies of one POM; in an image it is a wish, and nothing is read.

    Returns:
        A package for each; without a version, weakly, where this file alone does not tell it (`maven:unresolved`).

    Raises:
        MalformedError: not XML, a document type declaration, or no `project`.
    """
    if file.installed:
        return Fragment()
    pom = _read(file)
    found = tuple(_packages(pom))
    if not found:
        return Fragment()
    open_ = sum(1 for package in found if not package.version)
    reason = (
        f"pom.xml is no lock file: {len(found)} direct dependencies, {open_} of them without a version here; "
        "what they need in turn is not known"
    )
    return Fragment(packages=found, gaps=(Gap("unsupported", file.path, None, reason, "pom"),))


def _read(file: File) -> _Pom:
    """XML without document type declarations, so without entities; no recursion."""
    pom, stack, text = _Pom(), list[str](), list[str]()

    def start(tag: str, _attributes: Mapping[str, str]) -> None:
        if len(stack) == _DEPTH:
            raise _bad(file, f"nested deeper than {_DEPTH}")
        stack.append(tag.rpartition(":")[2])
        text.clear()
        if tuple(stack) == _DEPENDENCIES:
            pom.dependencies.append({})
        elif tuple(stack) == _MANAGED:
            pom.managed.append({})

    def end(_tag: str) -> None:
        _take(pom, stack, "".join(text).strip())
        stack.pop()
        text.clear()

    read_xml(file.data(), partial(_bad, file), start=start, end=end, text=text.append)
    return pom


def _take(pom: _Pom, stack: list[str], value: str) -> None:
    """The text of the element that ends here, where it is one of the few that matter."""
    *above, name = stack
    place = tuple(above)
    if place == ("project",) and name in _OWN:
        pom.own[name] = value
    elif place == ("project", "parent") and name in _OWN:
        pom.parent[name] = value
    elif place == ("project", "properties"):
        pom.properties[name] = value
    elif place == _DEPENDENCIES and name in _FIELDS:
        pom.dependencies[-1][name] = value
    elif place == _MANAGED and name in _FIELDS:
        pom.managed[-1][name] = value


def _packages(pom: _Pom) -> Iterator[Package]:
    known = _known(pom)
    managed = {(_value(row, "groupId", known), _value(row, "artifactId", known)): row for row in pom.managed}
    for row in pom.dependencies:
        group, artifact = _value(row, "groupId", known), _value(row, "artifactId", known)
        if not (coordinate(group) and coordinate(artifact)):
            continue
        asked = {**managed.get((group, artifact), {}), **row}
        said = _value(asked, "version", known)
        exact = _EXACT.fullmatch(said)
        version = exact[1].strip() if exact else said
        resolved = coordinate(version)
        facts = {
            "maven:optional": "true" if _value(asked, "optional", known) == "true" else "",
            "maven:scope": _value(asked, "scope", known),
            "maven:unresolved": "" if resolved else said[:100] or "no version here",
        }
        yield Package(
            ecosystem="maven",
            name=f"{group}:{artifact}",
            version=version if resolved else "",
            namespace=group,
            purl_name=artifact,
            licence=_NO_LICENCE,
            properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
            kind="lock-file",
            confidence="strong" if resolved else "weak",
        )


def _known(pom: _Pom) -> Fields:
    """Properties, and the project's own coordinates, which it may inherit from its parent."""
    own = {**pom.parent, **pom.own}
    named = {f"{prefix}{key}": value for prefix in ("project.", "pom.") for key, value in own.items()}
    above = {f"project.parent.{key}": value for key, value in pom.parent.items()}
    return {**named, **above, **pom.properties}


def _value(row: Fields, key: str, known: Fields) -> str:
    """A field with its variables filled in as far as this file knows them."""
    text = row.get(key, "")
    for _ in range(_ROUNDS):
        filled = _VARIABLE.sub(lambda match: known.get(match[1], match[0]), text)
        if filled == text or len(filled) > 1_000:
            break
        text = filled
    return text


def _bad(file: File, why: str) -> MalformedError:
    return MalformedError("not a readable pom.xml", where=file.path, why=why, remedy="ask its author for a valid one")


CATALOGUER = Cataloguer(
    name="pom",
    version=1,
    ecosystem="maven",
    wants=Wanted(names=frozenset(["pom.xml"]), limit="description_bytes"),
    catalogue=catalogue,
)
