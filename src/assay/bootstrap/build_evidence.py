"""The evidence set of a build: what leaves the builder beside the image, signed and attached to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import TOOL, document_time
from assay.model.errors import UnsupportedError, UntrustedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.bootstrap.builds import Finished
    from assay.flows.attest import Attached
    from assay.flows.build_evidence import Unexplained
    from assay.flows.signing import BundleMaker
    from assay.model.image import Subject
    from assay.model.inventory import Inventory
    from assay.model.rebuilding import RebuildReport
    from assay.model.report import Report
    from assay.model.statement import ResourceDescriptor, Statement
    from assay.ports.world import Progress
    from assay.settings import Settings

KINDS = ("cyclonedx", "vulns", "openvex", "vsa", "image")
"""Statements a scan of the finished image makes; the SBOM among them is the builder's own."""


def build_statements(
    done: Finished, inventories: Sequence[Inventory], reports: Sequence[Report]
) -> tuple[tuple[Subject, tuple[Statement, ...], Unexplained], ...]:
    """For each platform's image: everything that is said of it, and where a scan sees something else.

    Args:
        done: the build.
        inventories: a scan of each finished image.
        reports: on them.
    """
    from assay.bootstrap.evidence import image_signature, statements_of
    from assay.flows import build_evidence as flow
    from assay.formats import cyclonedx, intoto, predicates, spdx, strictjson
    from assay.model.statement import ResourceDescriptor

    at = msgspec.structs.replace(done.context, parts=_parts(done))
    places = {str(image.manifest.digest): number for number, image in enumerate(done.built.images)}
    found = []
    for scanned, report in zip(inventories, reports, strict=True):
        digest = scanned.subject.digest
        if digest is None or str(digest) not in places:
            raise UnsupportedError("the scan saw another image", where=scanned.subject.name, why=str(digest))
        number = places[str(digest)]
        subject = ResourceDescriptor(name=done.context.spec.metadata.name, digest={digest.algorithm: digest.hex})
        own = flow.inventory(done.context.spec, done.context.lock, done.built, number, scanned.subject, scanned.distro)
        made = [image_signature(scanned.subject)]
        made += flow.statements(at, done.built, number, subject, tests=done.built.tests if number == 0 else ())
        when = document_time(scanned)
        wanted = done.context.spec.assurance.sbom
        documents = {
            predicates.CYCLONEDX: cyclonedx.write(own, tool=TOOL, timestamp=when) if "cyclonedx" in wanted else b"",
            predicates.SPDX: spdx.write(own, tool=TOOL, timestamp=when) if "spdx" in wanted else b"",
        }
        for uri, data in documents.items():
            if data:
                value = strictjson.loads(data, where=uri, limit=len(data))
                if isinstance(value, dict):
                    made.append(intoto.statement((subject,), uri, value))
        made += [s for s in statements_of(scanned, report, KINDS) if s.predicate_type != predicates.CYCLONEDX]
        unexplained = flow.cross_check(
            own.components, scanned.components, done.built.trees[number], flow.go_programs(done.built)
        )
        made.append(flow.record(done.context, done.built, number, subject, unexplained))
        if done.report is not None and done.report.verdict != "unknown":
            made.append(_rebuilt(done, done.report, scanned.subject))
        found.append((scanned.subject, tuple(made), unexplained))
    return tuple(found)


def _parts(done: Finished) -> tuple[ResourceDescriptor, ...]:
    """What the builder consists of here, as far as its digest is known: nobody pays for that but who signs it."""
    from assay import __version__
    from assay.adapters import sandboxes
    from assay.adapters.program import directory_hash
    from assay.build import builder_parts

    parts = [builder_parts.program("assay", __version__, directory_hash())]
    if any(step.left is None or step.left.when is None for step in done.built.steps):
        launcher = sandboxes.best()
        parts.append(builder_parts.sandbox(launcher.describe(), launcher.program_digest()))
    return tuple(parts)


def _rebuilt(done: Finished, report: RebuildReport, subject: Subject) -> Statement:
    """The builder's own verdict on its rebuilds: one rebuilder more or less, and never two of them."""
    from assay.build.rebuilders import statement
    from assay.flows.statements import resource_uri

    return statement(
        report, subject, builder_id=done.context.builder_id, resource_uri=resource_uri(subject),
        time=done.context.finished_on, versions=done.context.builder_version,
    )  # fmt: skip


def attest_build(done: Finished, settings: Settings, maker: BundleMaker, progress: Progress) -> tuple[Attached, ...]:
    """Scan what was built, sign everything that is said of it, and attach it to each platform's image.

    Of several images the index over them is signed too.

    Raises:
        UntrustedError: the scan finds what nobody laid (`build.unexpected-file`).
    """
    from assay.bootstrap.court import DEFAULT_POLICY
    from assay.bootstrap.evidence import evidence_door, image_signature, sign_and_attach
    from assay.bootstrap.reports import report_on
    from assay.bootstrap.stock import Reading, SecondLook, take_stock

    reading = Reading(all_platforms=len(done.built.images) > 1)
    inventories = take_stock(done.target, reading, settings=settings, progress=progress)
    reports = report_on(
        inventories, settings=settings, vex_paths=(), policy_path=DEFAULT_POLICY, progress=progress,
        reader=SecondLook(done.target, reading, settings, progress),
    )  # fmt: skip
    for reason in sorted({report.sources.reason for report in reports if report.sources.state != "present"}):
        progress.stage(f"no statement of vulnerabilities: {reason}")
    attached: list[Attached] = []
    door = evidence_door(
        done.target, store=None, settings=settings, platform=None, everything=len(done.built.images) > 1
    )
    with door as (subjects, place):
        descriptors = {named.subject.digest: named.descriptor for named in subjects}
        for subject, statements, unexplained in build_statements(done, inventories, reports):
            if unexplained.unexpected:
                raise UntrustedError(
                    "a scan finds what nobody laid into the image", where=subject.name,
                    why=f"build.unexpected-file: {'; '.join(unexplained.unexpected[:10])}",
                    remedy="name it in the spec, or find out where it comes from",
                )  # fmt: skip
            progress.stage(f"attaching {len(statements)} statements to {subject.digest}")
            attached += sign_and_attach(place, descriptors[subject.digest], statements, maker, force=False)
            del descriptors[subject.digest]
        for named in subjects:
            if named.subject.digest in descriptors:  # the index of several: what a tag names, and others verify
                signature = (image_signature(named.subject),)
                attached += sign_and_attach(place, named.descriptor, signature, maker, force=False)
    return tuple(attached)
