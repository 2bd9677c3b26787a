"""A report or an inventory in each output format, to standard output or atomically to a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay import bootstrap
from assay.interfaces.cli.options import Output, colour_wanted
from assay.model.digest import Digest
from assay.model.image import Subject
from assay.model.inventory import Inventory
from assay.model.patterns import lazy

if TYPE_CHECKING:
    from assay.model.report import Report

_UNSAFE = lazy(r"[^A-Za-z0-9_.+]+")
_LABEL_CHARACTERS = 80
Writer = Callable[[Inventory, "Report | None", Output], bytes]


def _cyclonedx(inventory: Inventory, _: Report | None, output: Output) -> bytes:
    from assay.formats import cyclonedx_write  # not the reader beside it

    when = bootstrap.document_time(inventory)
    return cyclonedx_write.write(inventory, tool=bootstrap.TOOL, timestamp=when, version=output.version or "1.6")


def _cyclonedx_xml(inventory: Inventory, _: Report | None, output: Output) -> bytes:
    from assay.formats import cyclonedx_xml

    when = bootstrap.document_time(inventory)
    return cyclonedx_xml.write(inventory, tool=bootstrap.TOOL, timestamp=when, version=output.version or "1.6")


def _spdx(inventory: Inventory, _: Report | None, __: Output) -> bytes:
    from assay.formats import spdx

    return spdx.write(inventory, tool=bootstrap.TOOL, timestamp=bootstrap.document_time(inventory))


def _spdx_tagvalue(inventory: Inventory, _: Report | None, __: Output) -> bytes:
    from assay.formats import spdx_tagvalue

    return spdx_tagvalue.write(inventory, tool=bootstrap.TOOL, timestamp=bootstrap.document_time(inventory))


def _spdx3(inventory: Inventory, _: Report | None, __: Output) -> bytes:
    from assay.formats import spdx3

    return spdx3.write(inventory, tool=bootstrap.TOOL, timestamp=bootstrap.document_time(inventory))


def _json(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import report as report_format

    return report_format.write(_need(report))


def _sarif(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import sarif

    return sarif.write(_need(report))


def _junit(inventory: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import junit

    return junit.write(_need(report), timestamp=bootstrap.document_time(inventory))


def _gitlab(inventory: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import gitlab

    return gitlab.write(_need(report), timestamp=bootstrap.document_time(inventory))


def _github(inventory: Inventory, _: Report | None, __: Output) -> bytes:
    from assay.formats import github_snapshot

    job = github_snapshot.job_of(os.environ)
    if not job.sha or not job.ref:
        click.echo(
            "assay: github: GITHUB_SHA or GITHUB_REF is not set; GitHub takes no snapshot without them", err=True
        )
    when = bootstrap.document_time(inventory)
    return github_snapshot.write(inventory, tool=bootstrap.TOOL, scanned=when, job=job)


def _github_annotations(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import github_annotations

    return github_annotations.write(_need(report))


def _csv(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import findings_csv

    return findings_csv.write(_need(report))


def _openvex(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.formats import openvex

    return openvex.write_statements(
        bootstrap.automatic_statements(_need(report)),
        author=bootstrap.TOOL.name,
        timestamp=bootstrap.statement_time(),
        tooling=f"{bootstrap.TOOL.name} {bootstrap.TOOL.version}",
    )


def _csaf(_: Inventory, report: Report | None, output: Output) -> bytes:
    from assay.formats import csaf_vex_write

    return csaf_vex_write.write_statements(
        bootstrap.automatic_statements(_need(report)),
        author=bootstrap.TOOL.name,
        timestamp=bootstrap.statement_time(),
        tool=bootstrap.TOOL,
        version=output.version or "2.0",
    )


def _cyclonedx_vex(_: Inventory, report: Report | None, output: Output) -> bytes:
    from assay.formats import cyclonedx_vex_write

    return cyclonedx_vex_write.write_statements(
        bootstrap.automatic_statements(_need(report)),
        author=bootstrap.TOOL.name,
        timestamp=bootstrap.statement_time(),
        tool=bootstrap.TOOL,
        version=output.version or "1.6",
    )


def _markdown(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.interfaces.cli.render import markdown

    return markdown.render(_need(report)).encode()


def _html(_: Inventory, report: Report | None, __: Output) -> bytes:
    from assay.interfaces.cli.render import html

    return html.render(_need(report)).encode()


def _table(_: Inventory, report: Report | None, output: Output) -> bytes:
    from assay.interfaces.cli.render import table

    columns = _columns(output)
    colour = colour_wanted(output.path)
    return table.render(_need(report), columns=columns, colour=colour, everything=output.everything).encode()


def _columns(output: Output) -> int:
    """Of the terminal; of a file, a fixed number."""
    import shutil  # loads readers of three kinds of archive: only when a table is shown

    return shutil.get_terminal_size((120, 24)).columns if not output.path else 120


def _components(inventory: Inventory, _: Report | None, output: Output) -> bytes:
    from assay.interfaces.cli.render import components

    return components.render(inventory, columns=_columns(output), colour=colour_wanted(output.path)).encode()


def _headed(inventory: Inventory, output: Output) -> bytes:
    """A heading for a list of packages, which does not say by itself whose it is."""
    from assay.interfaces.cli.render import components

    return f"{components.heading(inventory.subject, _columns(output))}\n".encode()


REPORT_WRITERS: Mapping[str, Writer] = {
    "table": _table,
    "json": _json,
    "cyclonedx-json": _cyclonedx,
    "cyclonedx-xml": _cyclonedx_xml,
    "spdx-json": _spdx,
    "spdx-tv": _spdx_tagvalue,
    "spdx3-json": _spdx3,
    "sarif": _sarif,
    "openvex": _openvex,
    "csaf": _csaf,
    "cyclonedx-vex": _cyclonedx_vex,
    "markdown": _markdown,
    "html": _html,
    "junit": _junit,
    "github": _github,
    "github-annotations": _github_annotations,
    "gitlab": _gitlab,
    "csv": _csv,
}
SBOM_WRITERS: Mapping[str, Writer] = {
    "cyclonedx-json": _cyclonedx,
    "cyclonedx-xml": _cyclonedx_xml,
    "spdx-json": _spdx,
    "spdx-tv": _spdx_tagvalue,
    "spdx3-json": _spdx3,
    "github": _github,
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
    known = labels_of([inventory.subject for inventory, _ in pairs])
    for output in outputs:
        for number, (inventory, report) in enumerate(pairs):
            write = writers[output.format]
            data = write(inventory, report, output)
            if len(pairs) > 1 and write is _components:
                data = _headed(inventory, output) + data
            if not data:
                path = labelled(output.path, known[inventory.subject.digest]) if output.path else ""
                _say_nothing(output, path)
            elif not output.path:
                one_list = number and output.format == "csv"  # which has one header
                click.echo(data.partition(b"\n")[2] if one_list else data, nl=False)
                if sys.stdout.isatty() and not data.endswith(b"\n"):
                    click.echo()
            else:
                bootstrap.write_file(labelled(output.path, known[inventory.subject.digest]), data)


def _say_nothing(output: Output, path: str) -> None:
    """There is nothing to write, and the form has no document for nothing: an older file must not pass for it."""
    if path:
        Path(path).unlink(missing_ok=True)
    said = f"{output.format}: nothing to say, and no form to say it in: no document is written"
    click.echo(said + (f" ({path} is removed if it was there)" if path else ""), err=True)


def labels_of(subjects: Sequence[Subject]) -> dict[Digest | None, str]:
    """What tells several subjects apart in file names: the platform, and the digest where two have the same platform.

    The platform is the image author's word: nothing in it may lead out of the folder or into a terminal. One subject
    alone needs no label.
    """
    if len(subjects) < 2:
        return {subject.digest: "" for subject in subjects}
    platforms = [_UNSAFE.sub("-", str(subject.platform or ""))[:_LABEL_CHARACTERS] for subject in subjects]
    return {
        subject.digest: platform if platform and platforms.count(platform) == 1 else _with_digest(platform, subject)
        for platform, subject in zip(platforms, subjects, strict=True)
    }


def _with_digest(platform: str, subject: Subject) -> str:
    short = subject.digest.hex[:12] if subject.digest is not None else "unnamed"
    return f"{platform}-{short}" if platform else short


def labelled(path: str, label: str) -> str:
    """The path with the label before its ending."""
    if not label:
        return path
    folder, slash, name = path.rpartition("/")
    stem, _, ending = name.rpartition(".")
    return folder + slash + (f"{stem}-{label}.{ending}" if stem else f"{name}-{label}")


def _need(report: Report | None) -> Report:
    if report is None:
        raise AssertionError("this format needs a report")
    return report
