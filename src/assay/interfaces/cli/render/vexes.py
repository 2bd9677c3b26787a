"""What became of VEX statements, and what is wrong with them, as lines of text."""

from collections.abc import Iterable

from assay.dependencies.vex_explain import Explained
from assay.dependencies.vex_lint import Flaw
from assay.interfaces.cli.render.text import safe


def explained(rows: Iterable[Explained]) -> str:
    """Two lines a statement: what it says, then that it matched or the first field that failed."""
    lines = []
    for row in rows:
        who = f" by {row.author}" if row.author else ""
        lines.append(f"{row.document} #{row.number}: {row.vulnerability} {row.status}{who}")
        lines.append(f"  {'matched' if row.outcome == 'matched' else f'not matched: {row.field}'}: {row.says}")
    return "".join(f"{safe(line)}\n" for line in lines)


def flaws(name: str, found: Iterable[Flaw]) -> str:
    """One line a flaw: file, place, severity, code, text."""
    return "".join(f"{safe(f'{name} {f.place}: {f.severity} [{f.code}]: {f.says}')}\n" for f in found)
