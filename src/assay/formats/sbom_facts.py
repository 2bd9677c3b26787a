"""What SBOM formats have no field for, as named texts: the `assay:` properties, the same in CycloneDX and SPDX.

A document of ours carries `assay:format` = `1` among its document facts; with them `read(write(inventory))` equals the
inventory. CycloneDX holds them as `properties` (of `metadata`, of each component), SPDX as one annotation each whose
comment is `assay:facts:1 ` and a JSON array of [name, value] pairs.

| fact of a component | value |
|---|---|
| `assay:ecosystem` | only where it is not the purl's type |
| `assay:source:name`, `assay:source:version` | the distribution's source package |
| `assay:architecture`, `assay:cataloguer`, `assay:owner` | as in the model; `owner` is a component key |
| `assay:introduced`, `assay:removed-by` | layer indexes |
| `assay:licence:declared` | one each: the raw texts |
| `assay:licence:reason` | why there is no expression |
| `assay:licence:conclusion` | JSON array [confidence, method, evidence] of the concluded expression |
| `assay:hash` | one each, where the format knows no such algorithm |
| `assay:property:NAME` | a fact of the ecosystem |
| `assay:scope` | what its `depends_on` are for, where they have a scope and `assay:scope:edge` says nothing else |
| `assay:scope:edge` | one each: JSON array [kind, target's key, scope] |
| `assay:relation:contains`, `…:owned_by`, `…:built_from` | one each: the target's key (in CycloneDX) |
| `assay:key`, `assay:maintainer`, `assay:supplier` | as in the model (in SPDX) |
| `assay:occurrence` | one each: JSON array [path, layer, kind, confidence] (in SPDX, and in CycloneDX before 1.6) |

| fact of the document | value |
|---|---|
| `assay:format` | `1` |
| `assay:created` | time of the subject itself |
| `assay:subject:…` | `name`, `kind`, `digest`, `index`, `media-type`, `os`, `architecture`, `variant` |
| `assay:distro:…` | `id`, `version-id`, `codename`, `name`, `id-like` (one each) |
| `assay:property:NAME` | a fact of the image's config |
| `assay:base` | JSON object as in the report |
| `assay:layer`, `assay:gap`, `assay:lock` | one each: JSON object as in the report |
| `assay:relation` | JSON array [source, kind, target] or [source, kind, target, scope]: an end is no component of it |
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, cast

import msgspec

from assay.formats.digests import LAYER_FIELDS, parted, plain
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Layer, Platform, Subject
from assay.model.inventory import (
    BaseImage,
    Component,
    Confidence,
    Distro,
    Gap,
    Inventory,
    Licence,
    Occurrence,
    Relation,
    RelationKind,
    SourcePackage,
)
from assay.model.lock import LockState

Facts = list[tuple[str, str]]
BesideKind = Literal["contains", "owned_by", "built_from"]
"""Relations the formats' dependency graph does not hold."""

FORMAT, VERSION = "assay:format", "1"
_PROPERTY = "assay:property:"
_RELATION = "assay:relation:"
_KINDS: dict[str, BesideKind] = {
    "assay:relation:contains": "contains",
    "assay:relation:owned_by": "owned_by",
    "assay:relation:built_from": "built_from",
}
_COMPONENT_MANY = frozenset({"assay:licence:declared", "assay:hash", "assay:occurrence", "assay:scope:edge", *_KINDS})
_COMPONENT_ONE = frozenset(
    f"assay:{name}"
    for name in [
        "key",
        "ecosystem",
        "source:name",
        "source:version",
        "architecture",
        "cataloguer",
        "owner",
        "introduced",
        "removed-by",
        "scope",
        "licence:reason",
        "licence:conclusion",
        "maintainer",
        "supplier",
    ]
)
_DOCUMENT_MANY = frozenset({"assay:distro:id-like", "assay:layer", "assay:gap", "assay:lock", "assay:relation"})
_DOCUMENT_ONE = frozenset(
    f"assay:{name}"
    for name in [
        "format",
        "created",
        "subject:name",
        "subject:kind",
        "subject:digest",
        "subject:index",
        "subject:media-type",
        "subject:os",
        "subject:architecture",
        "subject:variant",
        "distro:id",
        "distro:version-id",
        "distro:codename",
        "distro:name",
        "base",
    ]
)


_NONE: Mapping[tuple[str, str], str] = MappingProxyType({})


class ComponentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A component's facts, read: ready to be joined with what the format has fields for."""

    one: Mapping[str, str]
    properties: tuple[tuple[str, str], ...] = ()
    hashes: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    relations: tuple[tuple[BesideKind, str], ...] = ()
    scopes: Mapping[tuple[str, str], str] = _NONE
    """(kind, target) → scope, of the edges whose scope is not the usual one."""

    def relation(self, source: str, kind: RelationKind, target: str) -> Relation:
        """An edge from the component, with its scope."""
        usual = self.one.get("assay:scope", "") if kind == "depends_on" else ""
        if not self.scopes:
            return Relation(source, kind, target, usual)
        return Relation(source, kind, target, self.scopes.get((kind, target), usual))

    def component(
        self,
        *,
        key: str,
        name: str,
        version: str,
        purl: str,
        maintainer: str,
        supplier: str,
        expression: str,
        concluded: str,
        hashes: tuple[str, ...],
        occurrences: tuple[Occurrence, ...],
        where: str,
    ) -> Component:
        """The component: what the format has fields for, joined with the facts."""
        one = self.one
        get = one.get
        source = None
        if "assay:source:name" in one:
            source = SourcePackage(one["assay:source:name"], one.get("assay:source:version", ""))
        return Component(
            key=key,
            purl=purl,
            ecosystem=get("assay:ecosystem", purl_type(purl)),
            name=name,
            version=version,
            source=source,
            architecture=get("assay:architecture", ""),
            licence=self._licence(expression, concluded, where),
            maintainer=maintainer,
            supplier=supplier,
            cataloguer=get("assay:cataloguer", ""),
            introduced=_index(get("assay:introduced"), where),
            removed_by=_index(get("assay:removed-by"), where),
            owner=get("assay:owner", ""),
            hashes=hashes,
            occurrences=occurrences,
            properties=self.properties,
        )

    def _licence(self, expression: str, concluded: str, where: str) -> Licence:
        text, reason = self.one.get("assay:licence:conclusion"), self.one.get("assay:licence:reason", "")
        if text is None:  # as nearly always: nothing to be checked
            return Licence(expression=expression, declared=self.declared, concluded=concluded, reason=reason)
        confidence, method, evidence = _load(text, _THREE, where)
        value = {"expression": expression, "declared": self.declared, "concluded": concluded, "confidence": confidence}
        value |= {"reason": reason, "method": method, "evidence": evidence}
        return cast(Licence, _fit(value, Licence, where))


def purl_type(purl: str) -> str:
    """The type of a package URL as it stands in the text, "" without one."""
    return purl[4 : purl.find("/")] if purl.startswith("pkg:") and "/" in purl else ""


def of_component(component: Component) -> Facts:
    """The facts every format lacks a field for; key, maintainer, hashes, occurrences, relations are the format's."""
    c = component
    facts: Facts = []
    if c.ecosystem != purl_type(c.purl):
        facts.append(("assay:ecosystem", c.ecosystem))
    if c.source is not None:
        facts += (("assay:source:name", c.source.name), ("assay:source:version", c.source.version))
    if c.architecture:
        facts.append(("assay:architecture", c.architecture))
    if c.cataloguer:
        facts.append(("assay:cataloguer", c.cataloguer))
    if c.owner:
        facts.append(("assay:owner", c.owner))
    if c.introduced is not None:
        facts.append(("assay:introduced", str(c.introduced)))
    if c.removed_by is not None:
        facts.append(("assay:removed-by", str(c.removed_by)))
    licence = c.licence
    if licence.declared:
        facts += [("assay:licence:declared", text) for text in licence.declared]
    if licence.reason:
        facts.append(("assay:licence:reason", licence.reason))
    if licence.confidence or licence.method or licence.evidence:
        conclusion = [licence.confidence, licence.method, licence.evidence]
        facts.append(("assay:licence:conclusion", _dump(conclusion)))
    if c.properties:
        facts += [(_PROPERTY + name, value) for name, value in c.properties]
    return facts


def of_relation(relation: Relation) -> tuple[str, str]:
    """A relation as a fact of its source."""
    return _RELATION + relation.kind, relation.target


def of_scopes(relations: Iterable[Relation]) -> dict[str, Facts]:
    """Source → the facts about its edges' scopes; the scope most of its `depends_on` have is said once."""
    by_source: dict[str, list[Relation]] = defaultdict(list)
    for relation in relations:
        by_source[relation.source].append(relation)
    return {source: facts for source, edges in by_source.items() if (facts := _scopes(edges))}


def _scopes(edges: Iterable[Relation]) -> Facts:
    counts: dict[str, int] = {}
    for edge in edges:
        if edge.kind == "depends_on":
            counts[edge.scope] = counts.get(edge.scope, 0) + 1
    usual = min(counts, key=lambda scope: (-counts[scope], scope), default="")
    facts = [("assay:scope", usual)] if usual else []
    for edge in edges:
        if edge.scope != (usual if edge.kind == "depends_on" else ""):
            facts.append(("assay:scope:edge", _dump([edge.kind, edge.target, edge.scope])))
    return facts


def of_occurrence(occurrence: Occurrence) -> tuple[str, str]:
    """An occurrence as a fact."""
    return "assay:occurrence", _dump([occurrence.path, occurrence.layer, occurrence.kind, occurrence.confidence])


def read_component(pairs: Iterable[tuple[str, str]], where: str) -> ComponentFacts:
    """A component's facts.

    Raises:
        MalformedError: an unknown name, a name twice, a value of the wrong form.
    """
    one, many, properties = _sort(pairs, _COMPONENT_ONE, _COMPONENT_MANY, where)
    if not many:
        return ComponentFacts(one=one, properties=tuple(properties))
    declared = tuple(many.pop("assay:licence:declared", ()))
    if not many:  # as nearly always in CycloneDX
        return ComponentFacts(one=one, properties=tuple(properties), declared=declared)
    return ComponentFacts(
        one=one,
        properties=tuple(properties),
        hashes=tuple(many.get("assay:hash", ())),
        declared=declared,
        occurrences=tuple([Occurrence(*_load(text, _OCCURRENCE, where)) for text in many.get("assay:occurrence", ())]),
        relations=tuple([(_KINDS[name], key) for name in _KINDS if name in many for key in many[name]]),
        scopes={
            (kind, target): scope
            for text in many["assay:scope:edge"]
            for kind, target, scope in [_load(text, _THREE, where)]
        }
        if "assay:scope:edge" in many
        else _NONE,
    )


def of_inventory(inventory: Inventory, unplaced: Iterable[Relation]) -> Facts:
    """The facts of the document; `unplaced` are the relations the format could not place."""
    subject, distro, platform = inventory.subject, inventory.distro, inventory.subject.platform
    facts = [
        (FORMAT, VERSION),
        ("assay:created", inventory.created),
        ("assay:subject:name", subject.name),
        ("assay:subject:kind", subject.kind),
        ("assay:subject:digest", str(subject.digest or "")),
        ("assay:subject:index", str(subject.index or "")),
        ("assay:subject:media-type", subject.media_type),
    ]
    facts = [(name, value) for name, value in facts if value]
    if platform is not None:
        facts.append(("assay:subject:os", platform.os))
        facts.append(("assay:subject:architecture", platform.architecture))
        facts.append(("assay:subject:variant", platform.variant))
    if distro is not None:
        facts.append(("assay:distro:id", distro.id))
        facts.append(("assay:distro:version-id", distro.version_id))
        facts.append(("assay:distro:codename", distro.codename))
        facts.append(("assay:distro:name", distro.name))
        facts += [("assay:distro:id-like", text) for text in distro.id_like]
    facts += [(_PROPERTY + name, value) for name, value in inventory.properties]
    if inventory.base is not None:
        facts.append(("assay:base", _dump(msgspec.to_builtins(inventory.base))))
    facts += [("assay:layer", _dump(plain(layer))) for layer in inventory.layers]
    facts += [("assay:gap", _dump(msgspec.to_builtins(gap))) for gap in inventory.gaps]
    facts += [("assay:lock", _dump(msgspec.to_builtins(lock))) for lock in inventory.locks]
    return facts + [("assay:relation", _dump([r.source, r.kind, r.target, *filter(None, [r.scope])])) for r in unplaced]


def read_inventory(pairs: Iterable[tuple[str, str]], where: str) -> Inventory:
    """The document's facts as an inventory without components; its relations are the unplaced ones.

    Raises:
        MalformedError: an unknown name, a name twice, a value of the wrong form.
        UnsupportedError: another version of these facts.
    """
    pairs = list(pairs)
    version = dict(pairs).get(FORMAT)
    if version != VERSION:
        raise UnsupportedError(
            "an SBOM of another version of Assay",
            where=where,
            why=f"{FORMAT} is {str(version)[:20]!r}",
            remedy="update Assay",
        )
    one, many, properties = _sort(pairs, _DOCUMENT_ONE, _DOCUMENT_MANY, where)
    layers = [_load(text, _decoder(dict[str, Any]), where) for text in many.get("assay:layer", ())]
    relations = [_relation(_load(text, _decoder(list[str]), where), where) for text in many.get("assay:relation", ())]
    return Inventory(
        subject=_subject(one, where),
        distro=_distro(one, tuple(many.get("assay:distro:id-like", ()))),
        relations=tuple(relations),
        gaps=tuple(_load(text, _decoder(Gap), where) for text in many.get("assay:gap", ())),
        base=_load(one["assay:base"], _decoder(BaseImage), where) if "assay:base" in one else None,
        locks=tuple(_load(text, _decoder(LockState), where) for text in many.get("assay:lock", ())),
        layers=tuple(_fit(parted(layer, LAYER_FIELDS, where=where), Layer, where) for layer in layers),
        created=one.get("assay:created", ""),
        properties=tuple(properties),
    )


def _relation(parts: list[str], where: str) -> Relation:
    return cast(Relation, _fit(dict(zip(("source", "kind", "target", "scope"), parts, strict=False)), Relation, where))


def _subject(one: Mapping[str, str], where: str) -> Subject:
    def digest(name: str) -> Digest | None:
        return Digest.parse(one[name], where=f"{where} {name}") if name in one else None

    platform = None
    if "assay:subject:os" in one:
        platform = Platform(
            one["assay:subject:os"],
            one.get("assay:subject:architecture", ""),
            one.get("assay:subject:variant", ""),
        )
    return Subject(
        name=one.get("assay:subject:name", ""),
        kind=one.get("assay:subject:kind", ""),
        digest=digest("assay:subject:digest"),
        index=digest("assay:subject:index"),
        platform=platform,
        media_type=one.get("assay:subject:media-type", ""),
    )


def _distro(one: Mapping[str, str], id_like: tuple[str, ...]) -> Distro | None:
    if "assay:distro:id" not in one:
        return None
    return Distro(
        id=one["assay:distro:id"],
        version_id=one.get("assay:distro:version-id", ""),
        codename=one.get("assay:distro:codename", ""),
        name=one.get("assay:distro:name", ""),
        id_like=id_like,
    )


def _sort(
    pairs: Iterable[tuple[str, str]], single: frozenset[str], repeated: frozenset[str], where: str
) -> tuple[dict[str, str], dict[str, list[str]], Facts]:
    """Facts by name: those that stand once, those that repeat, and the ecosystem's own."""
    one: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    properties: Facts = []
    for name, value in pairs:
        if name in single:
            if name in one:
                raise _bad(where, f"{name} stands twice")
            one[name] = value
        elif name in repeated:
            many.setdefault(name, []).append(value)
        elif name.startswith(_PROPERTY):
            properties.append((name[len(_PROPERTY) :], value))
        elif name.startswith("assay:"):
            raise _bad(where, f"unknown fact {name[:60]!r}")
    return one, many, properties


def _index(text: str | None, where: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _bad(where, f"{text[:20]!r} is no layer index")
    return int(text)


def _dump(value: Any) -> str:
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` makes one for each value."""


_decoder = lru_cache(maxsize=32)(msgspec.json.Decoder)
# Made once: to look such a type up costs seven times what reading the value does.
_OCCURRENCE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(tuple[str, int | None, str, Confidence])
_THREE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(tuple[str, str, str])


def _load(text: str, decoder: msgspec.json.Decoder[Any], where: str) -> Any:
    """A value of a fact. What the fast decoder refuses (a lone surrogate, an error to be told) takes the slow way."""
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        pass
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"a value is no JSON: {error}") from error
    return _fit(value, decoder.type, where)


def _fit(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise _bad(where, str(error)) from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("damaged facts of an Assay SBOM", where=where, why=why, remedy="write the SBOM anew")
