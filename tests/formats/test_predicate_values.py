"""Every predicate of the table: read into its value, written, and read again equal; by the parsing rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import claims, intoto, predicate_values, predicates, slsa, vsa
from assay.model import predicates as values
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.provenance import Completeness, Provenance
from assay.model.statement import ResourceDescriptor, Statement
from assay.model.summary import SimpleResult, VerificationSummary

SUBJECT = ResourceDescriptor(name="image", digest={"sha256": "ab" * 32})
DESCRIPTOR = {"uri": "git+https://example.test/a", "digest": {"sha1": "c0"}, "annotations": {"twoPartyReview": False}}
TIME = "2026-01-02T03:04:05Z"

CASES: dict[str, tuple[str, dict[str, object], type]] = {
    "svr": (
        predicates.SVR,
        {"verifier": {"id": "https://v.test", "policies": []}, "timeCreated": TIME, "properties": ["A"]},
        SimpleResult,
    ),
    "svr-v0.1": (
        "https://in-toto.io/attestation/svr/v0.1",
        {"verifier": {"id": "https://v.test"}, "timeCreated": TIME, "properties": []},
        SimpleResult,
    ),
    "test-result": (
        predicates.TEST_RESULT,
        {"result": "WARNED", "configuration": [DESCRIPTOR], "passedTests": ["a"], "warnedTests": []},
        values.TestResult,
    ),
    "scai": (
        predicates.SCAI,
        {
            "attributes": [
                {"attribute": "HERMETIC", "target": DESCRIPTOR, "conditions": {"n": 1.5}, "evidence": DESCRIPTOR}
            ],
            "producer": {"uri": "https://p.test"},
        },
        values.AttributeReport,
    ),
    "release": (predicates.RELEASE, {"purl": "pkg:npm/a@1", "packageId": "7"}, values.Release),
    "release-v0.1": (
        "https://in-toto.io/attestation/release/v0.1", {"purl": "pkg:npm/a@1"}, values.Release,
    ),
    "link": (
        predicates.LINK,
        {
            "name": "build",
            "command": ["make", "all"],
            "materials": [{"name": "a.c", "digest": {"sha256": "00"}}],
            "byproducts": {"return-value": 0},
            "environment": {"A": None},
        },
        values.Link,
    ),
    "runtime-trace": (
        predicates.RUNTIME_TRACE,
        {
            "monitor": {"type": "https://m.test", "configSource": {"uri": "x:y"}, "tracePolicy": {"a": [1]}},
            "monitoredProcess": {"hostID": "https://h.test", "type": "https://t.test", "event": "1"},
            "monitorLog": {"network": [{"ip": "::1", "port": 53}], "fileAccess": [DESCRIPTOR]},
            "metadata": {"buildStartedOn": TIME},
        },
        values.RuntimeTrace,
    ),
    "runtime-trace-v0.2": (
        "https://in-toto.io/attestation/runtime-trace/v0.2",
        {
            "monitor": {"type": "https://m.test"},
            "monitoredProcess": {"hostID": "https://h.test", "type": "https://t.test", "event": "1"},
            "monitorLog": {"process": []},
        },
        values.RuntimeTrace,
    ),
    "reference": (
        predicates.REFERENCE,
        {
            "attester": {"id": "https://a.test"},
            "references": [{"downloadLocation": "https://d.test", "mediaType": "application/spdx+json"}],
        },
        values.Reference,
    ),
    "vulns": (
        predicates.VULNS,
        {
            "scanner": {
                "uri": "pkg:github/a/b",
                "version": "1",
                "db": {"uri": "x:y", "version": "1", "lastUpdate": TIME},
                "result": [{"id": "CVE-1", "severity": [{"method": "nvd", "score": "5.2"}]}],
            },
            "metadata": {"scanStartedOn": TIME, "scanFinishedOn": TIME},
        },
        values.VulnerabilityScan,
    ),
    "vulns-v0.1": (
        "https://in-toto.io/attestation/vulns/v0.1",
        {"invocation": {"builder.id": "GitHub Actions"}, "scanner": {"uri": "x:y", "result": []}},
        values.VulnerabilityScan,
    ),
    "vulns-cosign": (
        predicates.COSIGN_VULNS,
        {
            "invocation": {"parameters": None, "uri": ""},
            "scanner": {"uri": "x:y", "result": {"SchemaVersion": 2}},
            "metadata": {"scanStartedOn": TIME},
        },
        values.VulnerabilityScan,
    ),
    "vsa": (
        predicates.VSA,
        {
            "verifier": {"id": "https://v.test", "version": {"v": "1"}},
            "timeVerified": TIME,
            "resourceUri": "pkg:oci/a",
            "policy": {"uri": "https://p.test", "digest": {"sha256": "00"}},
            "inputAttestations": [{"digest": {"sha256": "01"}}],
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
            "dependencyLevels": {"SLSA_BUILD_LEVEL_0": 3},
            "slsaVersion": "1.2",
        },
        VerificationSummary,
    ),
    "signature": (predicates.COSIGN_SIGN, {}, values.ImageSignature),
    "provenance": (
        predicates.PROVENANCE,
        {
            "buildDefinition": {
                "buildType": "https://b.test",
                "externalParameters": {"a": {"b": None}},
                "internalParameters": {"c": 1},
                "resolvedDependencies": [DESCRIPTOR],
            },
            "runDetails": {
                "builder": {"id": "https://i.test", "version": {"x": "1"}, "builderDependencies": [DESCRIPTOR]},
                "metadata": {"invocationId": "i", "startedOn": TIME, "finishedOn": TIME},
                "byproducts": [{"name": "log", "digest": {"sha256": "0f"}}],
            },
        },
        Provenance,
    ),
    "spdx3": (predicates.SPDX3, {"@context": "c", "@graph": []}, values.Custom),
    "custom": ("https://team.test/predicate/7", {"any": [1, 2.5, None]}, values.Custom),
}  # fmt: skip


def _statement(predicate_type: str, predicate: dict[str, object]) -> Statement:
    return intoto.statement([SUBJECT], predicate_type, predicate)


@pytest.mark.parametrize("name", CASES)
def test_reads_and_comes_back_equal(name):
    predicate_type, predicate, kind = CASES[name]
    value = predicate_values.read(_statement(predicate_type, predicate), where="t")
    assert type(value) is kind
    assert predicate_values.write(value) == predicate
    again = predicate_values.read(_statement(predicate_type, predicate_values.write(value)), where="t")
    assert again == value


@pytest.mark.parametrize("name", CASES)
def test_unknown_names_are_ignored(name):
    predicate_type, predicate, kind = CASES[name]
    if kind in {values.Custom, values.ImageSignature}:
        return
    more = {**predicate, "urn:x:later": {"a": 1}}
    assert predicate_values.read(_statement(predicate_type, more), where="t") == predicate_values.read(
        _statement(predicate_type, predicate), where="t"
    )


BROKEN = {
    "svr without a verifier": (predicates.SVR, {"timeCreated": TIME, "properties": []}),
    "svr whose properties are no list": (
        predicates.SVR, {"verifier": {"id": "x:y"}, "timeCreated": TIME, "properties": "A"},
    ),
    "test result of another word": (predicates.TEST_RESULT, {"result": "FINE", "configuration": []}),
    "trace without a log": (
        predicates.RUNTIME_TRACE,
        {
            "monitor": {"type": "x:y"},
            "monitoredProcess": {"hostID": "x:y", "type": "x:y", "event": "1"},
            "monitorLog": {"network": None},
        },
    ),
    "link with one name twice": (
        predicates.LINK, {"name": "a", "materials": [{"name": "m", "digest": {"sha256": "0"}}] * 2},
    ),
    "link whose material has no digest": (predicates.LINK, {"name": "a", "materials": [{"name": "m"}]}),
    "reference to nowhere": (
        predicates.REFERENCE, {"attester": {"id": "x:y"}, "references": [{"mediaType": "text/plain"}]},
    ),
    "release without a purl": (predicates.RELEASE, {"packageId": "7"}),
    "attribute without a name": (predicates.SCAI, {"attributes": [{"target": {}}]}),
    "scan without a scanner": (predicates.VULNS, {"metadata": {}}),
    "summary of another result": (
        predicates.VSA,
        {"verifier": {"id": "x:y"}, "resourceUri": "a", "policy": {}, "verificationResult": "MAYBE"},
    ),
    "provenance without a builder": (
        predicates.PROVENANCE, {"buildDefinition": {"buildType": "x:y"}, "runDetails": {}},
    ),
    "provenance without a build type": (
        predicates.PROVENANCE, {"buildDefinition": {}, "runDetails": {"builder": {"id": "x:y"}}},
    ),
    "provenance v0.2 in the form of v1": (
        predicates.PROVENANCE_V02, {"buildDefinition": {"buildType": "x:y"}, "runDetails": {"builder": {"id": "i"}}},
    ),
    "a required null": (predicates.RELEASE, {"purl": None}),
    "a material that is a number": (
        predicates.PROVENANCE_V02, {"builder": {"id": "x:y"}, "buildType": "x:y", "materials": [7]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_lacks_its_required_fields_is_refused(name):
    with pytest.raises(MalformedError):
        predicate_values.read(_statement(*BROKEN[name]), where="t")


def test_optional_nulls_are_absent_and_nulls_inside_opaque_objects_stay():
    predicate = {
        "buildDefinition": {
            "buildType": "x:y", "externalParameters": {"a": None}, "internalParameters": None,
            "resolvedDependencies": [{"uri": "a:b", "name": None, "digest": None}],
        },
        "runDetails": {"builder": {"id": "x:y", "version": None}, "metadata": None, "byproducts": None},
    }  # fmt: skip
    read = slsa.read(predicates.PROVENANCE, predicate, where="t")
    assert read.external_parameters == {"a": None}
    assert read.internal_parameters == {}
    assert read.resolved_dependencies == (ResourceDescriptor(uri="a:b"),)


def test_provenance_v02_is_read_into_the_same_words():
    read = slsa.read(
        predicates.PROVENANCE_V02,
        {
            "builder": {"id": "https://i.test"},
            "buildType": "https://b.test",
            "invocation": {
                "configSource": {"uri": "git+https://s.test@refs/heads/main", "digest": {"sha1": "c"}, "entryPoint": "m"},
                "parameters": {"p": 1},
                "environment": {"e": 2},
            },
            "buildConfig": {"steps": []},
            "metadata": {
                "buildInvocationId": "7",
                "buildStartedOn": TIME,
                "completeness": {"parameters": True, "environment": False, "materials": False},
                "reproducible": True,
            },
            "materials": [{"uri": "git+https://s.test@refs/heads/main", "digest": {"sha1": "c"}}],
        },
        where="t",
    )  # fmt: skip
    assert read == Provenance(
        version="v0.2",
        build_type="https://b.test",
        builder_id="https://i.test",
        external_parameters={"p": 1},
        internal_parameters={"e": 2},
        resolved_dependencies=(ResourceDescriptor(uri="git+https://s.test@refs/heads/main", digest={"sha1": "c"}),),
        invocation_id="7",
        started_on=TIME,
        config_source=ResourceDescriptor(uri="git+https://s.test@refs/heads/main", digest={"sha1": "c"}),
        entry_point="m",
        build_config={"steps": []},
        completeness=Completeness(parameters=True),
        reproducible=True,
    )
    with pytest.raises(UnsupportedError):
        slsa.write(read)


def test_provenance_of_an_unknown_version_is_unsupported():
    with pytest.raises(UnsupportedError, match=r"v9"):
        slsa.read("https://slsa.dev/provenance/v9", {}, where="t")


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        ("https://slsa.dev/provenance/v0.2", predicates.PROVENANCE),
        ("https://in-toto.io/attestation/vulns/v0.1", predicates.VULNS),
        ("https://in-toto.io/attestation/runtime-trace/v0.2", predicates.RUNTIME_TRACE),
        ("https://in-toto.io/attestation/release/v0.1", predicates.RELEASE),
        ("https://cyclonedx.org/bom/v1.6", predicates.CYCLONEDX),
        ("https://spdx.dev/Document/v3", predicates.SPDX3),
    ],
)
def test_older_names(uri, canonical):
    assert predicates.canonical_type(uri) == canonical


@pytest.mark.parametrize("level", ["SLSA_MINE", "SLSA_BUILD_LEVEL_4", "SLSA_SOURCE_LEVEL_9", "SLSA_"])
def test_a_level_of_ones_own_never_takes_the_prefix(level):
    summary = claims.read(CASES["vsa"][1], VerificationSummary, where="t", what="a summary")
    with pytest.raises(MalformedError, match="prefix"):
        vsa.write(
            type(summary)(**{f: getattr(summary, f) for f in summary.__struct_fields__} | {"verified_levels": (level,)})
        )


def test_a_statement_may_have_no_predicate():
    statement = intoto.statement([SUBJECT], predicates.COSIGN_SIGN, None)
    assert "predicate" not in json.loads(statement.payload)
    assert intoto.read(statement.payload, where="t") == statement


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT, lambda x: st.lists(x, max_size=2)
)
_DESCRIPTORS = st.lists(
    st.builds(ResourceDescriptor, name=_TEXT, uri=_TEXT, digest=st.dictionaries(_TEXT, _TEXT, max_size=2), annotations=st.dictionaries(_TEXT, _JSON, max_size=2)),
    max_size=3,
).map(tuple)  # fmt: skip


@given(
    st.builds(
        Provenance,
        build_type=_TEXT,
        builder_id=_TEXT,
        external_parameters=st.dictionaries(_TEXT, _JSON, max_size=3),
        internal_parameters=st.dictionaries(_TEXT, _JSON, max_size=3),
        resolved_dependencies=_DESCRIPTORS,
        builder_dependencies=_DESCRIPTORS,
        builder_version=st.dictionaries(_TEXT, _TEXT, max_size=2),
        invocation_id=_TEXT,
        started_on=_TEXT,
        byproducts=_DESCRIPTORS,
    )
)
def test_provenance_written_and_read_is_the_same(provenance):
    assert slsa.read(predicates.PROVENANCE, slsa.write(provenance), where="t") == provenance
