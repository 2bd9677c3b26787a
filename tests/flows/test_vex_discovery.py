"""VEX beside an image: found in every layout, believed only from whom the policy names, for what it names."""

import json
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.adapters.vexfolder import VexFolder
from assay.flows.vex_discovery import Beside, beside_image
from assay.flows.vex_folders import in_repository, in_tree
from assay.formats import bundle, predicates
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError
from assay.model.image import Descriptor, Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.vex import VexStatement
from assay.trust import dsse, vex_policy
from assay.trust.vex import Judged, judge
from assay.trust.vex_found import Found
from assay.trust.vex_policy import VexTrust
from inventories import full
from signing import NOW, OTHER, P256, MemorySigner
from vexplaces import DSSE, VexImage, document, envelope, signed_beside, statement, trust_row

JINJA = "pkg:pypi/jinja2"


@pytest.fixture
def image(tmp_path: Path) -> VexImage:
    return VexImage(tmp_path / "image")


def found(image: VexImage, limits: Limits = DEFAULT_LIMITS) -> tuple[Found, ...]:
    store = LayoutStore(image.folder, tag="latest", limits=limits)
    return beside_image(Beside(store, store), Subject(name="image", digest=image.digest, index=image.index), limits)


def trust(*rows: str) -> VexTrust:
    return vex_policy.read("".join(rows).encode(), where="trust.toml", read_key=lambda name: b"")


ALL = trust(trust_row("vendor", P256))


def judged(image: VexImage, policy: VexTrust = ALL) -> tuple[Judged, ...]:
    return judge(found(image), policy, image="registry.example/team/app", now=NOW)


def only(image: VexImage, policy: VexTrust = ALL) -> Judged:
    (one,) = judged(image, policy)
    return one


PUT = {
    "tag": lambda image, vex, signer: image.cosign2(envelope(image.digest, vex, signer)),
    "referrer": lambda image, vex, signer: image.cosign3(vex, signer),
    "envelope-referrer": lambda image, vex, signer: image.docker(envelope(image.digest, vex, signer), DSSE),
    "attestation": lambda image, vex, signer: image.buildkit(envelope(image.digest, vex, signer)),
}


@pytest.mark.parametrize("layout", PUT)
def test_a_signed_document_is_found_and_applied_in_every_layout(image: VexImage, layout: str) -> None:
    PUT[layout](image, document(JINJA), P256)
    one = only(image)
    assert (one.document.outcome, one.document.why) == ("applied", "")
    assert one.document.found == layout.removeprefix("envelope-")
    assert (one.document.signer, one.document.author, one.document.id) == ("vendor", "Somebody", "urn:test:vex")
    (said,) = one.statements
    assert said.author == "vendor", "the author is who signed, not who is named"
    assert said.evidence[0].startswith("sha256:")
    assert (one.document.statements_count, one.document.applied_count) == (1, 1)


@pytest.mark.parametrize("layout", PUT)
def test_a_strangers_word_is_seen_and_not_applied(image: VexImage, layout: str) -> None:
    PUT[layout](image, document(JINJA), OTHER)
    one = only(image)
    assert (one.document.outcome, one.statements) == ("seen", ())
    assert one.document.code == "KEY_UNKNOWN"
    assert one.document.statements_count == 1


@pytest.mark.parametrize("layout", PUT)
def test_a_word_about_another_image_is_not_applied(image: VexImage, layout: str) -> None:
    other = Digest.of(b"another image")
    vex = document(JINJA)
    if layout == "referrer":
        image.bundle(dsse.sign(statement(other, vex), P256), image.digest)
    else:
        put = {
            "tag": image.cosign2,
            "envelope-referrer": lambda d: image.docker(d, DSSE),
            "attestation": image.buildkit,
        }
        put[layout](envelope(other, vex, P256))
    assert [(one.document.outcome, one.document.code) for one in judged(image)] == [("seen", "SUBJECT_MISMATCH")]


@pytest.mark.parametrize("put", [VexImage.docker, VexImage.buildkit])
def test_bare_statements_are_not_signed(image: VexImage, put: object) -> None:
    put(image, statement(image.digest, document(JINJA)).payload)  # type: ignore[operator]
    one = only(image)
    assert (one.document.outcome, one.document.code, one.document.why) == ("seen", "NOT_SIGNED", "not signed")


@pytest.mark.parametrize(
    ("signer", "kind", "about", "outcome"),
    [
        (P256, predicates.COSIGN_SIGN, "", "applied"),
        (OTHER, predicates.COSIGN_SIGN, "", "seen"),
        (P256, predicates.VULNS, "", "seen"),
        (P256, predicates.COSIGN_SIGN, "another", "seen"),
    ],
)
def test_a_bare_statement_counts_by_a_signature_over_its_manifest(
    image: VexImage, signer: MemorySigner, kind: str, about: str, outcome: str
) -> None:
    carrier = image.docker(statement(image.digest, document(JINJA)).payload)
    target = Digest.of(about.encode()) if about else carrier
    image.bundle(dsse.sign(statement(target, {}, kind), signer), carrier)
    assert [one.document.outcome for one in judged(image)] == [outcome]


def test_a_signed_manifest_of_a_statement_about_another_image_is_not_applied(image: VexImage) -> None:
    carrier = image.docker(statement(Digest.of(b"other"), document(JINJA)).payload)
    image.bundle(dsse.sign(statement(carrier, {}, predicates.COSIGN_SIGN), P256), carrier)
    assert [one.document.code for one in judged(image)] == ["SUBJECT_MISMATCH"]


def test_without_a_policy_nobody_is_believed(image: VexImage) -> None:
    image.cosign3(document(JINJA), P256)
    image.cosign2(envelope(image.digest, document(JINJA), P256))
    answers = judged(image, VexTrust())
    assert {(one.document.outcome, one.document.code) for one in answers} == {("seen", "KEY_REQUIRED")}
    assert "no trust policy names one" in answers[0].document.why


def test_a_document_about_the_index_is_applied(image: VexImage) -> None:
    image.cosign3(document(JINJA), P256, about=image.index)
    assert only(image).document.outcome == "applied"


def test_a_certificate_is_seen_and_named(image: VexImage) -> None:
    signed = json.loads(bundle.write(_envelope(image), "x"))
    signed["verificationMaterial"] = {"certificate": {"rawBytes": "AAAA"}}
    image.bundle(json.dumps(signed).encode(), image.digest)
    image.cosign2(envelope(image.digest, document(JINJA), P256), **{"dev.sigstore.cosign/certificate": "PEM"})
    answers = judged(image)
    assert {(one.document.outcome, one.document.code) for one in answers} == {("seen", "KEYLESS")}
    assert sorted(one.document.why for one in answers) == [
        "signed by a certificate in the legacy form of cosign 2, which the trust policy does not ask for",
        "signed by a certificate, and no trust policy names an identity (--vex-trust)",
    ]


def _envelope(image: VexImage) -> object:
    from assay.formats import dsse

    return dsse.read(envelope(image.digest, document(JINJA), P256), where="", limit=1 << 20)


def test_other_attestations_are_no_vex(image: VexImage) -> None:
    image.cosign2(envelope(image.digest, {"a": 1}, P256, kind="urn:test:1"), predicateType="urn:test:1")
    image.docker(envelope(image.digest, {"a": 1}, P256, kind=predicates.VULNS), DSSE)
    assert judged(image) == ()


def test_a_referrer_of_something_else_is_left_alone(image: VexImage) -> None:
    image.docker(envelope(image.digest, document(JINJA), P256), DSSE, subject=Digest.of(b"other"))
    assert found(image) == ()


def test_a_missing_blob_is_a_document_that_failed(image: VexImage) -> None:
    layer = envelope(image.digest, document(JINJA), P256)
    image.cosign2(layer)
    (image.folder / "blobs/sha256" / Digest.of(layer).hex).unlink()
    assert only(image).document.outcome == "failed"


def test_a_changed_blob_is_refused(image: VexImage) -> None:
    layer = envelope(image.digest, document(JINJA), P256)
    image.cosign2(layer)
    (image.folder / "blobs/sha256" / Digest.of(layer).hex).write_bytes(layer.replace(b"payload", b"payloae", 1))
    one = only(image)
    assert (one.document.outcome, one.statements) == ("seen", ())
    assert one.document.code


@pytest.mark.parametrize("garbage", [b"", b"[]", b"{}", b"\xff", b'{"payloadType":1}', b'{"_type":"x"}', b"[" * 99])
def test_garbage_is_seen_and_named(image: VexImage, garbage: bytes) -> None:
    image.cosign2(garbage)
    one = only(image)
    assert (one.document.outcome, one.statements) == ("seen", ())
    assert one.document.why


def test_a_place_that_does_not_answer_is_no_empty_place(image: VexImage) -> None:
    class Silent:
        def referrers(self, _: Digest) -> tuple[Descriptor, ...]:
            raise UnavailableError("the registry does not say", why="503")

        def tagged(self, _: str) -> tuple[bytes, ...]:
            raise UnavailableError("the registry does not say", why="503")

    place = Beside(Silent(), Silent())  # type: ignore[arg-type]
    answers = judge(beside_image(place, Subject(name="x", digest=image.digest)), ALL, image="x", now=NOW)
    assert [(one.document.found, one.document.outcome) for one in answers] == [
        ("referrer", "failed"),
        ("tag", "failed"),
    ]


def test_the_count_and_the_bytes_are_bounded(image: VexImage) -> None:
    for number in range(5):
        image.cosign2(envelope(image.digest, document(JINJA, vulnerability=f"CVE-2024-{number}"), P256))
    few = found(image, Limits(vex_documents_count=3))
    assert len(few) == 4
    assert "too much" in few[-1].error.what  # type: ignore[union-attr]
    small = found(image, Limits(vex_found_bytes=1000))
    assert small[-1].error is not None
    assert sum(len(one.data) for one in small) <= 1000


def folder(path: Path, **files: bytes) -> VexFolder:
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name.replace("__", ".")).write_bytes(data)
    return VexFolder(path)


def test_a_tree_brings_its_own_word_and_is_not_believed_for_it(tmp_path: Path) -> None:
    data = json.dumps(document(JINJA)).encode()
    place = folder(tmp_path / ".vex", a__json=data, b__json=data, b__json__sigstore__json=signed_beside(data))
    answers = judge(in_tree(place), ALL, image="", now=NOW)
    assert [(one.document.place, one.document.outcome) for one in answers] == [
        (".vex/a.json", "seen"), (".vex/b.json", "applied"),
    ]  # fmt: skip
    assert answers[0].document.code == "NOT_SIGNED"
    changed = folder(tmp_path / ".vex", b__json=data + b" ")
    assert [one.document.outcome for one in judge(in_tree(changed), ALL, image="", now=NOW)] == ["seen", "seen"]


def test_a_tree_without_the_folder_has_none(tmp_path: Path) -> None:
    assert in_tree(VexFolder(tmp_path / ".vex")) == ()


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_bytes(json.dumps(document(JINJA)).encode())
    place = folder(tmp_path / ".vex")
    (tmp_path / ".vex/a.json").symlink_to(tmp_path / "secret.json")
    (one,) = in_tree(place)
    assert one.error is not None
    assert one.data == b""


def test_a_folder_of_too_many_documents_says_so(tmp_path: Path) -> None:
    place = folder(tmp_path / ".vex", **{f"{n}__json": b"{}" for n in range(5)})
    few = in_tree(place, Limits(vex_documents_count=3))
    assert len(few) == 4
    assert few[-1].error is not None


def repository(path: Path, *entries: tuple[str, str], where: str = "") -> VexFolder:
    packages = [{"id": name, "location": location} for name, location in entries]
    (path / where).mkdir(parents=True, exist_ok=True)
    (path / where / "index.json").write_text(json.dumps({"updated_at": "2026-01-01T00:00:00Z", "packages": packages}))
    return VexFolder(path)


@pytest.mark.parametrize("where", ["", "0.1"])
def test_a_repository_is_asked_for_the_packages_that_are_there(tmp_path: Path, where: str) -> None:
    place = repository(
        tmp_path, ("pkg:pypi/cryptography", "pkg/c.json"), ("pkg:npm/else", "pkg/e.json"), ("pkg:pypi/cryptography", "../x"),
        where=where,
    )  # fmt: skip
    data = json.dumps(document("pkg:pypi/cryptography")).encode()
    (tmp_path / where / "pkg").mkdir()
    (tmp_path / where / "pkg/c.json").write_bytes(data)
    answers = judge(in_repository(place, "hub", full()), ALL, image="", now=NOW)
    assert [(one.document.found, one.document.code) for one in answers] == [
        ("repository", "NOT_SIGNED"), ("repository", "UNSUPPORTED"),
    ]  # fmt: skip
    (tmp_path / where / "pkg/c.json.sigstore.json").write_bytes(signed_beside(data))
    assert judge(in_repository(place, "hub", full()), ALL, image="", now=NOW)[0].document.outcome == "applied"


def test_a_folder_without_an_index_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(MalformedError):
        in_repository(VexFolder(tmp_path), "hub", full())


def scoped(image: VexImage, vex: dict[str, object], **scope: object) -> Judged:
    image.cosign3(vex, P256)
    return only(image, trust(trust_row("vendor", P256, **scope)))


@pytest.mark.parametrize(
    ("product", "scope", "applied"),
    [
        (JINJA, {"products": ["*"]}, True),
        (JINJA, {"products": ["pkg:pypi/*"]}, True),
        (f"{JINJA}@3.1.2", {"products": ["pkg:pypi/jinja2"]}, True),
        (f"{JINJA}@3.1.2", {"products": ["pkg:pypi/jinja2@3.1.*"]}, True),
        (f"{JINJA}@3.1.2", {"products": ["pkg:pypi/jinja2@3.0.*"]}, False),
        (JINJA, {"products": ["pkg:deb/debian/*"]}, False),
        ("sha256:" + "ab" * 32, {"products": ["pkg:pypi/*"]}, False),
        ("pkg:%%%", {"products": ["pkg:*"]}, False),
        (JINJA, {"images": ["registry.example/team/*"]}, True),
        (JINJA, {"images": ["registry.example/other/*"]}, False),
        (JINJA, {"products": ["*"], "vulnerabilities": ["cve-2024-*"]}, True),
        (JINJA, {"products": ["*"], "vulnerabilities": ["CVE-2023-*"]}, False),
        (JINJA, {"products": ["*"], "statuses": ["affected"]}, False),
    ],
)
def test_scope(image: VexImage, product: str, scope: dict[str, object], applied: bool) -> None:
    one = scoped(image, document(product), **scope)
    assert (one.document.outcome == "applied") is applied
    assert bool(one.statements) is applied
    if not applied:
        assert one.document.code == "SCOPE"
        assert "the signer" in one.document.why


def test_a_digest_beside_a_package_does_not_widen_a_scope(image: VexImage) -> None:
    vex = document()
    vex["statements"][0]["products"] = [{"@id": JINJA, "hashes": {"sha-256": image.digest.hex}}]
    assert scoped(image, vex, products=["pkg:pypi/*"]).statements == ()


def test_an_alias_out_of_scope_is_taken_away(image: VexImage) -> None:
    vex = document(JINJA)
    vex["statements"][0]["vulnerability"]["aliases"] = ["CVE-1999-0001", "CVE-2024-9"]
    (said,) = scoped(image, vex, products=["*"], vulnerabilities=["CVE-2024-*"]).statements
    assert (said.vulnerability, said.aliases) == ("CVE-2024-2222", ("CVE-2024-9",))


def test_what_is_left_out_of_a_document_is_said(image: VexImage) -> None:
    vex = document(JINJA)
    vex["statements"].append(document("pkg:npm/x")["statements"][0])
    one = scoped(image, vex, products=["pkg:pypi/*"])
    assert (one.document.outcome, one.document.statements_count, one.document.applied_count) == ("applied", 2, 1)
    assert one.document.left_out == ("the signer does not speak for the product pkg:npm/x",)


def test_a_key_outside_its_window_is_not_believed(image: VexImage) -> None:
    old = {"products": ["*"], "not_after": "2026-01-01T00:00:00Z"}
    image.cosign2(envelope(image.digest, document(JINJA), P256))
    image.cosign3(document(JINJA), P256)
    answers = judged(image, trust(trust_row("vendor", P256, **old)))
    assert {one.document.code for one in answers} == {"KEY_WINDOW"}


@pytest.mark.parametrize("wide_first", [True, False])
def test_the_scope_of_a_closed_window_is_closed_with_it(image: VexImage, *, wide_first: bool) -> None:
    image.cosign2(envelope(image.digest, document(JINJA), P256))
    image.cosign3(document(JINJA), P256)
    wide = trust_row("then", P256, products=["*"], not_after="2026-01-01T00:00:00Z")

    def answers(now: str) -> list[Judged]:
        rows = (wide, trust_row("now", P256, products=[now]))
        return judged(image, trust(*(rows if wide_first else reversed(rows))))

    assert {one.document.code for one in answers("pkg:deb/*")} == {"SCOPE"}
    assert {one.statements[0].author for one in answers("pkg:pypi/*")} == {"now"}


def test_one_key_may_have_several_scopes(image: VexImage) -> None:
    image.cosign3(document(JINJA), P256)
    rows = (trust_row("distribution", P256, products=["pkg:deb/*"]), trust_row("python", P256, products=["pkg:pypi/*"]))
    assert only(image, trust(*rows)).statements[0].author == "python"


def statements_of(image: VexImage, policy: VexTrust = ALL) -> list[VexStatement]:
    return [statement for one in judged(image, policy) for statement in one.statements]


def test_nobody_overrules_an_author_by_using_the_name(image: VexImage) -> None:
    """Both claim to be the same author; they are two signers, so the later one is a second opinion, not a correction."""
    image.cosign3(document(JINJA, status="affected"), P256)
    image.cosign3(document(JINJA, timestamp="2026-02-01T00:00:00Z"), OTHER)
    said = statements_of(image, trust(trust_row("vendor", P256), trust_row("reseller", OTHER)))
    assert {(s.author, s.status) for s in said} == {("vendor", "affected"), ("reseller", "not_affected")}
