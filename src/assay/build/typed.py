"""Nodes of strict YAML to a struct, every text judged by the type of its field, every error with its place.

msgspec's own conversion names a map's value `[...]` without the key and knows no lines; so its description of the
types (`msgspec.inspect`) is walked here beside the nodes.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import inspect as types

from assay.formats.strictyaml import Mapping, Mark, Node, Scalar, Sequence, place
from assay.model.errors import MalformedError

T = TypeVar("T")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})", re.ASCII)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class Place(msgspec.Struct, frozen=True):
    """Where a value stands. `literal` tells of a block text (`|`), whose lines follow one by one."""

    mark: Mark
    literal: bool = False


class Places(msgspec.Struct, frozen=True):
    """Places of a document's values by document path (`steps[0].run`)."""

    file: str
    table: dict[str, Place]

    def where(self, path: str, line: int = 0) -> str:
        """`file:line:column (path)`; an absent value stands where its nearest parent does.

        Args:
            path: the document path; empty is the root.
            line: counted from 0 inside a block text.
        """
        mark = self.mark(path, line)
        return place(self.file, mark) + (f" {path}" if path else "")

    def mark(self, path: str, line: int = 0) -> Mark:
        """The same as a value."""
        near = path
        while near and near not in self.table:
            near = near[: max(near.rfind("."), near.rfind("["), 0)]
        found = self.table.get(near, Place(Mark(1, 1)))
        if line and found.literal and near == path:
            return Mark(found.mark.line + 1 + line, 1)
        return found.mark


def convert(node: Node, kind: type[T], *, file: str) -> tuple[T, Places]:
    """A value of the struct `kind`, and where each part of it stands.

    Raises:
        MalformedError: a part is missing, unknown, of another form or out of bounds; at `file:line:column path`.
    """
    converter = _Converter(file)
    value: T = converter.take(node, types.type_info(kind), "")
    return value, Places(file, converter.table)


class _Converter:
    def __init__(self, file: str) -> None:
        self._file = file
        self.table: dict[str, Place] = {}

    def take(self, node: Node, kind: types.Type, path: str, hint: str = "") -> Any:
        """The value of one node by its type."""
        if isinstance(kind, types.Metadata):
            return self.take(node, kind.type, path, (kind.extra_json_schema or {}).get("description", ""))
        literal = isinstance(node, Scalar) and node.style == "|"
        self.table[path] = Place(node.mark, literal)
        return _TAKERS[type(kind)](self, node, kind, path, hint)

    def refuse(self, node: Node | Mark, path: str, why: str, remedy: str) -> NoReturn:
        mark = node if isinstance(node, Mark) else node.mark
        where = place(self._file, mark) + (f" {path}" if path else "")
        raise MalformedError("the spec does not fit its schema", where=where, why=why, remedy=remedy)

    def text(self, node: Node, path: str, what: str) -> str:
        if not isinstance(node, Scalar):
            self.refuse(node, path, f"expected {what}, found {_name(node)}", f"write {what}")
        if not node.text and not node.style:
            self.refuse(node, path, f"expected {what}, found nothing", f"write {what}, or remove the key")
        return node.text


def _str(at: _Converter, node: Node, kind: types.StrType, path: str, hint: str) -> str:
    text = at.text(node, path, "a text")
    remedy = hint or "see the reference of the spec"
    if kind.pattern and not re.fullmatch(kind.pattern, text[: kind.max_length or None]):
        at.refuse(node, path, f"{text[:80]!r} does not fit {kind.pattern}", remedy)
    if len(text) < (kind.min_length or 0):
        at.refuse(node, path, "the text is empty", "write something, or remove the key")
    if kind.max_length is not None and len(text) > kind.max_length:
        at.refuse(node, path, f"{len(text)} characters, at most {kind.max_length}", "make it shorter")
    return text


def _int(at: _Converter, node: Node, kind: types.IntType, path: str, _: str) -> int:
    text = at.text(node, path, "a whole number")
    if not _INTEGER.fullmatch(text):
        at.refuse(node, path, f"{text[:80]!r} is no whole number", "write decimal digits, without leading zeros")
    value = int(text)
    if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        at.refuse(node, path, f"{value} is out of bounds", f"write a number from {kind.ge} to {kind.le}")
    return value


def _bool(at: _Converter, node: Node, kind: types.BoolType, path: str, _: str) -> bool:
    text = at.text(node, path, "true or false")
    if text not in _BOOLEANS:
        at.refuse(node, path, f"{text[:80]!r} is neither true nor false", "write true or false")
    return _BOOLEANS[text]


def _literal(at: _Converter, node: Node, kind: types.LiteralType, path: str, _: str) -> Any:
    text = at.text(node, path, "a word")
    if text not in kind.values:
        at.refuse(node, path, f"{text[:80]!r} is not known here", "write one of " + ", ".join(map(str, kind.values)))
    return next(value for value in kind.values if value == text)


def _union(at: _Converter, node: Node, kind: types.UnionType, path: str, hint: str) -> Any:
    choices = [one for one in kind.types if not isinstance(one, types.NoneType)]
    if len(choices) == 1:
        return at.take(node, choices[0], path, hint)
    structs = [one for one in choices if isinstance(one, types.StructType)]
    if isinstance(node, Mapping) and structs:
        return at.take(node, _tagged(at, node, structs, path), path, hint)
    simple = [one for one in choices if one not in structs]
    if not simple:
        at.refuse(node, path, f"expected a map, found {_name(node)}", "write a map with the key `type`")
    numbers = [one for one in simple if isinstance(one, types.IntType)]
    digits = isinstance(node, Scalar) and _INTEGER.fullmatch(node.text)
    texts = [one for one in simple if one not in numbers]
    return at.take(node, (numbers if numbers and (digits or not texts) else texts)[0], path, hint)


def _tagged(at: _Converter, node: Mapping, structs: list[types.StructType], path: str) -> types.StructType:
    """Which struct of a union a map is: the one whose tag it names."""
    tag_field = structs[0].tag_field
    if tag_field is None:
        return structs[0]
    tags = [str(one.tag) for one in structs]
    named = next((entry.value for entry in node.entries if entry.key.text == tag_field), None)
    if named is None:
        at.refuse(node, path, f"the key `{tag_field}` is missing", f"add `{tag_field}:` with one of {', '.join(tags)}")
    inner = join(path, tag_field)
    text = at.text(named, inner, "a word")
    if text not in tags:
        at.refuse(named, inner, f"{text[:80]!r} is not known here", f"write one of {', '.join(tags)}")
    return structs[tags.index(text)]


def _tuple(at: _Converter, node: Node, kind: types.VarTupleType, path: str, hint: str) -> tuple[Any, ...]:
    if not isinstance(node, Sequence):
        at.refuse(node, path, f"expected a list, found {_name(node)}", "write a list: [a, b], or lines with `- `")
    _count(at, node, len(node.items), kind, path)
    return tuple(at.take(item, kind.item_type, f"{path}[{i}]") for i, item in enumerate(node.items))


def _dict(at: _Converter, node: Node, kind: types.DictType, path: str, hint: str) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        at.refuse(node, path, f"expected a map, found {_name(node)}", "write a map: lines of `name: value`")
    _count(at, node, len(node.entries), kind, path)
    value = {}
    for entry in node.entries:
        inner = join(path, entry.key.text)
        key = at.take(entry.key, kind.key_type, inner)
        value[key] = at.take(entry.value, kind.value_type, inner)
    return value


def _count(at: _Converter, node: Node, count: int, kind: types.VarTupleType | types.DictType, path: str) -> None:
    least, most = kind.min_length or 0, kind.max_length
    if count < least:
        at.refuse(node, path, f"{count} entries, at least {least}", "add one")
    if most is not None and count > most:
        at.refuse(node, path, f"{count} entries, at most {most}", "remove some")


def _struct(at: _Converter, node: Node, kind: types.StructType, path: str, _: str) -> Any:
    if not isinstance(node, Mapping):
        at.refuse(node, path, f"expected a map, found {_name(node)}", "write a map: lines of `name: value`")
    fields = {field.encode_name: field for field in kind.fields}
    values: dict[str, Any] = {}
    for entry in node.entries:
        name = entry.key.text
        if kind.tag_field is not None and name == kind.tag_field:
            at.table[join(path, name)] = Place(entry.value.mark)
            continue
        if name not in fields:
            near = difflib.get_close_matches(name[:80], fields, n=1)
            known = f"did you mean `{near[0]}`?" if near else "known here: " + ", ".join(sorted(fields))
            at.refuse(entry.key, join(path, name[:80]), "the key is not known", known)
        values[fields[name].name] = at.take(entry.value, fields[name].type, join(path, name))
    for name, field in fields.items():
        if field.required and field.name not in values:
            at.refuse(node, join(path, name), "the key is missing", f"add `{name}:`")
    return kind.cls(**values)


def join(path: str, key: str) -> str:
    """The document path of a map's value; a key that is no plain word stands in brackets."""
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _name(node: Node) -> str:
    if isinstance(node, Scalar):
        return "a text" if node.text or node.style else "nothing"
    return "a list" if isinstance(node, Sequence) else "a map"


_TAKERS: dict[type, Callable[[_Converter, Any, Any, str, str], Any]] = {
    types.StrType: _str,
    types.IntType: _int,
    types.BoolType: _bool,
    types.LiteralType: _literal,
    types.UnionType: _union,
    types.VarTupleType: _tuple,
    types.DictType: _dict,
    types.StructType: _struct,
}
