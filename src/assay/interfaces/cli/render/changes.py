"""A difference as a table for a person, and as Markdown."""

from collections.abc import Iterable, Sequence

import click
import msgspec

from assay.interfaces.cli.render.markdown import escape
from assay.interfaces.cli.render.text import cut, cut_middle, pad, safe, width
from assay.model.difference import Difference, Fact, FindingChange, LayerChange, PackageChange, Setting

_SHOWN = 500
_NOTHING = "No difference."


class Section(msgspec.Struct, frozen=True):
    """One part of the difference: a title, the columns' names, the rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections(difference: Difference) -> tuple[Section, ...]:
    """The parts that are not empty, what matters most first."""
    d = difference
    fact = ("TYPE", "PACKAGE", "VERSION", "OLD", "NEW")
    setting = ("NAME", "OLD", "NEW")
    found = (
        Section("Verdict", setting, tuple(map(_setting, d.verdict))),
        Section("Findings introduced", _FINDING, tuple(map(_finding, d.introduced))),
        Section("Findings fixed", _FINDING, tuple(map(_finding, d.fixed))),
        Section("Packages", ("CHANGE", "TYPE", "PACKAGE", "OLD", "NEW", "LAYER"), tuple(map(_package, d.packages))),
        Section("Same version, other content", fact, tuple(map(_fact, d.content))),
        Section("Licences", fact, tuple(map(_fact, d.licences))),
        Section("Moved to another layer", fact, tuple(map(_fact, d.moved))),
        Section("Distribution", setting, tuple(map(_setting, d.distro))),
        Section("Base image", setting, tuple(map(_setting, d.base))),
        Section("Config", setting, tuple(map(_setting, d.config))),
        Section("Layers", ("CHANGE", "INDEX", "DIGEST", "INSTRUCTION"), tuple(map(_layer, d.layers))),
    )
    return tuple(section for section in found if section.rows)


def summary(difference: Difference) -> str:
    """One line of counts."""
    d = difference
    counts = [
        *((sum(c.kind == kind for c in d.packages), kind) for kind in dict.fromkeys(c.kind for c in d.packages)),
        (len(d.licences), _one_or_many(d.licences, "licence changed", "licences changed")),
        (len(d.layers), _one_or_many(d.layers, "layer differs", "layers differ")),
        (len(d.config), _one_or_many(d.config, "config change", "config changes")),
        (len(d.introduced), _one_or_many(d.introduced, "finding introduced", "findings introduced")),
        (len(d.fixed), _one_or_many(d.fixed, "finding fixed", "findings fixed")),
    ]
    text = ", ".join(f"{n} {what}" for n, what in counts if n) or _NOTHING.rstrip(".").lower()
    if any(d.gaps):
        text += f"; gaps {d.gaps[0]} → {d.gaps[1]}"
    if not d.matched:
        text += "; findings were not compared (--db)"
    return text


def _one_or_many(rows: Sequence[object], one: str, many: str) -> str:
    return one if len(rows) == 1 else many


def table(difference: Difference, *, columns: int, colour: bool) -> str:
    """Text whose lines are at most `columns` wide."""
    d = difference
    lines = [cut(safe(f"- {_subject(d.old.name, d.old.digest)}"), columns)]
    lines.append(cut(safe(f"+ {_subject(d.new.name, d.new.digest)}"), columns))
    for section in sections(d):
        title = f"{section.title} ({len(section.rows)})"
        lines += ["", click.style(title, bold=True) if colour else title]
        lines += _rows(section, columns)
    lines += ["", *_wrapped(summary(d), columns)]
    return "\n".join(lines) + "\n"


def markdown(difference: Difference) -> str:
    """Markdown, at most 500 rows a table; a cut is stated. No name can become markup."""
    d = difference
    lines = [f"## {escape(d.old.name)} → {escape(d.new.name)}", "", escape(summary(d)), ""]
    for section in sections(d):
        lines += [f"### {section.title} ({len(section.rows)})", ""]
        lines += [f"| {' | '.join(name.lower() for name in section.head)} |", "| --- " * len(section.head) + "|"]
        lines += ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in section.rows[:_SHOWN]]
        if len(section.rows) > _SHOWN:
            lines.append(f"\n{len(section.rows) - _SHOWN} more are in the JSON.")
        lines.append("")
    return "\n".join(lines)


def _subject(name: str, digest: object) -> str:
    return f"{name}  {digest}" if digest else name


def _rows(section: Section, columns: int) -> list[str]:
    """The widest columns shrink until the row fits."""
    cells = [tuple(safe(cell) for cell in row) for row in section.rows]
    widths = [max(width(row[i]) for row in [section.head, *cells]) for i in range(len(section.head))]
    room = columns - 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > 4:
        widest = max(widths)
        second = max((w for w in widths if w < widest), default=4)
        many = widths.count(widest)
        shrink = max(1, min(widest - second, -(-(sum(widths) - room) // many)))
        widths = [w - shrink if w == widest else w for w in widths]
    return [_line(row, widths) for row in [section.head, *cells]]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cut_middle(cell, w), w) for cell, w in zip(row, widths, strict=True)).rstrip()


def _wrapped(text: str, columns: int) -> Iterable[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > columns:
            yield line
            line = ""
        line = f"{line} {word}" if line else cut(word, columns)
    yield line


_FINDING = ("SEVERITY", "ID", "PACKAGE", "VERSION", "FIXED IN", "BECAUSE")


def _finding(change: FindingChange) -> tuple[str, ...]:
    severity = "MALICIOUS" if change.category == "malicious" else change.severity
    because = change.because + ("" if change.status == "affected" else ", undetermined")
    return severity, change.id, change.name, change.version, ", ".join(change.fixed_in), because


def _package(change: PackageChange) -> tuple[str, ...]:
    layers = [str(layer) for layer in dict.fromkeys((change.old_layer, change.new_layer)) if layer is not None]
    name = f"{change.old_name} → {change.name}" if change.old_name else change.name
    return change.kind, change.ecosystem or "?", name, change.old, change.new, " → ".join(layers)


def _fact(fact: Fact) -> tuple[str, ...]:
    return fact.ecosystem or "?", fact.name, fact.version, fact.old or "not recorded", fact.new or "not recorded"


def _setting(setting: Setting) -> tuple[str, ...]:
    return setting.name, *("not there" if value is None else value for value in (setting.old, setting.new))


def _layer(layer: LayerChange) -> tuple[str, ...]:
    return layer.kind, str(layer.index), layer.digest, " ".join(layer.created_by.split())
