"""Why nothing matches an id: what the advisories say of the packages that are there."""

from assay.dependencies.silence import Silence, Unconcerned
from assay.interfaces.cli.render.text import cut, safe, wrap
from assay.ports.stores import Enrichment

_ROWS_COUNT = 50
_NAMED_COUNT = 5
_SUMMARY_CHARACTERS = 300


def render(silence: Silence, columns: int) -> str:
    """The text, no line wider than `columns`."""
    lines = [*_known(silence, columns)]
    for row in silence.unconcerned[:_ROWS_COUNT]:
        lines += _row(row, columns)
    more = len(silence.unconcerned) - _ROWS_COUNT
    if more > 0:
        lines.append(cut(f"  and {more} packages more", columns))
    return "\n".join(lines) + "\n"


def _known(silence: Silence, columns: int) -> list[str]:
    name = safe(silence.id)
    if not silence.known:
        return wrap(f"The database does not know {name}: that is no word on whether it concerns the image.", columns)
    lines = wrap(_summary(silence), columns, "  ")
    if silence.records:
        lines += wrap(f"The database knows it: {_some(silence.records)}.", columns)
    elif silence.packages:
        lines += wrap("The database knows it as one that does not affect packages of a distribution.", columns)
    else:
        lines += wrap(f"The database has {_beside(silence.cve)}, and no advisory that names a package.", columns)
    if silence.unconcerned:
        return [*lines, *wrap("Installed packages it speaks of:", columns)]
    if silence.packages:
        named = _some([f"{package} in {ecosystem}" for ecosystem, package in silence.packages])
        lines += wrap(f"No installed package has a name it speaks of: {named}.", columns)
    return lines


def _beside(cve: Enrichment | None) -> str:
    """What is known of a CVE that no advisory speaks of."""
    if cve is not None and (cve.state or cve.summary or cve.scores):
        return "its CVE record"
    return "only what KEV or EPSS say of its exploitation"


def _summary(silence: Silence) -> str:
    if silence.cve is None:
        return ""
    rejected = "Its CVE record was rejected. " if silence.cve.state == "REJECTED" else ""
    return rejected + safe(silence.cve.summary)[:_SUMMARY_CHARACTERS]


def _row(row: Unconcerned, columns: int) -> list[str]:
    source = f"  [{safe(row.source)}]" if row.source else ""
    name = cut(safe(f"  {row.name} {row.version}".rstrip()), columns)
    return [name, *wrap(safe(row.says) + source, columns, " " * 6)]


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - _NAMED_COUNT
    return safe(", ".join(names[:_NAMED_COUNT])) + (f" and {more} more" if more > 0 else "")
