"""SPDX 3.0.1 JSON-LD to `Inventory`: the graph to the shape of SPDX 2.3, which `spdx_read` understands.

Read as the specification's own serialization has it (SPDX 3.0.1, annex on JSON-LD): one context, one flat graph, and
names that the context defines. Other JSON-LD of the same meaning is not expanded; it is refused where it shows.
Past the graph itself a place in an error or a gap is a path in the shape of 2.3 (`$.packages[0]`).
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import Any

from assay.formats import spdx_read, wire
from assay.formats import spdx_schema as schema
from assay.formats.spdx3_write import CONTEXT, HASHES
from assay.formats.spdx_write import FACTS, SUBJECT
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS

Node = dict[str, Any]
_NOTHING: Node = {}

_CONTEXTS = frozenset({CONTEXT, CONTEXT.replace("3.0.1", "3.0.0")})
_DOCUMENT = "SPDXRef-DOCUMENT"
_KINDS = {
    "describes": ("DESCRIBES", False),
    "contains": ("CONTAINS", False),
    "dependsOn": ("DEPENDS_ON", False),
    "hasOptionalDependency": ("DEPENDS_ON", False),
    "hasProvidedDependency": ("DEPENDS_ON", False),
    "hasPrerequisite": ("DEPENDS_ON", False),
    "hasDynamicLink": ("DYNAMIC_LINK", False),
    "hasStaticLink": ("STATIC_LINK", False),
    "generates": ("GENERATED_FROM", True),
    "other": ("OTHER", False),
}
"""Relationship of 3 → of 2.3, and whether its ends change places."""
_PURPOSES = {"container": "CONTAINER", "operatingSystem": "OPERATING_SYSTEM"}
_LICENCES = {"hasDeclaredLicense": "licenseDeclared", "hasConcludedLicense": "licenseConcluded"}
RELATIONSHIPS = frozenset({*_KINDS, *_LICENCES})
"""Relationships that are read; all others are dropped."""
_PACKAGES = frozenset({"software_Package", "ai_AIPackage", "dataset_DatasetPackage"})
_LINKS = frozenset({"Relationship", "LifecycleScopedRelationship"})


def read(data: bytes, name: str) -> Inventory:
    """Read an SPDX 3 document.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        MalformedError: not strict JSON, not SPDX 3, or damaged facts of ours; the place is a node of the graph.
        UnsupportedError: another version's context.
    """
    return read_document(wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes), data, name)


def read_document(document: Any, data: bytes, name: str) -> Inventory:
    """As `read`, for a document decoded already; `data` are its bytes."""
    context = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(context, str) or context not in _CONTEXTS:
        raise UnsupportedError(
            "a JSON-LD document this program does not read",
            where=name,
            why=f"its @context is {str(context)[:100]!a}",
            remedy=f"write it as SPDX 3.0.1 with the context {CONTEXT}",
        )
    graph = document.get("@graph")
    if not isinstance(graph, list) or not set(map(type, graph)) <= {dict}:
        raise _bad(f"{name} $.@graph", "no list of objects")
    escaped = wire.may_be_escaped(data)
    shape = _Graph(graph, name, made=not escaped).document()
    own = spdx_read.is_own(shape)
    if own and escaped:
        shape = wire.change_all(shape, wire.unescape)
    return spdx_read.interpret(shape, name, own=own)


class _Shorts(dict[str, str]):
    """Identifier → as it stands in the 2.3 shape: the document has its fixed one, and so have all of ours."""

    def __init__(self, root: Node, own: bool) -> None:
        self._root = root.get("spdxId", root.get("@id"))
        base, mark, _ = str(root.get("spdxId")).rpartition("#")
        self._base = base + mark if own and mark else None
        """What all identifiers of a document of ours begin with."""

    def __missing__(self, key: str) -> str:
        if key == self._root:
            short = _DOCUMENT
        else:
            short = f"SPDXRef-{key[len(self._base) :]}" if self._base and key.startswith(self._base) else key
        self[key] = short
        return short


class _Graph:
    """Turns the nodes of one document into the shape of SPDX 2.3; with `made` its links are structs of it already."""

    def __init__(self, nodes: list[Node], name: str, *, made: bool) -> None:
        self._nodes, self._name, self._made = nodes, name, made
        self._by_type: defaultdict[str, list[tuple[int, Node]]] = defaultdict(list)
        """Type → places and nodes."""
        self._root: Node = {}
        self._by_id: dict[str, Node] = {}
        by_type, by_id = self._by_type, self._by_id
        for number, node in enumerate(nodes):
            kind = node.get("type")
            by_type[kind if isinstance(kind, str) else ""].append((number, node))
            key = node["spdxId"] if "spdxId" in node else node.get("@id")
            if key is None:
                continue
            if not isinstance(key, str) or key in by_id:
                raise _bad(f"{name} $.@graph[{number}].spdxId", "no text, or one that stands twice")
            by_id[key] = node

    def document(self) -> Node:
        roots = self._of("SpdxDocument")
        if len(roots) != 1:
            raise _bad(f"{self._name} $.@graph", f"{len(roots)} nodes of type SpdxDocument, not one")
        self._root = roots[0][1]
        self._shorts = _Shorts(self._root, any(map(_has_facts, self._nodes)))
        self._own = self._has_own_facts()
        shape: Node = {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": _DOCUMENT,
            "name": self._root.get("name", ""),
            "creationInfo": self._creation(),
        }
        packages = {n["spdxId"]: self._package(n) for _, n in self._of(*_PACKAGES) if "spdxId" in n}
        shape["packages"] = list(packages.values())
        shape["documentDescribes"] = list(self._described())
        shape["relationships"] = self._links(packages)
        for _, node in self._of("Annotation"):
            self._annotate(node, shape, packages)
        # What a relationship may name beside packages; only a foreign document is held to it.
        others = () if self._own else self._by_id
        shape["files"] = [{"SPDXID": self._shorts[key]} for key in others if key not in packages]
        return shape

    def _has_own_facts(self) -> bool:
        """Whether the document itself carries facts of ours: what `spdx_read.is_own` will say of the shape."""
        notes = (node for _, node in self._of("Annotation") if _has_facts(node))
        return any(self._resolve(node.get("subject")) is self._root for node in notes)

    def _of(self, *types: str) -> list[tuple[int, Node]]:
        """The nodes of these types with their places, in the document's order."""
        found = [self._by_type[kind] for kind in types if kind in self._by_type]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found), key=itemgetter(0))

    def _resolve(self, value: Any) -> Node:
        """A node, whether it stands in place or is named."""
        if isinstance(value, str):
            return self._by_id.get(value, _NOTHING)
        return value if isinstance(value, dict) else _NOTHING

    def _creation(self) -> Node:
        info = self._resolve(self._root.get("creationInfo"))
        if str(info.get("specVersion", "")).partition(".")[0] != "3":
            raise _bad(f"{self._name} $.@graph", "the document's creationInfo is not of SPDX 3")
        agents = [self._resolve(a).get("name", "") for a in _list(info.get("createdBy"))]
        return {"created": info.get("created"), "creators": [f"Tool: {a}" for a in agents]}

    def _described(self) -> Iterable[str]:
        """What the document is about, through the bill of materials that stands between."""
        for key in _texts(self._root.get("rootElement")):
            inner = self._resolve(key)
            yield from _texts(inner.get("rootElement")) if "rootElement" in inner else [key]

    def _package(self, node: Node) -> Node:
        # The facts of ours name both as they are.
        supplier = self._supplier(node) if "suppliedBy" in node and not self._own else ""
        originator = self._originator(node) if "originatedBy" in node and not self._own else ""
        return {
            "SPDXID": self._shorts[str(node.get("spdxId", node.get("@id")))],
            "name": node.get("name"),
            "downloadLocation": "NOASSERTION",
            "versionInfo": node.get("software_packageVersion", ""),
            "sourceInfo": node.get("software_sourceInfo", ""),
            "primaryPackagePurpose": _PURPOSES.get(_word(node, "software_primaryPurpose"), "LIBRARY"),
            "originator": originator,
            "supplier": supplier,
            "externalRefs": self._references(node),
            "checksums": self._checksums(node) if "verifiedUsing" in node else [],
            "annotations": [],
        }

    def _supplier(self, node: Node) -> str:
        name = self._resolve(node["suppliedBy"]).get("name")
        return f"Organization: {name}" if name else ""

    def _originator(self, node: Node) -> str:
        agents = [self._resolve(a).get("name") for a in _list(node["originatedBy"])]
        return next((f"Person: {a}" for a in agents if a), "")

    def _checksums(self, node: Node) -> list[Node]:
        found = []
        for hashed in map(self._resolve, _list(node["verifiedUsing"])):
            algorithm = hashed.get("algorithm")
            if hashed.get("type") == "Hash" and isinstance(algorithm, str) and algorithm in HASHES:
                found.append({"algorithm": HASHES[algorithm], "checksumValue": hashed.get("hashValue")})
        return found

    def _references(self, node: Node) -> list[Node]:
        purl = node.get("software_packageUrl", _NOTHING)
        others = [self._resolve(e) for e in _list(node.get("externalIdentifier"))]
        if purl is _NOTHING:
            named = (e.get("identifier") for e in others if e.get("externalIdentifierType") == "packageUrl")
            purl = next(named, _NOTHING)
        found = [] if purl is _NOTHING else [_reference("PACKAGE-MANAGER", "purl", purl)]
        for entry in others:
            if entry.get("externalIdentifierType") == "cpe23":
                found.append(_reference("SECURITY", "cpe23Type", entry.get("identifier")))
        return found

    def _links(self, packages: dict[str, Node]) -> list[Any]:
        """The relationships; what they say of licences goes to the packages. Most nodes of a document come by here."""
        links: list[Any] = []
        shorts = self._shorts
        unread = SUBJECT if self._own else None  # what the subject of ours holds is all there is
        for number, node in self._of(*_LINKS):
            get = node.get
            source, kind, targets = get("from"), get("relationshipType"), _texts(get("to"))
            if not isinstance(source, str) or not isinstance(kind, str) or not targets:
                raise _bad(f"{self._name} $.@graph[{number}]", "a relationship needs from, relationshipType and to")
            if kind in _LICENCES and source in packages:
                expressions = [self._expression(self._resolve(t)) for t in targets]
                packages[source][_LICENCES[kind]] = next(filter(None, expressions), "NOASSERTION")
            elif kind in _KINDS:
                word, turned = _KINDS[kind]
                comment = get("comment", "")
                if shorts[source] == unread and comment == "" and all(targets):
                    continue
                link = _link if self._made and isinstance(comment, str) else _plain_link
                for target in targets:
                    ends = (target, source) if turned else (source, target)
                    links.append(link(shorts[ends[0]], shorts[ends[1]], word, comment))
        return links

    def _expression(self, node: Node) -> str:
        return str(node.get("simplelicensing_licenseExpression", ""))

    def _annotate(self, node: Node, shape: Node, packages: dict[str, Node]) -> None:
        subject = node.get("subject")
        target = shape if self._resolve(subject) is self._root else packages.get(str(subject))
        if target is not None:
            comment = node.get("statement", "")
            entry = {"annotationDate": "", "annotationType": "OTHER", "annotator": "", "comment": comment}
            target.setdefault("annotations", []).append(entry)


def _reference(category: str, kind: str, locator: Any) -> Node:
    return {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}


def _link(source: str, target: str, word: str, comment: Any) -> Any:
    """The struct where nothing can be wrong with it, else what the schema's check says the place of."""
    whole = source and target
    return schema.Relationship(source, target, word, comment) if whole else _plain_link(source, target, word, comment)


def _plain_link(source: str, target: str, word: str, comment: Any) -> Node:
    return {"spdxElementId": source, "relationshipType": word, "relatedSpdxElement": target, "comment": comment}


def _has_facts(node: Node) -> bool:
    return "statement" in node and str(node["statement"]).startswith(FACTS)


def _list(value: Any) -> list[Any]:
    """One value or several, as JSON-LD has them."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _word(node: Node, name: str) -> str:
    value = node.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    if type(value) is list and len(value) == 1 and type(value[0]) is str:  # as nearly always
        return value
    values = value if isinstance(value, list) else [value]
    return [v for v in values if isinstance(v, str)]


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a valid SPDX 3 document", where=where, why=why, remedy="ask its author for a valid document"
    )
