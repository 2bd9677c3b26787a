"""`Inventory` to CycloneDX XML 1.4-1.7: the same document as in JSON, element by element in the order of the schema.

XML cannot hold control characters and its schema lets readers trim: `wire.escape_line` writes such texts so that every
reader sees the same, and ours undoes it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from assay.formats import cyclonedx_write as json_form
from assay.formats import wire
from assay.model.inventory import Inventory
from assay.model.tool import Tool


def write(inventory: Inventory, *, tool: Tool, timestamp: str, version: str = json_form.DEFAULT_VERSION) -> bytes:
    """The inventory as a CycloneDX XML document; the same input gives the same bytes.

    Args:
        inventory: what to write; nothing of it is lost in any version.
        tool: named in `metadata/tools`.
        timestamp: RFC 3339 time for `metadata/timestamp`; "" leaves it out.
        version: of the specification, 1.4 to 1.7.

    Raises:
        MalformedError: the timestamp is none.
        UnsupportedError: another version.
    """
    document = json_form.document(inventory, json_form.edition(version), tool=tool, timestamp=timestamp)
    data = ('<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(_bom(document)) + "\n").encode()
    return data.replace(json_form.SERIAL.encode(), f"urn:uuid:{wire.uuid5(data)}".encode(), 1)


def _bom(document: dict[str, Any]) -> Iterator[str]:
    space = f"http://cyclonedx.org/schema/bom/{document['specVersion']}"
    yield f'<bom xmlns="{space}" serialNumber="{document["serialNumber"]}" version="{document["version"]}">'
    yield from _metadata(document["metadata"])
    yield from _wrap("components", (line for c in document["components"] for line in _component(c)))
    yield from _wrap("dependencies", (line for d in document["dependencies"] for line in _dependency(d)))
    yield from _wrap("compositions", (line for c in document["compositions"] for line in _composition(c)))
    yield "</bom>"


def _metadata(metadata: dict[str, Any]) -> Iterator[str]:
    yield "<metadata>"
    if "timestamp" in metadata:
        yield _leaf("timestamp", metadata["timestamp"])
    tools = metadata["tools"]
    if isinstance(tools, dict):
        inner = _wrap("components", (line for c in tools["components"] for line in _component(c)))
    else:
        inner = (line for t in tools for line in _wrap("tool", (_leaf(name, value) for name, value in t.items())))
    yield from _wrap("tools", inner)
    yield from _component(metadata["component"])
    yield from _properties(metadata["properties"])
    yield "</metadata>"


def _component(c: dict[str, Any]) -> Iterator[str]:
    ref = f' bom-ref="{_attribute(c["bom-ref"])}"' if "bom-ref" in c else ""
    yield f'<component type="{c["type"]}"{ref}>'
    if "supplier" in c:
        yield f"<supplier>{_leaf('name', c['supplier']['name'])}</supplier>"
    for name in ("publisher", "name", "version", "description"):
        if name in c:
            yield _leaf(name, c[name])
    if "hashes" in c:
        yield from _wrap("hashes", (f'<hash alg="{h["alg"]}">{h["content"]}</hash>' for h in c["hashes"]))
    if "licenses" in c:
        yield from _wrap("licenses", (_licence(choice) for choice in c["licenses"]))
    if "purl" in c:
        yield _leaf("purl", c["purl"])
    if "properties" in c:
        yield from _properties(c["properties"])
    if "evidence" in c:
        yield from _wrap("evidence", _evidence(c["evidence"]))
    yield "</component>"


def _licence(choice: dict[str, Any]) -> str:
    value = choice.get("license", choice)
    stance = f' acknowledgement="{value["acknowledgement"]}"' if "acknowledgement" in value else ""
    if "expression" in choice:
        return f"<expression{stance}>{_content(choice['expression'])}</expression>"
    return f"<license{stance}>{_leaf('name', value['name'])}</license>"


def _evidence(evidence: dict[str, Any]) -> Iterator[str]:
    identity = evidence.get("identity", [])
    for entry in identity if isinstance(identity, list) else [identity]:
        yield "<identity>"
        yield _leaf("field", entry["field"])
        yield _leaf("confidence", str(entry["confidence"]))
        methods = (
            f"<method>{_leaf('technique', m['technique'])}{_leaf('confidence', str(m['confidence']))}</method>"
            for m in entry["methods"]
        )
        yield from _wrap("methods", methods)
        yield "</identity>"
    if "occurrences" in evidence:
        yield from _wrap("occurrences", map(_occurrence, evidence["occurrences"]))
    if "licenses" in evidence:
        yield from _wrap("licenses", map(_licence, evidence["licenses"]))


def _occurrence(place: dict[str, str]) -> str:
    context = _leaf("additionalContext", place["additionalContext"]) if "additionalContext" in place else ""
    return f"<occurrence>{_leaf('location', place['location'])}{context}</occurrence>"


def _dependency(entry: dict[str, Any]) -> Iterator[str]:
    ref = _attribute(entry["ref"])
    if "dependsOn" not in entry:
        yield f'<dependency ref="{ref}"/>'
        return
    yield f'<dependency ref="{ref}">'
    for target in entry["dependsOn"]:
        yield f'<dependency ref="{_attribute(target)}"/>'
    yield "</dependency>"


def _composition(entry: dict[str, Any]) -> Iterator[str]:
    inner = [_leaf("aggregate", entry["aggregate"])]
    for name, item in (("assemblies", "assembly"), ("dependencies", "dependency")):
        if name in entry:
            inner += _wrap(name, (f'<{item} ref="{_attribute(ref)}"/>' for ref in entry[name]))
    return _wrap("composition", inner)


def _properties(properties: Iterable[dict[str, str]]) -> Iterator[str]:
    lines = (f'<property name="{_attribute(p["name"])}">{_content(p["value"])}</property>' for p in properties)
    return _wrap("properties", lines)


def _wrap(name: str, inner: Iterable[str]) -> Iterator[str]:
    yield f"<{name}>"
    yield from inner
    yield f"</{name}>"


def _leaf(name: str, text: str) -> str:
    return f"<{name}>{_content(text)}</{name}>"


def _content(text: str) -> str:
    return wire.escape_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _content(text).replace('"', "&quot;")
