"""What this machine can build, as text and as JSON."""

from typing import Any

import msgspec

from assay.build.canaries import CANARIES
from assay.build.programs import Machine
from assay.interfaces.cli.render.text import safe


def text(machine: Machine) -> str:
    """A line a program, a line a way out of the sandbox, and the level that follows."""
    lines = []
    for one in machine.programs:
        state = safe(one.version) or "found" if one.found else f"not found: {one.without} ({one.hint})"
        lines.append(f"{one.name:<12}{one.enables}\n{'':<12}{state}")
    lines.append("")
    if machine.isolation is None:
        lines.append(f"isolation   none: {safe(machine.why)}")
        return "\n".join(lines) + "\n"
    titles = {one.name: one.title for one in CANARIES}
    for seen in machine.isolation.seen:
        detail = f" ({safe(seen.detail)})" if seen.detail and seen.state != "closed" else ""
        lines.append(f"{seen.state:<12}{titles[seen.name]}{detail}")
    lines.append(f"isolation   {machine.isolation.level} by {safe(machine.isolation.tool)}")
    return "\n".join(lines) + "\n"


def document(machine: Machine) -> dict[str, Any]:
    """The same as JSON."""
    found: dict[str, Any] = msgspec.to_builtins(machine)
    found["level"] = machine.isolation.level if machine.isolation is not None else "none"
    return found
