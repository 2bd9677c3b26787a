"""VEX signed by an identity: believed by the rows that name it and its issuer, under the roots the table names."""

import json

import msgspec
import pytest

import trustworld as world
from assay.formats import base64text, cosign, dsse, rekor, trustroot
from assay.model.digest import Digest
from assay.model.errors import AssayError
from assay.model.statement import Envelope
from assay.model.vex import VexStatement
from assay.trust import vex_policy
from assay.trust.vex import Judged, judge
from assay.trust.vex_found import Found
from assay.trust.vex_policy import VexTrust
from authorities import ISSUER, SUBJECT
from vexplaces import document, statement

IDENTITY = SUBJECT.identity
TARGET = world.TARGET
JINJA = "pkg:pypi/jinja2"
ROOT = trustroot.write(world.roots())


def row(identity: str = IDENTITY, issuer: str = ISSUER, more: str = "", name: str = "pipeline") -> str:
    return f'[[vex.trust]]\nname = "{name}"\nidentity = "{identity}"\nissuer = "{issuer}"\nproducts = ["pkg:pypi/*"]\n{more}\n'


def table(*rows: str, root: bool = True) -> VexTrust:
    head = '[vex]\ntrusted_root = "root.json"\n' if root else ""
    return vex_policy.read((head + "".join(rows)).encode(), where="trust.toml", read_key=lambda name: ROOT)


def bundle(vex: dict[str, object] | None = None) -> bytes:
    payload = statement(TARGET, vex or document(JINJA)).payload
    return world.make(statement=payload).data()


def judged(data: bytes, trust: VexTrust, **more: object) -> Judged:
    found = Found(found="referrer", place="p", kind="attestation", data=data, target=TARGET)
    (one,) = judge([msgspec.structs.replace(found, **more)], trust, image="registry.example/app", now=world.LATER)
    return one


def test_an_identity_the_table_names_counts() -> None:
    one = judged(bundle(), table(row()))
    assert (one.document.outcome, one.document.code, one.document.signer) == ("applied", "", "pipeline")
    (said,) = one.statements
    assert said.author == "pipeline"


def test_a_pattern_is_one_only_if_the_row_says_so() -> None:
    pattern = IDENTITY[:4] + "*"
    assert judged(bundle(), table(row(pattern))).document.code == "IDENTITY"
    assert judged(bundle(), table(row(pattern, more="glob = true"))).document.outcome == "applied"


@pytest.mark.parametrize(
    ("trust", "code"),
    [
        (table(row(IDENTITY + ".evil")), "IDENTITY"),
        (table(row(IDENTITY.upper())), "IDENTITY"),
        (table(row(issuer=ISSUER + "/")), "ISSUER"),
        (table(row(more='not_after = "2020-01-01T00:00:00Z"')), "OUTSIDE_WINDOW"),
        (table(row(more='not_before = "2099-01-01T00:00:00Z"')), "OUTSIDE_WINDOW"),
        (VexTrust(), "KEYLESS"),
    ],
)
def test_others_are_seen_not_applied(trust: VexTrust, code: str) -> None:
    one = judged(bundle(), trust)
    assert (one.document.outcome, one.document.code) == ("seen", code)
    assert one.document.why
    assert not one.statements


def test_without_roots_nothing_is_believed() -> None:
    assert judged(bundle(), table(row(), root=False)).document.outcome == "seen"


def test_the_window_is_that_of_the_proven_time_not_of_today() -> None:
    ended = "2026-11-03T00:00:00Z"  # after it was signed, before it is judged
    assert ended < world.LATER
    assert judged(bundle(), table(row(more=f'not_after = "{ended}"'))).document.outcome == "applied"


def test_what_is_out_of_scope_does_not_count() -> None:
    one = judged(bundle(document("pkg:npm/left-pad")), table(row()))
    assert (one.document.outcome, one.document.code, one.document.signer) == ("seen", "SCOPE", "pipeline")


def test_a_changed_statement_is_refused() -> None:
    value = json.loads(bundle())
    other = json.loads(bundle(document("pkg:pypi/other")))
    value["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"]
    assert judged(json.dumps(value).encode(), table(row())).document.code == "SIGNATURE"


def test_an_attestation_about_another_image_is_refused() -> None:
    assert judged(bundle(), table(row()), target=Digest.of(b"other")).document.code == "SUBJECT_MISMATCH"


def test_a_document_with_a_keyless_signature_beside_it() -> None:
    signature = world.make(content="artifact").data()
    found = Found(found="tree", place="a.json", kind="document", data=world.ARTIFACT, signature=signature)

    def read(data: bytes, name: str) -> tuple[VexStatement, ...]:
        return (VexStatement(vulnerability="CVE-2024-2222", status="fixed"),)

    (one,) = judge([found], table(row()), image="", now=world.LATER, read=read)
    assert (one.document.outcome, one.document.signer) == ("applied", "pipeline")


def promise(body: bytes) -> str:
    """The annotation `dev.sigstore.cosign/bundle`."""
    seconds, index, log = int(world.LOGGED.timestamp()), 4_000, world.V1
    message = rekor.promised(body, integrated_time=seconds, log_id=log.key_id, log_index=index)
    payload = {
        "body": base64text.encode(body), "integratedTime": seconds, "logIndex": index, "logID": log.key_id.hex(),
    }  # fmt: skip
    return json.dumps({"SignedEntryTimestamp": base64text.encode(log.signer.sign(message)), "Payload": payload})


def older(trust: VexTrust, vex: dict[str, object] | None = None, **changes: str) -> Judged:
    """The same word as cosign 2 attached it: an envelope, and annotations that hold certificate and promise."""
    made = world.make(log=world.V1, kind="dsse", statement=statement(TARGET, vex or document(JINJA)).payload)
    assert isinstance(made.content, Envelope)
    said = {
        cosign.CERTIFICATE: world.pem(made.certificate or b"", "CERTIFICATE"),
        cosign.BUNDLE: promise(made.entries[0].body),
        **changes,
    }
    return judged(dsse.write(made.content), trust, found="tag", certificate=True, annotations=said)


def cosign_v2(trust: VexTrust) -> VexTrust:
    return msgspec.structs.replace(trust, cosign_v2=True)


def test_cosign_2_counts_only_where_it_is_asked_for() -> None:
    assert older(table(row())).document.code == "KEYLESS"
    one = older(cosign_v2(table(row())))
    assert (one.document.outcome, one.document.signer, one.document.why) == ("applied", "pipeline", "")


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (older(cosign_v2(table(row(IDENTITY + ".evil")))), "IDENTITY"),
        (older(cosign_v2(VexTrust())), "KEYLESS"),
    ],
)
def test_cosign_2_by_strangers_is_seen_not_applied(one: Judged, code: str) -> None:
    assert (one.document.outcome, one.document.code) == ("seen", code)


def test_cosign_2_without_its_promise_is_refused() -> None:
    one = older(cosign_v2(table(row())), **{cosign.BUNDLE: "{}"})
    assert one.document.outcome == "seen"
    assert one.document.code


def test_legacy_in_the_table() -> None:
    text = '[vex]\ntrusted_root = "root.json"\nlegacy = ["cosign-v2"]\n' + row()
    assert vex_policy.read(text.encode(), where="t", read_key=lambda name: ROOT).cosign_v2


@pytest.mark.parametrize(
    "text",
    [
        row(more="glob = true").replace("identity", "key_pem").replace("issuer", "key"),
        row(more='not_after = "soon"'),
        row(more='not_after = "2027-01-01T00:00:00+01:00"'),
        "[vex]\ntrusted_root = 7\n" + row(),
        '[vex]\nlegacy = ["cosign-v1"]\n' + row(),
    ],
)
def test_tables_with_two_readings_are_refused(text: str) -> None:
    with pytest.raises(AssayError):
        vex_policy.read(text.encode(), where="trust.toml", read_key=lambda name: ROOT)
