"""Why a package is there, for a person or as JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec

from assay.dependencies.graph import Graph, Why
from assay.formats import wire
from assay.interfaces.cli.render.text import cut, safe, wrap
from assay.model.inventory import Component

NAME = "urn:assay:schema:why:1"
_NEEDED_SHOWN = 5


def render(found: Sequence[Why], graph: Graph, *, columns: int, colour: bool) -> str:
    """One block a component: standing, layer, owner, paths; no line is wider than `columns`."""
    bold: Callable[[str], str] = (lambda text: click.style(text, bold=True)) if colour else (lambda text: text)
    blocks = []
    for why in found:
        head, *lines = _lines(why, graph.components)
        shown = [part for line in lines for part in _folded(safe(line), columns)]
        blocks.append("\n".join([bold(cut(safe(head), columns)), *shown]))
    return "\n\n".join(blocks) + "\n"


def _folded(line: str, columns: int) -> list[str]:
    """A line that begins with two spaces, over several lines where it must be: those after the first stand deeper."""
    first, *rest = wrap(line, columns, "  ") or [""]
    return [first, *wrap(" ".join(rest), columns, "      ")]


def as_json(found: Sequence[Why], graph: Graph) -> bytes:
    """The same as JSON, with the counts of all standings."""
    share = graph.share()
    document = {
        "schema": NAME,
        "share": msgspec.to_builtins(share),
        "components": [_plain(why) for why in found],
    }
    return wire.encode(document)


def _plain(why: Why) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(why, order="sorted")
    component = value.pop("component")
    kept = ("key", "purl", "name", "version", "ecosystem", "introduced", "removed_by", "occurrences")
    return {"component": {name: component[name] for name in kept}} | value


def _lines(why: Why, components: Mapping[str, Component]) -> list[str]:
    c = why.component
    lines = [f"{c.name} {c.version}".rstrip() + (f"  {c.purl}" if c.purl else "")]
    lines.append(f"  {why.standing}{_depth(why)}")
    if c.introduced is not None:
        lines.append(f"  layer {c.introduced}" + (f": {why.instruction}" if why.instruction else ""))
    if c.removed_by is not None:
        hidden = f"  removed by layer {c.removed_by}"
        lines.append(hidden + (f": {why.removed_instruction}" if why.removed_instruction else ""))
    if why.origin:
        lines.append(f"  {why.origin}")
    if why.owner:
        lines.append(f"  its files belong to {_label(why.owner, components)}")
    if not why.needed_by:
        lines.append("  no other package in it is known to depend on it")
        return lines
    scopes = why.scopes or ("",) * len(why.needed_by)
    names = [_needed(key, scope, components) for key, scope in zip(why.needed_by, scopes, strict=True)]
    more = f", and {len(names) - _NEEDED_SHOWN} more" if len(names) > _NEEDED_SHOWN else ""
    lines.append(f"  needed by {', '.join(names[:_NEEDED_SHOWN])}{more}")
    lines += ["  " + " → ".join(_label(key, components) for key in path) for path in why.paths]
    if why.more:
        lines.append("  … and longer paths")
    return lines


def _depth(why: Why) -> str:
    if why.standing == "direct":
        return f", by record {why.record}"
    if why.standing == "transitive":
        return f", depth {why.depth}" if why.depth is not None else "; nothing records how deep"
    return f": {why.record}"


def _needed(key: str, scope: str, components: Mapping[str, Component]) -> str:
    """Who needs it; what for only where it is not simply to run."""
    return _label(key, components) + (f" ({scope})" if scope not in ("", "runtime") else "")


def _label(key: str, components: Mapping[str, Component]) -> str:
    component = components.get(key)
    return f"{component.name} {component.version}".rstrip() if component else key
