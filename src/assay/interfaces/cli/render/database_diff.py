"""What differs between two databases, for a person and for a program."""

import json
from collections import Counter

import msgspec

from assay.interfaces.cli.render.text import safe
from assay.model.advisory_change import DatabaseDifference, Release

_SHOWN = 50
_NAMES_SHOWN = 3
_EPSS = "epss"


def as_table(found: DatabaseDifference) -> str:
    """Counts, then the changed advisories and CVEs, the first fifty of each."""
    lines = [f"old  {_release(found.old)}", f"new  {_release(found.new)}", ""]
    counted = Counter(kind for change in found.advisories for kind in change.kinds)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counted.items())) or "none"
    lines.append(f"{len(found.advisories):,} advisories changed: {said}")
    for change in found.advisories[:_SHOWN]:
        names = ", ".join(f"{ecosystem} {name}" for ecosystem, name in change.names[:_NAMES_SHOWN])
        more = f" and {len(change.names) - _NAMES_SHOWN} more" if len(change.names) > _NAMES_SHOWN else ""
        lines.append(f"  {safe(change.id)}: {', '.join(change.kinds)}" + (f" ({safe(names)}{more})" if names else ""))
    lines += _more(len(found.advisories))
    counted = Counter(kind for cve in found.cves for kind in cve.kinds)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counted.items())) or "none"
    lines.append(f"{len(found.cves):,} CVEs changed beside them: {said}; EPSS of {len(found.epss):,}")
    lines += [f"  {safe(cve.id)}: {', '.join(cve.kinds)}" for cve in found.cves[:_SHOWN]] + _more(len(found.cves))
    lines.append(f"{len(found.names):,} packages touched")
    if found.ecosystems:
        lines.append(f"touched as a whole: {safe(', '.join(found.ecosystems))}")
    if found.lifecycles:
        lines.append("lifecycles changed")
    if found.others:
        lines.append(f"other tables changed: {', '.join(found.others)}")
    return "\n".join(lines) + "\n"


def as_json(found: DatabaseDifference) -> str:
    """Everything as JSON, names sorted; of EPSS the number of changed scores."""
    value = msgspec.to_builtins(found)
    value["epss_count"] = len(value.pop(_EPSS))
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _more(count: int) -> list[str]:
    return [f"  … {count - _SHOWN:,} more with -o json"] if count > _SHOWN else []


def _release(one: Release) -> str:
    return f"build {one.build}, newest feed {safe(one.built or 'unknown')}, content {one.content}"
