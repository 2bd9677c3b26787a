"""A report or an inventory in each output format, to standard output or atomically to a file."""

import shutil
import sys
from collections.abc import Callable, Mapping

import click

from assay import bootstrap
from assay.interfaces.cli.options import Output, colour_wanted
from assay.model.inventory import Inventory
from assay.model.report import Report

Writer = Callable[[Inventory, Report | None, Output], bytes]


def _cyclonedx(inventory: Inventory, _: Report | None, output: Output) -> bytes:
    from assay.formats import cyclonedx

    when = bootstrap.document_time(inventory)
    return cyclonedx.write(inventory, tool=bootstrap.TOOL, timestamp=when, version=output.version or "1.6")


def _spdx(inventory: Inventory, _: Report | None, __: Output) -> bytes:
    from assay.formats import spdx

    return spdx.write(inventory, tool=bootstrap.TOOL, timestamp=bootstrap.document_time(inventory))


def _json(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import report as report_format

    return report_format.write(_need(report))


def _sarif(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import sarif

    return sarif.write(_need(report))


def _openvex(inventory: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import openvex

    return openvex.write(_need(report), author=bootstrap.TOOL.name, timestamp=bootstrap.document_time(inventory))


def _markdown(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.interfaces.cli.render import markdown

    return markdown.render(_need(report)).encode()


def _html(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.interfaces.cli.render import html

    return html.render(_need(report)).encode()


def _table(_: Inventory, report: Report | None, output: Output) -> bytes:
    from assay.interfaces.cli.render import table

    columns = shutil.get_terminal_size((120, 24)).columns if not output.path else 120
    colour = colour_wanted(output.path)
    return table.render(_need(report), columns=columns, colour=colour, everything=output.everything).encode()


def _components(inventory: Inventory, _: Report | None, output: Output) -> bytes:
    from assay.interfaces.cli.render import components

    columns = shutil.get_terminal_size((120, 24)).columns if not output.path else 120
    return components.render(inventory, columns=columns, colour=colour_wanted(output.path)).encode()


REPORT_WRITERS: Mapping[str, Writer] = {
    "table": _table,
    "json": _json,
    "cyclonedx-json": _cyclonedx,
    "spdx-json": _spdx,
    "sarif": _sarif,
    "openvex": _openvex,
    "markdown": _markdown,
    "html": _html,
}
SBOM_WRITERS: Mapping[str, Writer] = {
    "cyclonedx-json": _cyclonedx,
    "spdx-json": _spdx,
    "table": _components,
}


def emit(
    writers: Mapping[str, Writer],
    outputs: tuple[Output, ...],
    pairs: tuple[tuple[Inventory, Report | None], ...],
) -> None:
    """Write every output. Several subjects (`--all-platforms`) follow one another, or get the platform in the name.

    Raises:
        OSError: a file cannot be written; nothing half-written stays.
    """
    for output in outputs:
        for inventory, report in pairs:
            data = writers[output.format](inventory, report, output)
            if not output.path:
                click.echo(data, nl=False)
                if sys.stdout.isatty() and not data.endswith(b"\n"):
                    click.echo()
            else:
                bootstrap.write_file(_path(output.path, inventory, len(pairs) > 1), data)


def _path(path: str, inventory: Inventory, several: bool) -> str:
    if not several or inventory.subject.platform is None:
        return path
    stem, dot, ending = path.rpartition(".")
    platform = str(inventory.subject.platform).replace("/", "-")
    return f"{stem}-{platform}.{ending}" if dot else f"{path}-{platform}"


def _need(report: Report | None) -> Report:
    if report is None:
        raise AssertionError("this format needs a report")
    return report
