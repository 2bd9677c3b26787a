"""VEX that lies, loops or is too large, beside an image: bounded, listed, never believed."""

import json
import time
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.flows.vex_discovery import Beside, beside_image
from assay.formats import dsse as envelopes
from assay.formats import predicates
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope, Signature
from assay.trust import vex_policy
from assay.trust.vex import Judged, judge
from signing import NOW, OTHER, P256
from vexplaces import DSSE, VexImage, document, envelope, statement, trust_row

TRUST = vex_policy.read(trust_row("vendor", P256).encode(), where="trust", read_key=lambda name: b"")


@pytest.fixture
def image(tmp_path: Path) -> VexImage:
    return VexImage(tmp_path / "image")


def judged(image: VexImage, limits: Limits = DEFAULT_LIMITS) -> tuple[Judged, ...]:
    store = LayoutStore(image.folder, tag="latest", limits=limits)
    subject = Subject(name="image", digest=image.digest, index=image.index)
    return judge(beside_image(Beside(store, store), subject, limits), TRUST, image="image", now=NOW, limits=limits)


def test_a_strangers_twenty_thousand_statements_cost_little_and_count_nothing(image: VexImage) -> None:
    vex = document("pkg:pypi/jinja2")
    vex["statements"] = [document("pkg:pypi/x", vulnerability=f"CVE-2024-{n}")["statements"][0] for n in range(20_000)]
    image.cosign2(envelope(image.digest, vex, OTHER))
    before = time.process_time()
    (one,) = judged(image)
    spent = time.process_time() - before
    assert (one.document.outcome, one.statements, one.document.statements_count) == ("seen", (), 20_000)
    assert spent < 2


def test_ten_thousand_signatures_are_not_tried(image: VexImage) -> None:
    payload = statement(image.digest, document("pkg:pypi/jinja2")).payload
    signatures = tuple(Signature(b"x" * 64) for _ in range(10_000))
    layer = envelopes.write(Envelope(payload_type=envelopes.IN_TOTO, payload=payload, signatures=signatures))
    image.cosign2(layer)
    (one,) = judged(image)
    assert (one.document.outcome, one.document.code) == ("seen", "PARSE_LIMIT")


def test_a_second_signature_by_a_stranger_takes_nothing_from_the_first(image: VexImage) -> None:
    first = json.loads(envelope(image.digest, document("pkg:pypi/jinja2"), P256))
    second = json.loads(envelope(image.digest, document("pkg:pypi/jinja2"), OTHER))
    first["signatures"] = [*second["signatures"], *first["signatures"]]
    image.cosign2(json.dumps(first).encode())
    assert [one.document.outcome for one in judged(image)] == ["applied"]


def test_a_signature_over_one_text_is_none_over_another(image: VexImage) -> None:
    honest = json.loads(envelope(image.digest, document("pkg:pypi/jinja2", status="affected"), P256))
    lie = json.loads(envelope(image.digest, document("pkg:pypi/jinja2"), OTHER))
    image.cosign2(json.dumps(lie | {"signatures": honest["signatures"]}).encode())
    assert [(one.document.outcome, one.statements) for one in judged(image)] == [("seen", ())]


def test_a_trusted_signature_over_another_payload_type_is_none(image: VexImage) -> None:
    text = json.loads(envelope(image.digest, document("pkg:pypi/jinja2"), P256)) | {"payloadType": "text/plain"}
    image.cosign2(json.dumps(text).encode())
    assert all(one.document.outcome == "seen" for one in judged(image))


@pytest.mark.parametrize("vex", [{}, {"statements": 3}, {"@context": "https://openvex.dev/ns/v9"}, {"a": [[[[[[]]]]]]}])
def test_a_trusted_signer_of_nonsense_is_seen(image: VexImage, vex: dict[str, object]) -> None:
    image.cosign2(envelope(image.digest, vex, P256))
    (one,) = judged(image)
    assert (one.document.outcome, one.statements) == ("seen", ())
    assert one.document.why


def test_a_not_affected_without_a_cause_is_refused_from_anyone(image: VexImage) -> None:
    vex = document("pkg:pypi/jinja2")
    del vex["statements"][0]["justification"]
    image.cosign2(envelope(image.digest, vex, P256))
    assert [(one.document.code, one.statements) for one in judged(image)] == [("MALFORMED", ())]


def test_a_name_that_moves_the_cursor_is_shown_harmless(image: VexImage) -> None:
    import msgspec

    from assay.interfaces.cli.render.vex import outcome_text, vex_lines
    from reports import report

    vex = document("pkg:pypi/jinja2") | {"author": "\x1b[2Jevil\u202e", "@id": "<script>"}
    image.docker(envelope(image.digest, vex, OTHER), DSSE)
    (one,) = judged(image)
    bad = msgspec.structs.replace(one.document, why="\x1b[31m", place="\x07")
    shown = "".join(vex_lines(msgspec.structs.replace(report(), vex_documents=(bad,)))) + outcome_text(bad)
    assert "\x1b" not in shown


def test_an_index_that_claims_foreign_attestations_brings_none(image: VexImage) -> None:
    image.buildkit(envelope(image.digest, document("pkg:pypi/jinja2"), P256))
    image.attested[0]["annotations"]["vnd.docker.reference.digest"] = "sha256:" + "00" * 32
    image.write()
    assert judged(image) == ()


def test_a_predicate_that_only_annotates_itself_as_vex_is_none(image: VexImage) -> None:
    image.cosign2(envelope(image.digest, document("pkg:pypi/jinja2"), P256, kind=predicates.VULNS))
    assert judged(image) == ()
