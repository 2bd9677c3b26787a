"""CycloneDX XML 1.2-1.7 to `Inventory`: elements to the shape of the JSON form, which `cyclonedx_read` understands.

What stands once in the schema must stand once; names that stand in no table here are skipped, as in JSON. Past the
form itself a place in an error is a path as in the JSON form (`$.components[0].type`).
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from assay.formats import cyclonedx_read, wire, xmltree
from assay.formats import cyclonedx_schema as schema
from assay.formats.xmltree import SPACE, line_of, text_of
from assay.model.errors import MalformedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_WHAT = "not a valid CycloneDX document"
_SPACE = re.compile(r"http://cyclonedx\.org/schema/bom/(\d{1,3}\.\d{1,3})", re.ASCII)
_ZONED = re.compile(r"(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_MANY_CHOICES = frozenset({"1.7"})
"""Versions in which licences and expressions may stand side by side."""
_LONG = frozenset({"components", "dependencies", "vulnerabilities"})
"""Lists that may be as long as the document."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How one element becomes an object of the JSON form: XML name → JSON name, by the kind of thing.

    No two parts of one shape have the same name in JSON, so a name that is there already stood twice.
    """

    attributes: Mapping[str, str] = {}
    content: str = ""
    """Name for the element's own text."""
    texts: frozenset[str] = frozenset()
    """Children with text alone, of the same name in JSON."""
    objects: Mapping[str, str] = {}
    """Child → its shape."""
    lists: Mapping[str, tuple[str, str]] = {}
    """Wrapper → the element in it, and that one's shape."""
    special: frozenset[str] = frozenset()
    """Children that `_SPECIAL` reads."""


_REFERENCES = {"externalReferences": ("reference", "reference")}
_SHAPES: Mapping[str, Shape] = {
    "bom": Shape(
        attributes={"version": "version", "serialNumber": "serialNumber"},
        objects={"metadata": "metadata"},
        lists={
            "components": ("component", "component"),
            "services": ("service", "service"),
            "vulnerabilities": ("vulnerability", "vulnerability"),
            **_REFERENCES,
        },
        special=frozenset({"dependencies", "compositions"}),
    ),
    "metadata": Shape(
        objects={"component": "component", "supplier": "contact"},
        lists={"authors": ("author", "contact"), "properties": ("property", "document property")},
        special=frozenset({"licenses", "timestamp"}),
    ),
    "component": Shape(
        attributes={"type": "type", "bom-ref": "bom-ref"},
        texts=frozenset({"author", "publisher", "group", "name", "version", "description", "scope", "cpe", "purl"}),
        objects={
            "supplier": "contact",
            "manufacturer": "contact",
            "swid": "swid",
            "pedigree": "pedigree",
            "evidence": "evidence",
        },
        lists={
            "authors": ("author", "contact"),
            "hashes": ("hash", "hash"),
            "properties": ("property", "property"),
            "components": ("component", "component"),
            **_REFERENCES,
        },
        special=frozenset({"licenses"}),
    ),
    "service": Shape(
        attributes={"bom-ref": "bom-ref"},
        texts=frozenset({"name"}),
        lists={"services": ("service", "service"), **_REFERENCES},
        special=frozenset({"licenses", "data"}),
    ),
    "contact": Shape(texts=frozenset({"name", "email"})),
    "hash": Shape(attributes={"alg": "alg"}, content="content"),
    "property": Shape(attributes={"name": "name"}, content="value"),
    "document property": Shape(attributes={"name": "name"}, content="value"),  # never a struct: `is_own` looks at it
    "license": Shape(
        attributes={"acknowledgement": "acknowledgement"},
        texts=frozenset({"id", "name"}),
        objects={"text": "attachment"},
    ),
    "attachment": Shape(attributes={"encoding": "encoding"}, content="content"),
    "swid": Shape(attributes={"tagId": "tagId", "name": "name"}, objects={"text": "attachment"}),
    "pedigree": Shape(
        lists={
            "ancestors": ("component", "component"),
            "descendants": ("component", "component"),
            "variants": ("component", "component"),
            "patches": ("patch", "patch"),
        }
    ),
    "patch": Shape(attributes={"type": "type"}, objects={"diff": "diff"}, lists={"resolves": ("issue", "issue")}),
    "diff": Shape(objects={"text": "attachment"}),
    "issue": Shape(attributes={"type": "type"}),
    "evidence": Shape(lists={"occurrences": ("occurrence", "occurrence")}, special=frozenset({"licenses"})),
    "occurrence": Shape(texts=frozenset({"location", "additionalContext"})),
    "reference": Shape(attributes={"type": "type"}, texts=frozenset({"url"}), lists={"hashes": ("hash", "hash")}),
    "vulnerability": Shape(
        attributes={"bom-ref": "bom-ref"},
        texts=frozenset({"id", "recommendation", "workaround"}),
        objects={"analysis": "analysis"},
        lists={
            "references": ("reference", "source"),
            "affects": ("target", "target"),
            "properties": ("property", "property"),
        },
        special=frozenset({"updated"}),
    ),
    "source": Shape(texts=frozenset({"id"}), objects={"source": "contact"}),
    "analysis": Shape(
        texts=frozenset({"state", "justification", "detail"}),
        special=frozenset({"responses", "firstIssued", "lastUpdated"}),
    ),
    "target": Shape(texts=frozenset({"ref"}), lists={"versions": ("version", "versions")}),
    "versions": Shape(texts=frozenset({"version", "range", "status"})),
    "classification": Shape(attributes={"flow": "flow"}, content="classification"),
}


def read(data: bytes, name: str) -> Inventory:
    """Read a CycloneDX XML document.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        MalformedError: not acceptable XML (a DTD, too deep, not UTF-8), not CycloneDX, or damaged facts of ours.
        UnsupportedError: a version outside 1.2-1.7.
    """
    limit = DEFAULT_LIMITS.sbom_bytes
    document = _document(data, name, limit=limit, made=True)
    own = cyclonedx_read.is_own(document)
    if own and b"\\u" in data:
        document = wire.change_all(as_json(data, name, limit=limit), wire.unescape_line)
    return cyclonedx_read.interpret(document, name, own=own)


def as_json(data: bytes, name: str, *, limit: int) -> dict[str, Any]:
    """A document of at most `limit` bytes in the shape of the JSON form, as far as any of our readers looks at it.

    Raises:
        MalformedError: not acceptable XML, or no CycloneDX.
    """
    return _document(data, name, limit=limit, made=False)


def _document(data: bytes, name: str, *, limit: int, made: bool) -> dict[str, Any]:
    """As `as_json`; with `made` the values that fill most documents are structs of the schema already."""
    with suppress(MalformedError):  # said again below, with the line
        return _pieced(data, name, limit, made)
    root = xmltree.parse(data, where=name, limit=limit)
    reader = _reader(root, name, made)
    return _whole(reader.shaped(root, "bom"), reader.version)


def _pieced(data: bytes, name: str, limit: int, made: bool) -> dict[str, Any]:
    """The document with its long lists read piece by piece; an error says no more than that something is wrong."""
    reader: _Reader | None = None
    bom: dict[str, Any] = {}
    for piece in xmltree.pieces(data, limit=limit, apart=_LONG):
        reader = reader or _reader(piece, name, made)
        for key, value in reader.shaped(piece, "bom").items():
            if made and key == "components":
                value = wire.convert(value, list[schema.Component], where=name, what=_WHAT)
            if key in bom:
                bom[key] += value
            else:
                bom[key] = value
    return _whole(bom, reader.version if reader else "")


def _reader(root: "Element", name: str, made: bool) -> "_Reader":
    space, _, local = root.tag.removeprefix("{").rpartition("}")
    version = _SPACE.fullmatch(space)
    if local != "bom" or version is None:
        raise _bad(name, root, f"the root is {local[:40]!a} of {space[:80]!a}, not a bom of CycloneDX")
    return _Reader(name, f"{{{space}}}", version[1], made=made)


def _whole(bom: dict[str, Any], version: str) -> dict[str, Any]:
    if "version" in bom and re.fullmatch(r"-?\d{1,9}", bom["version"], re.ASCII):
        bom["version"] = int(bom["version"])
    serial = bom.get("serialNumber", "")
    if serial.startswith("{") and serial.endswith("}"):  # the schema's other spelling
        bom["serialNumber"] = f"urn:uuid:{serial[1:-1]}"
    return {"bomFormat": "CycloneDX", "specVersion": version, **bom}


class _Plan(msgspec.Struct, frozen=True):
    """A shape with the tags of one name space, ready for the walk."""

    attributes: tuple[tuple[str, str], ...]
    content: str
    children: Mapping[str, tuple[str, str, str]]
    """Tag → name in JSON, shape and tag of the elements in it: text alone has neither, one object no tag, and what
    `_SPECIAL` reads no shape but its name for a tag."""


class _Reader:
    """Turns the elements of one document into the shape of the JSON form."""

    def __init__(self, name: str, space: str, version: str, *, made: bool) -> None:
        self.name, self.space, self.version, self.made = name, space, version, made
        self._plans = {kind: self._plan(shape) for kind, shape in _SHAPES.items()}
        self._dependency = space + "dependency"

    def _plan(self, shape: Shape) -> _Plan:
        children = {text: (text, "", "") for text in shape.texts}
        children |= {name: (name, kind, "") for name, kind in shape.objects.items()}
        children |= {name: (name, kind, self.space + item) for name, (item, kind) in shape.lists.items()}
        children |= {name: (name, "", name) for name in shape.special}
        tagged = {self.space + name: plan for name, plan in children.items()}
        return _Plan(tuple(shape.attributes.items()), shape.content, tagged)

    def shaped(self, element: "Element", kind: str) -> dict[str, Any]:
        """The element as an object of the JSON form."""
        plan = self._plans[kind]
        value: dict[str, Any] = {}
        for key, name in plan.attributes:
            text = element.get(key)
            if text is not None:
                value[name] = text
        if plan.content:
            value[plan.content] = text_of(element)
        if not len(element):
            return value
        children = plan.children
        for child in element:
            known = children.get(child.tag)
            if known is None:
                continue
            name, kind, item = known
            if name in value:
                raise _bad(self.name, child, f"<{name}> stands twice in <{element.tag.removeprefix(self.space)}>")
            if not kind:
                if item:
                    value[name] = _SPECIAL[item](self, child)
                else:
                    value[name] = text_of(child) if len(child) else (child.text or "").strip(SPACE)
            elif item:
                inside = child.findall(item)
                if kind == "property" and self.made:
                    value[name] = [schema.Property(inner.get("name", ""), text_of(inner)) for inner in inside]
                else:
                    value[name] = [self.shaped(inner, kind) for inner in inside]
            else:
                value[name] = self.shaped(child, kind)
        return value

    def named(self, element: "Element", name: str) -> list["Element"]:
        """The children of that name."""
        return element.findall(self.space + name)

    def licences(self, element: "Element") -> list[dict[str, Any]]:
        """`licenses`: licences, or one expression; both together only where the version has them so."""
        choices: list[dict[str, Any]] = []
        for child in element:
            name = child.tag.removeprefix(self.space)
            if name == "license":
                choices.append({"license": self.shaped(child, "license")})
            elif name == "expression":
                choices.append({"expression": text_of(child), **_stance(child)})
            elif name == "expression-detailed":
                choices.append({"expression": child.attrib.get("expression", ""), **_stance(child)})
        many = len(choices) > 1 and self.version not in _MANY_CHOICES
        if many and any("expression" in choice for choice in choices):
            raise _bad(self.name, element, "<licenses> has licences or one expression, not both")
        return choices

    def flows(self, element: "Element") -> list[dict[str, Any]]:
        """`data` of a service, with its classifications as such or inside `dataflow` (since 1.5)."""
        places = [element, *self.named(element, "dataflow")]
        return [
            self.shaped(child, "classification") for place in places for child in self.named(place, "classification")
        ]

    def dependencies(self, element: "Element") -> list[Any]:
        """`dependencies`: each with the references of those inside it."""
        tag = self._dependency
        make = _dependency if self.made else _plain_dependency
        return [
            make(child, [inner.get("ref") for inner in child.findall(tag)] if len(child) else [])
            for child in element.findall(tag)
        ]

    def compositions(self, element: "Element") -> list[dict[str, Any]]:
        """`compositions`: each with the references of its parts and dependencies."""
        return [self._composition(child) for child in self.named(element, "composition")]

    def _composition(self, element: "Element") -> dict[str, Any]:
        value: dict[str, Any] = {}
        for child in self.named(element, "aggregate"):
            value["aggregate"] = text_of(child)
        for wrapper in ("assemblies", "dependencies"):
            value[wrapper] = [inner.get("ref") for child in self.named(element, wrapper) for inner in child]
        return value

    def responses(self, element: "Element") -> list[str]:
        """`responses` of an analysis."""
        return [text_of(child) for child in self.named(element, "response")]

    def instant(self, element: "Element") -> str:
        """A time; `xs:dateTime` may lack the zone, and is read as UTC then, as other readers do."""
        text = text_of(element)
        return text if _ZONED.search(text) else f"{text}Z"


def _dependency(element: "Element", targets: list[Any]) -> Any:
    """The struct where nothing can be wrong with it, else what the schema's check says the place of."""
    reference = element.get("ref")
    return schema.Dependency(reference, targets) if reference and all(targets) else _plain_dependency(element, targets)


def _plain_dependency(element: "Element", targets: list[Any]) -> dict[str, Any]:
    reference = element.get("ref")
    return {"dependsOn": targets} if reference is None else {"ref": reference, "dependsOn": targets}


def _stance(element: "Element") -> dict[str, str]:
    stance = element.get("acknowledgement")
    return {} if stance is None else {"acknowledgement": stance}


_SPECIAL: Mapping[str, Callable[[_Reader, "Element"], Any]] = {
    "licenses": _Reader.licences,
    "data": _Reader.flows,
    "dependencies": _Reader.dependencies,
    "compositions": _Reader.compositions,
    "timestamp": _Reader.instant,
    "updated": _Reader.instant,
    "firstIssued": _Reader.instant,
    "lastUpdated": _Reader.instant,
    "responses": _Reader.responses,
}


def _bad(name: str, element: "Element", why: str) -> MalformedError:
    return MalformedError(
        _WHAT, where=f"{name} line {line_of(element)}", why=why, remedy="ask its author for a valid document"
    )
