"""Keyless signing against a whole installation on loopback, good and bad."""

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from assay.adapters.ambient import GivenToken
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import KeylessMaker
from assay.flows.publishing import Instance
from assay.formats import bundle as bundles
from assay.formats import vkey
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.trust import notes
from assay.trust.expect import Expected, Identity, Require
from assay.trust.verify import verify, verify_artifact
from fakes.sigstore import IDENTITY, ISSUER, Reply, Sigstore, p256, sigstore, token
from logkeys import witness_key
from signing import NOW, TARGET, claim

WHO = Expected(identities=(Identity(identity=IDENTITY, issuer=ISSUER),))
HASTY = Limits(http_retries_count=1, http_backoff_seconds=0.0)


class LaterClock:
    """A real clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> str:
        return (datetime.now(UTC) + self.ahead).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def place() -> Iterator[Sigstore]:
    with sigstore() as running:
        yield running


def maker(place: Sigstore, version: int = 2, *, jwt: str = "", clock=None, limits=HASTY, **how) -> KeylessMaker:
    installation = Instance(config=place.config(version), roots=place.trusted_root(), **how)
    services = SigstoreServices(Http(limits=limits))
    return KeylessMaker(installation, services, GivenToken(jwt or token()), clock or WallClock(), limits=limits)


@pytest.mark.parametrize("version", [1, 2])
def test_a_statement_is_signed_and_logged(place, version):
    statement = claim(TARGET)
    made = maker(place, version).bundle(statement, TARGET)
    evidence = verify(made, TARGET, place.trusted_root(), WHO, NOW, name="b")
    assert evidence.statement.payload == statement.payload
    assert (evidence.signer.identity, evidence.signer.issuer) == (IDENTITY, ISSUER)
    read = bundles.read(made, where="b")
    (entry,) = read.entries
    kinds = {1: ("dsse", "0.0.1"), 2: ("hashedrekord", "0.0.2")}
    assert (entry.kind, entry.version) == kinds[version]
    assert len(read.timestamps) == 1
    assert read.certificate is not None
    assert read.chain is None


@pytest.mark.parametrize("version", [1, 2])
def test_an_artifact_is_signed_by_its_digest(place, version):
    made = maker(place, version).artifact(TARGET)
    assert verify_artifact(made, TARGET, place.trusted_root(), WHO, NOW, name="b").artifact == TARGET
    message = bundles.read(made, where="b").message
    assert message is not None
    assert (message.algorithm, message.digest.hex()) == ("sha256", TARGET.hex)
    with pytest.raises(UntrustedError):
        verify_artifact(made, Digest.of(b"other"), place.trusted_root(), WHO, NOW, name="b")


@pytest.mark.parametrize("version", [1, 2])
def test_sigstore_itself_verifies_what_is_made(place, version):
    from sigstore.models import Bundle
    from sigstore.models import TrustedRoot as TheirRoot
    from sigstore.verify import Verifier
    from sigstore.verify.policy import Identity as TheirIdentity
    from sigstore_models.trustroot.v1 import TrustedRoot as Inner

    from assay.formats import trustroot

    data = b"an image manifest"
    made = maker(place, version).artifact(Digest.of(data))
    root = TheirRoot(Inner.from_json(trustroot.write(place.trusted_root())))
    Verifier(trusted_root=root).verify_artifact(
        data, Bundle.from_json(made), TheirIdentity(identity=IDENTITY, issuer=ISSUER)
    )
    stated = maker(place, version).bundle(claim(TARGET), TARGET)
    kind, payload = Verifier(trusted_root=root).verify_dsse(
        Bundle.from_json(stated), TheirIdentity(identity=IDENTITY, issuer=ISSUER)
    )
    assert (kind, payload) == ("application/vnd.in-toto+json", claim(TARGET).payload)


def test_one_certificate_serves_while_it_is_valid(place):
    clock = LaterClock()
    who = maker(place, clock=clock)
    who.bundle(claim(TARGET), TARGET)
    who.artifact(TARGET)
    assert asked(place, "signingCert") == 1
    clock.ahead = timedelta(minutes=9, seconds=30)
    who._tokens = GivenToken(token(lifetime=3600))
    who.standard()
    assert asked(place, "signingCert") == 2


def test_the_profile_of_the_installation_says_how_well_to_prove(place):
    with pytest.raises(UntrustedError) as caught:
        maker(place, require=Require(timestamps_count=2)).artifact(TARGET)
    assert caught.value.code == "TIME_MISSING"


def test_an_entry_that_no_witness_saw_does_not_leave_where_witnesses_are_required(place):
    log = notes.key_of(place.v2.origin, place.v2.signer.public_key(), cosigner=False, where="x")
    lines = [f"log {vkey.write(log)}", *(f"witness w{i} {vkey.write(witness_key(i))}" for i in range(3))]
    require = Require(witnesses="\n".join([*lines, "group g 2 w0 w1 w2", "quorum g", ""]))
    for cosigners in ((), (1,)):
        place.v2.cosigners = list(cosigners)
        with pytest.raises(UntrustedError) as caught:
            maker(place, require=require).artifact(TARGET)
        assert caught.value.code == "WITNESS_QUORUM"
    place.v2.cosigners = [0, 2]
    made = maker(place, require=require).artifact(TARGET)
    strict = msgspec.structs.replace(WHO, require=require)
    assert verify_artifact(made, TARGET, place.trusted_root(), strict, NOW, name="b")


def test_a_lost_answer_of_a_log_costs_nothing_but_a_second_question(place):
    """The first answer breaks off; the repeated request finds the entry logged: its proof comes from the tiles."""

    def lose(reply: Reply) -> None:
        if reply.path.endswith("/log/entries") and reply.status == 201:
            reply.status = 503

    place.twist = lose
    for version in (1, 2):
        made = maker(place, version).artifact(TARGET)
        assert verify_artifact(made, TARGET, place.trusted_root(), WHO, NOW, name="b")


def test_nothing_is_asked_of_anybody_without_a_usable_token(place):
    for jwt, code in ((token(lifetime=-1), "TOKEN"), ("x.y", None), (token(exp="soon"), None)):
        with pytest.raises((UntrustedError, MalformedError)) as caught:
            maker(place, jwt=jwt).artifact(TARGET)
        assert getattr(caught.value, "code", None) == code
        assert jwt not in caught.value.line()
    assert place.asked == []


def test_a_log_that_tells_no_time_needs_a_timestamp_authority(place):
    bare = Instance(config=place.config(2, timestamps=False), roots=place.trusted_root())
    who = KeylessMaker(bare, SigstoreServices(Http()), GivenToken(token()), WallClock())
    with pytest.raises(UnsupportedError, match="nothing would tell when"):
        who.artifact(TARGET)
    assert place.asked == []
    timely = Instance(config=place.config(1, timestamps=False), roots=place.trusted_root())
    made = KeylessMaker(timely, SigstoreServices(Http()), GivenToken(token()), WallClock()).artifact(TARGET)
    assert bundles.read(made, where="b").timestamps == ()


def test_the_token_goes_to_the_authority_alone_and_in_a_header(place):
    jwt = token()
    maker(place, jwt=jwt).artifact(TARGET)
    for path, headers, body in place.asked:
        assert (jwt in str(headers)) == path.endswith("signingCert")
        assert jwt.encode() not in body


# --- hostile services: each is refused with its reason, and nothing comes out -----------------------------------


def of(part: str, change: Callable[[Reply], None]) -> Callable[[Reply], None]:
    """Change the answers of one service."""

    def twist(reply: Reply) -> None:
        if part in reply.path:
            change(reply)

    return twist


def edit(part: str, change: Callable[[dict], object]) -> Callable[[Reply], None]:
    """Change the JSON of one service's answer."""

    def apply(reply: Reply) -> None:
        value = json.loads(reply.body)
        change(value)
        reply.body = json.dumps(value).encode()

    return of(part, apply)


def body(data: bytes) -> Callable[[Reply], None]:
    return lambda reply: setattr(reply, "body", data)


def status(number: int) -> Callable[[Reply], None]:
    return lambda reply: setattr(reply, "status", number)


def flip(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


CA, LOG, TSA = "signingCert", "/log/entries", "/timestamp"
HUGE = b'{"a":"' + b"x" * (HASTY.service_answer_bytes + 1) + b'"}'
HOSTILE: dict[str, tuple[int, Callable[[Reply], None], type[AssayError], str]] = {
    "authority: huge": (2, of(CA, body(HUGE)), UnsupportedError, ""),
    "authority: not JSON": (2, of(CA, body(b"<html>")), MalformedError, ""),
    "authority: another form": (2, of(CA, body(b'{"chain":[]}')), MalformedError, ""),
    "authority: no chain": (2, of(CA, body(b'{"signedCertificateEmbeddedSct":{"chain":{"certificates":[]}}}')),
                            MalformedError, ""),
    "authority: token refused": (2, of(CA, status(401)), UntrustedError, "TOKEN"),
    "authority: request refused": (2, of(CA, status(400)), UntrustedError, "SERVICE_REFUSED"),
    "authority: not there": (2, of(CA, status(404)), UnavailableError, ""),
    "authority: down": (2, of(CA, status(503)), UnavailableError, ""),
    "authority: detached": (2, of(CA, body(b'{"signedCertificateDetachedSct":{}}')), UntrustedError, "SCT"),
    "log 2: huge": (2, of(LOG, body(HUGE)), UnsupportedError, ""),
    "log 2: another form": (2, of(LOG, body(b"[]")), MalformedError, ""),
    "log 2: refused": (2, of(LOG, status(400)), UntrustedError, "SERVICE_REFUSED"),
    "log 2: frozen": (2, of(LOG, status(405)), UnavailableError, ""),
    "log 2: full": (2, of(LOG, status(503)), UnavailableError, ""),
    "log 2: body of another entry": (2, edit(LOG, lambda v: v.update(canonicalizedBody=flip(v["canonicalizedBody"]))),
                                     UntrustedError, ""),
    "log 2: another root": (2, edit(LOG, lambda v: v["inclusionProof"].update(
        rootHash=flip(v["inclusionProof"]["rootHash"]))), UntrustedError, "CHECKPOINT_ROOT"),
    "log 2: proof too short": (2, edit(LOG, lambda v: v["inclusionProof"].update(hashes=[])),
                               UntrustedError, "INCLUSION_PROOF"),
    "log 2: proof without end": (2, edit(LOG, lambda v: v["inclusionProof"].update(
        hashes=v["inclusionProof"]["hashes"] * 99)), MalformedError, ""),
    "log 2: another log": (2, edit(LOG, lambda v: v["logId"].update(keyId=flip(v["logId"]["keyId"]))),
                           UntrustedError, "LOG_UNKNOWN"),
    "log 2: another kind": (2, edit(LOG, lambda v: v["kindVersion"].update(kind="dsse")), UntrustedError, ""),
    "log 2: index with two spellings": (2, edit(LOG, lambda v: v.update(logIndex="01")), MalformedError, ""),
    "log 1: two entries": (1, edit(LOG, lambda v: v.update(other={})), MalformedError, ""),
    "log 1: forged promise": (1, edit(LOG, lambda v: next(iter(v.values()))["verification"].update(
        signedEntryTimestamp=base64.b64encode(b"forged").decode())), UntrustedError, "PROMISE"),
    "log 1: hex in capitals": (1, edit(LOG, lambda v: next(iter(v.values())).update(logID="AB" * 32)),
                               MalformedError, ""),
    "log 1: another time": (1, edit(LOG, lambda v: next(iter(v.values())).update(integratedTime=1)),
                            UntrustedError, "PROMISE"),
    "timestamps: not DER": (2, of(TSA, body(b"now")), MalformedError, ""),
    "timestamps: huge": (2, of(TSA, body(HUGE)), UnsupportedError, ""),
    "timestamps: refused": (2, of(TSA, status(400)), UntrustedError, "SERVICE_REFUSED"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_service_answers_is_judged(place, name):
    version, place.twist, kind, code = HOSTILE[name]
    jwt = token()
    with pytest.raises(kind) as caught:
        maker(place, version, jwt=jwt).artifact(TARGET)
    assert type(caught.value) is kind
    assert not code or caught.value.code == code
    assert jwt not in caught.value.line()
    if not name.startswith("log"):
        assert asked(place, LOG) == 0, "something became public before it was judged"


@pytest.mark.parametrize("part", [CA, LOG, TSA])
def test_a_service_that_falls_silent_is_given_up(place, part):
    over = threading.Event()
    place.twist = of(part, lambda _: over.wait(10))
    try:
        with pytest.raises(UnavailableError, match=r"no answer|too slowly"):
            maker(place, limits=Limits(http_read_seconds=0.05, http_retries_count=0)).artifact(TARGET)
    finally:
        over.set()


def asked(place: Sigstore, part: str) -> int:
    return sum(part in path for path, _, _ in place.asked)


def test_a_token_that_is_echoed_does_not_come_back(place):
    jwt = token()
    place.twist = of(CA, lambda reply: (status(400)(reply), body(jwt.encode())(reply)))
    with pytest.raises(UntrustedError) as caught:
        maker(place, jwt=jwt).artifact(TARGET)
    assert jwt not in caught.value.line()
    assert jwt[:40] not in str(caught.value.__cause__)


def test_a_token_does_not_follow_a_redirect(place):
    with sigstore() as other:
        place.twist = of(
            CA, lambda reply: (status(307)(reply), reply.headers.update(Location=f"{other.url}{reply.path}"))
        )
        with pytest.raises(UnavailableError, match="redirect"):
            maker(place).artifact(TARGET)
        assert other.asked == []


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ("ctlogs", "SCT"),
        ("certificate_authorities", "CERT_CHAIN"),
        ("timestamp_authorities", "TIMESTAMP"),
        ("tlogs", "LOG_UNKNOWN"),
    ],
)
def test_nobody_is_believed_whom_the_root_does_not_list(place, lacking, code):
    roots = msgspec.structs.replace(place.trusted_root(), **{lacking: ()})
    who = KeylessMaker(
        Instance(config=place.config(), roots=roots), SigstoreServices(Http()), GivenToken(token()), WallClock()
    )
    with pytest.raises(UntrustedError) as caught:
        who.artifact(TARGET)
    assert caught.value.code == code
    assert asked(place, LOG) == (lacking == "tlogs")


def test_a_certificate_with_a_forged_transparency_promise_is_refused(place):
    place.ct_key, honest = p256(), place.trusted_root()
    who = KeylessMaker(
        Instance(config=place.config(), roots=honest), SigstoreServices(Http()), GivenToken(token()), WallClock()
    )
    with pytest.raises(UntrustedError) as caught:
        who.artifact(TARGET)
    assert caught.value.code == "SCT"
    assert asked(place, LOG) == 0


def test_a_certificate_for_another_key_is_refused(place):
    place.twist = of(CA, body(place.reply_chain(place.leaf(p256().public_key())).body))
    with pytest.raises(UntrustedError) as caught:
        maker(place).artifact(TARGET)
    assert caught.value.code == "CERT_KEY"
    assert asked(place, LOG) == 0


def test_a_timestamp_over_something_else_or_to_another_question_is_refused(place):
    from assay.formats import tsp

    def other(nonce_too: bool) -> Callable[[Reply], None]:
        def change(reply: Reply) -> None:
            request = tsp.read_request(place.asked[-1][2], where="x")
            imprint = hashlib.sha256(b"other").digest() if not nonce_too else request.imprint
            nonce = 7 if nonce_too else request.nonce
            asked = tsp.Request(hash_algorithm="sha256", imprint=imprint, nonce=nonce, wants_certificate=True)
            reply.body = place.stamp(tsp.write_request(asked)).body

        return of(TSA, change)

    for nonce_too in (False, True):
        place.twist = other(nonce_too)
        with pytest.raises(UntrustedError) as caught:
            maker(place).artifact(TARGET)
        assert caught.value.code == "TIMESTAMP"
        assert asked(place, LOG) == 0


def test_a_log_that_names_the_place_of_another_entry_is_refused(place):
    place.twist = of(LOG, lambda reply: (status(409)(reply), reply.headers.update({"x-log-index": "0"})))
    with pytest.raises(UntrustedError) as caught:
        maker(place).artifact(TARGET)
    assert caught.value.code == "INCLUSION_PROOF"


@pytest.mark.parametrize("version", [1, 2])
def test_the_proof_of_another_entry_proves_nothing(place, version):
    """A log that answers with a wholly valid entry, somebody else's: everything in it holds but what it is about."""
    answers: list[bytes] = []
    place.twist = of(LOG, lambda reply: answers.append(reply.body))
    maker(place, version).artifact(TARGET)
    place.twist = of(LOG, body(answers[0]))
    for sign in (
        lambda: maker(place, version).artifact(TARGET),
        lambda: maker(place, version).artifact(Digest.of(b"other")),
        lambda: maker(place, version).bundle(claim(TARGET), TARGET),
    ):
        with pytest.raises(UntrustedError) as caught:
            sign()
        assert caught.value.code in {"ENTRY_MISMATCH", "ENTRY_KIND"}


@pytest.mark.parametrize("index", ["", "-1", "9" * 30, "77"])
def test_a_log_that_names_no_place_it_can_prove_is_unavailable(place, index):
    place.twist = of(LOG, lambda reply: (status(409)(reply), reply.headers.update({"x-log-index": index})))
    with pytest.raises(UnavailableError):
        maker(place).artifact(TARGET)


@pytest.mark.parametrize("where", ["http://127.0.0.1:1/api/v1/log/entries/ab", "/elsewhere/ab", ""])
def test_a_log_that_sends_elsewhere_for_the_entry_is_not_followed(place, where):
    place.twist = of(LOG, lambda reply: (status(409)(reply), reply.headers.update(Location=where)))
    with pytest.raises(UnavailableError, match="does not say where"):
        maker(place, 1).artifact(TARGET)


# --- every field of every answer, one at a time ---------------------------------------------------------------------


def paths(value: object, at: tuple = ()) -> Iterator[tuple]:
    """Where a JSON value has something that can be changed."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(child, (*at, key))
    if at:
        yield at


def mutants(value: object) -> Iterator[Callable[[dict], None]]:
    """Changes of one field each: gone, null, of another kind, or another text or number."""

    def put(at: tuple, make: Callable[[object], object]) -> Callable[[dict], None]:
        def change(document: dict) -> None:
            place = document
            for step in at[:-1]:
                place = place[step]
            if (new := make(place[at[-1]])) is ...:
                del place[at[-1]]
            else:
                place[at[-1]] = new

        return change

    for at, kind in zip(paths(value), itertools.cycle((None, [], "", -1))):
        yield put(at, lambda _: ...)
        yield put(at, lambda _, kind=kind: kind)
        yield put(at, lambda old: f"{old}x" if isinstance(old, str) else {"other": old})
        yield put(at, lambda old: old[1:] + old[:1] if isinstance(old, str) else -1)


@pytest.mark.parametrize(("part", "version"), [(CA, 2), (LOG, 2), (LOG, 1)])
def test_a_changed_answer_is_refused_or_changes_nothing_that_counts(place, part, version):
    """What comes out verifies, whatever a service answers; and one of the five errors where nothing does."""
    seen: list[dict] = []
    place.twist = of(part, lambda reply: seen.append(json.loads(reply.body)))
    maker(place, version).artifact(TARGET)
    tried = accepted = 0
    for change in mutants(seen[0]):
        place.twist = edit(part, lambda value, change=change: change(_renamed(value, seen[0])))
        try:
            made = maker(place, version).artifact(TARGET)
        except AssayError:
            pass
        else:
            verify_artifact(made, TARGET, place.trusted_root(), WHO, NOW, name="b")
            accepted += 1
        tried += 1
    assert tried > 20
    assert accepted < tried / 5, "mutants that change nothing are few"


def _renamed(value: dict, like: dict) -> dict:
    """Version 1 names an entry by its hash, which is new each time: give it the name the mutants were made with."""
    if len(value) == len(like) == 1 and (name := next(iter(like))) not in value:
        value[name] = value.pop(next(iter(value)))
    return value


def test_clients_of_a_log_wait_long_enough():
    """A log of version 2 answers once a checkpoint covers the entry, up to 20 s later."""
    assert Limits().http_read_seconds >= 20
    assert Limits().http_document_seconds >= 20
