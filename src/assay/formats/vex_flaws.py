"""What keeps a VEX document from being read, place by place, where the readers stop at the first.

A CSAF document is held to every mandatory test. OpenVEX and CycloneDX are read one statement at a time: the document's
head with that statement alone. What can be read is handed back beside, with its place.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from assay.formats import csaf_rules, csaf_schema, csaf_vex_read, cyclonedx_vex_read, openvex_read, vex, wire
from assay.formats.wire import decode
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexStatement

_LISTS = {
    "openvex": ("statements", openvex_read.read),
    "cyclonedx": ("vulnerabilities", cyclonedx_vex_read.read),
}
_FLAWS_COUNT = 1_000


class Examined(msgspec.Struct, frozen=True):
    """A document taken apart."""

    form: str
    statements: tuple[tuple[str, VexStatement], ...]
    """Each with its JSON path."""
    problems: tuple[tuple[str, str, str], ...]
    """(place, code, what is wrong): the code is `malformed`, or the number of a mandatory test."""


def examine(data: bytes, name: str) -> Examined:
    """Every statement that can be read, and every reason why another cannot.

    Raises:
        MalformedError: not JSON, or none of the forms.
    """
    form = vex.form_of(data, name)
    if cyclonedx_vex_read.is_xml(data):
        return Examined(form, cyclonedx_vex_read.read_placed(data, name), ())
    value = decode(data, where=name, limit=DEFAULT_LIMITS.vex_bytes)
    if form == "csaf":
        return _csaf(data, value, name)
    field, _ = _LISTS[form]
    try:
        whole = (
            cyclonedx_vex_read.read_placed(data, name)
            if form == "cyclonedx"
            else tuple((f"$.{field}", said) for said in vex.READERS[form](data, name))
        )
    except AssayError as error:
        return _one_by_one(value, form, name, error)
    items = value[field] if isinstance(value, dict) else ()
    if form == "openvex" and len(items) == len(whole):
        whole = tuple((f"$.{field}[{number}]", said) for number, (_, said) in enumerate(whole))
    return Examined(form, whole, _schema(value, form))


def _schema(value: Any, form: str) -> tuple[tuple[str, str, str], ...]:
    if form == "openvex" and isinstance(value, dict) and value.get("statements") == []:
        return (("$.statements", "malformed", "it is empty: OpenVEX wants at least one"),)
    return ()


def _csaf(data: bytes, value: Any, name: str) -> Examined:
    try:
        problems = [(p.place, p.test, p.says) for p in csaf_rules.check(csaf_schema.load(value, where=name))]
    except AssayError as error:
        return Examined("csaf", (), ((_path(error, name), "malformed", error.why),))
    try:
        said = csaf_vex_read.read_placed(data, name)
    except AssayError as error:
        if not problems:
            problems.append((_path(error, name), "malformed", error.why))
        said = ()
    return Examined("csaf", said, tuple(problems))


def _one_by_one(value: Any, form: str, name: str, error: AssayError) -> Examined:
    """Each statement read alone; the error of the whole where the document's head is at fault."""
    field, read = _LISTS[form]
    items = value.get(field) if isinstance(value, dict) else None
    components = value.get("components") if form == "cyclonedx" and isinstance(value, dict) else None
    whole = {ref: one for one in components or () for ref in _refs(one)} if isinstance(components, list) else {}
    found: list[tuple[str, VexStatement]] = []
    problems: list[tuple[str, str, str]] = []
    for number, item in enumerate(items if isinstance(items, list) else ()):
        place = f"$.{field}[{number}]"
        try:
            data = wire.encode(_alone(value, field, item, whole))
            found += [(place, said) for said in read(data, name)]
        except AssayError as own:
            if len(problems) < _FLAWS_COUNT:
                inner = _path(own, name).replace(f"$.{field}[0]", place)
                problems.append((inner if inner.startswith(place) else place, "malformed", own.why))
    if not found and len({why for _, _, why in problems}) <= 1:
        problems = [(_path(error, name), "malformed", error.why)]
    return Examined(form, tuple(found), tuple(problems))


def _alone(value: dict[str, Any], field: str, item: Any, whole: dict[str, Any]) -> dict[str, Any]:
    """The document with one statement; of a BOM only the components (`whole`, by reference) that one refers to."""
    alone = value | {field: [item]}
    affects = item.get("affects") if whole and isinstance(item, dict) else None
    if isinstance(affects, list):
        refs = dict.fromkeys(one["ref"] for one in affects if isinstance(one, dict) and isinstance(one.get("ref"), str))
        named = {id(whole[ref]): whole[ref] for ref in refs if ref in whole}
        alone["components"] = list(named.values())
    return alone


def _refs(component: Any) -> Iterator[str]:
    waiting = [component]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("bom-ref"), str):
                yield one["bom-ref"]
            inner = one.get("components")
            waiting += inner if isinstance(inner, list) else []


def _path(error: AssayError, name: str) -> str:
    """The JSON path of an error, without the document's name."""
    return error.where.removeprefix(name).strip() or "$"
