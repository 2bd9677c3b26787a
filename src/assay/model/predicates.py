"""Other predicates of the in-toto attestation framework, as values. Absent lists are None, for empty says more."""

from typing import Literal

import msgspec

from assay.model.statement import ResourceDescriptor


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/test-result/v0.1: one run of a test suite."""

    __test__ = False  # not a test of pytest's
    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: tuple[ResourceDescriptor, ...]
    url: str = ""
    passed_tests: tuple[str, ...] | None = None
    warned_tests: tuple[str, ...] | None = None
    failed_tests: tuple[str, ...] | None = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One assertion of an attribute report."""

    attribute: str
    target: ResourceDescriptor | None = None
    conditions: dict[str, object] = {}
    evidence: ResourceDescriptor | None = None


class AttributeReport(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/scai/v0.3: attributes of a step or an artifact, each with its evidence."""

    attributes: tuple[Attribute, ...]
    producer: ResourceDescriptor | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/release/v0.2: which artifacts make up a release."""

    purl: str
    package_id: str = ""
    """Called `releaseId` by drafts of v0.1."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/link/v0.3: a step of a classic in-toto layout."""

    name: str
    command: tuple[str, ...] | None = None
    materials: tuple[ResourceDescriptor, ...] | None = None
    byproducts: dict[str, object] = {}
    environment: dict[str, object] = {}


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """The tool that watched."""

    type: str
    config_source: ResourceDescriptor | None = None
    trace_policy: dict[str, object] = {}


class MonitoredProcess(msgspec.Struct, frozen=True, kw_only=True):
    """What was watched."""

    host_id: str
    type: str
    event: str


class MonitorLog(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen; the entries of `process` and `network` are the monitor's own, told apart by its type."""

    process: tuple[dict[str, object], ...] | None = None
    network: tuple[dict[str, object], ...] | None = None
    file_access: tuple[ResourceDescriptor, ...] | None = None


class TraceTimes(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 3339, as claimed."""

    build_started_on: str = ""
    build_finished_on: str = ""


class RuntimeTrace(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/runtime-trace/v0.1, and v0.2, which only recommends names inside `network`."""

    monitor: Monitor
    monitored_process: MonitoredProcess
    monitor_log: MonitorLog
    metadata: TraceTimes | None = None


class Attester(msgspec.Struct, frozen=True, kw_only=True):
    """Who provides the documents referred to."""

    id: str


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/reference/v0.1: documents about the subjects that lie elsewhere."""

    attester: Attester
    references: tuple[ResourceDescriptor, ...]


class ScanDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """What a scanner looked things up in."""

    uri: str = ""
    version: str = ""
    last_update: str = ""


class Scanner(msgspec.Struct, frozen=True, kw_only=True):
    """Who scanned, with what, and what came of it: a list, or of cosign's form the scanner's own report."""

    uri: str
    version: str = ""
    db: ScanDatabase = ScanDatabase()
    result: object = None


class ScanTimes(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 3339, as claimed."""

    scan_started_on: str = ""
    scan_finished_on: str = ""


class VulnerabilityScan(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/vulns/v0.2, v0.1, and https://cosign.sigstore.dev/attestation/vuln/v1."""

    scanner: Scanner
    metadata: ScanTimes = ScanTimes()
    invocation: dict[str, object] = {}
    """Of v0.1 and cosign's form: what ran the scanner."""


class ImageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """https://sigstore.dev/cosign/sign/v1: the subject is signed; the predicate is empty."""


class Custom(msgspec.Struct, frozen=True, kw_only=True):
    """A predicate of any other absolute URI, as it came."""

    value: dict[str, object] = {}
