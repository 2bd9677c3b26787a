"""Write the generated pages of docs/reference: command line, report schema, cataloguers, limits, default policy.

    python docs/generate.py [--check]

`--check` writes nothing and exits 1 when a page is out of date.
"""

import json
import sys
from pathlib import Path

import click

from assay import bootstrap
from assay.build import spec_schema
from assay.dependencies.catalogers import TABLE
from assay.dependencies.locks import ROWS
from assay.formats import report
from assay.interfaces.cli.main import COMMANDS, cli
from assay.model.limits import DEFAULT_LIMITS

OUT = Path(__file__).resolve().parent / "reference"
MADE = "<!-- Written by `make docs`; edit the code instead. -->\n\n"


def command_line() -> str:
    """`--help` of every command."""
    lines = [MADE + "# Command line\n"]

    def add(command: click.Command, words: str) -> None:
        context = click.Context(command, info_name=words, max_content_width=100, terminal_width=100)
        lines.append(f"## `{words}`\n\n```text\n{command.get_help(context)}\n```\n")
        if isinstance(command, click.Group) and command is not cli:
            for name in sorted(command.commands):
                add(command.commands[name], f"{words} {name}")

    add(cli, "assay")
    for name in sorted(COMMANDS):
        command = cli.get_command(click.Context(cli), name)
        if command is not None:
            add(command, f"assay {name}")
    return "\n".join(lines)


def cataloguers() -> str:
    """The cataloguers' table."""
    lines = [
        MADE + "# Cataloguers\n",
        "| name | ecosystem | reads | bound | version |",
        "| --- | --- | --- | --- | ---: |",
    ]
    for row in sorted((*TABLE, *ROWS), key=lambda row: row.name):
        wants = row.wants
        reads = [f"`{p}`" for p in sorted(wants.paths)] + [f"`{n}`" for n in sorted(wants.names)]
        reads += [f"`*{s}`" for s in sorted(wants.suffixes)] + [f"`{d}/*`" for d in sorted(wants.directories)]
        reads += [f"programs with magic `{m.hex()}`" for m in sorted(wants.magic)]
        lines.append(f"| {row.name} | {row.ecosystem} | {', '.join(reads)} | `{wants.limit}` | {row.version} |")
    return "\n".join(lines) + "\n"


def limits() -> str:
    """Every named limit with its default."""
    lines = [MADE + "# Limits\n", "The unit is the last word of a name.\n", "| limit | default |", "| --- | ---: |"]
    lines += [f"| `{name}` | {getattr(DEFAULT_LIMITS, name):,} |" for name in DEFAULT_LIMITS.__struct_fields__]
    return "\n".join(lines) + "\n"


def policy() -> str:
    """The rules of the shipped policy."""
    lines = [
        MADE + "# Default policy\n",
        "| rule | severity | state | asks | needs | remedy |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rule in bootstrap.load_policy(bootstrap.DEFAULT_POLICY).rules:
        cells = (f"`{rule.code}`", rule.severity, rule.state, rule.title, ", ".join(rule.needs), rule.remedy)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


PAGES = {
    "command-line.md": command_line,
    "cataloguers.md": cataloguers,
    "limits.md": limits,
    "policy.md": policy,
    "build.schema.json": lambda: json.dumps(spec_schema.schema(), indent=2, sort_keys=True) + "\n",
    "report.schema.json": lambda: json.dumps(report.schema(), indent=2, sort_keys=True) + "\n",
}


def main() -> None:
    """Write or check every page."""
    OUT.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in PAGES.items():
        path, text = OUT / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    print(
        "\n".join(f"out of date: {name}" if "--check" in sys.argv else f"wrote {name}" for name in stale)
        or "up to date"
    )
    sys.exit(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    main()
