"""What a rebuild found, for a person's eyes."""

from assay.interfaces.cli.render import comparison
from assay.interfaces.cli.render.text import safe
from assay.model.rebuilding import RebuildReport


def text(report: RebuildReport, *, every: bool = False) -> str:
    """Verdict and conditions, then each comparison that found something."""
    head = f"{report.verdict} ({len(report.comparisons)} rebuilt)"
    lines = [
        head,
        *(f"  {name}: {verdict}" for name, verdict in report.platforms.items()),
        f"  spec {report.spec}",
        f"  lock {report.lock}",
    ]
    if report.isolation:
        lines.append(f"  steps {report.isolation}")
    for one in report.variations:
        if one.state != "not varied":
            partly = "partly varied, " if one.state == "partly varied" else ""
            lines.append(safe(f"  {one.name}: {partly}{one.before} -> {one.after}"))
            lines += [safe(f"    {line}") for line in one.reach]
        else:
            lines.append(safe(f"  {one.name}: not varied ({one.why})"))
    lines += [safe(f"  {one}") for one in report.advice]
    if report.traces_compared_count:
        count = len(report.trace_differences)
        lines.append(
            f"  traces of {report.traces_compared_count} steps: {f'{count} differences' if count else 'equal'}"
        )
        lines += [safe(f"    {one}") for one in report.trace_differences]
    for blame in report.bisected:
        counts = ", ".join(f"{kind} {count}" for kind, count in blame.counts.items())
        lines.append(f"  alone {blame.name}: {blame.verdict}" + (f" ({counts})" if counts else ""))
    if report.bisected:
        lines.append(f"  guilty: {', '.join(report.guilty) or 'no single condition; it differs by itself'}")
    found = "\n".join(lines) + "\n"
    for number, one_comparison in enumerate(report.comparisons, 1):
        if one_comparison.verdict != "identical":
            found += f"\nrebuild {number}: {comparison.text(one_comparison, every=every)}"
    return found
