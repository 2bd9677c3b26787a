"""Our registry client against a registry in this process: authentication, resuming, redirects, listing, racing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.http import Http
from assay.adapters.registry import RegistrySource, RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import Target, parse_reference
from assay.artifact.referrers import Referrer, build_referrer, fallback_tag
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from fakes.registry import INDEX, MANIFEST, Exchange, FakeRegistry, digest, fake_registry

LIMITS = Limits(http_backoff_seconds=0.001, referrers_settle_seconds=0.0)
CREATED = "2026-01-02T03:04:05Z"
BIG = bytes(range(256)) * 4096


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


def target(registry: FakeRegistry, tag: str = "1") -> Target:
    return parse_reference(f"{registry.authority}/team/app:{tag}")


def client(
    registry: FakeRegistry, slept: list[float], env: dict[str, str] | None = None, limits: Limits = LIMITS
) -> RegistryClient:
    http = Http(limits=limits, env=env or {}, sleep=slept.append)
    return RegistryClient(target(registry), limits=limits, env=env or {}, http=http)


@pytest.fixture
def source(registry: FakeRegistry, slept: list[float]) -> Iterator[RegistrySource]:
    opened = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept))
    yield opened
    opened.close()


@pytest.fixture
def store(registry: FakeRegistry, slept: list[float]) -> Iterator[RegistryStore]:
    opened = RegistryStore(target(registry), limits=LIMITS, client=client(registry, slept))
    yield opened
    opened.close()


def image(registry: FakeRegistry) -> Descriptor:
    name, data = registry.add_manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": []}, "1")
    return Descriptor(media_type=MANIFEST, digest=Digest.parse(name), size=len(data))


def blob(data: bytes) -> Descriptor:
    return Descriptor(media_type="application/octet-stream", digest=Digest.of(data), size=len(data))


def referrer(subject: Descriptor, number: int = 0) -> Referrer:
    return build_referrer(b"bundle %d" % number, subject, "https://example.org/p", CREATED)


def attach(store: RegistryStore, made: Referrer) -> None:
    for data in made.blobs:
        store.push_blob(data)
    assert made.subject.digest is not None
    store.push_referrer(made.manifest, made.descriptor, made.subject.digest)


def read(source: RegistrySource, descriptor: Descriptor) -> bytes:
    with source.stream(descriptor) as chunks:
        return b"".join(chunks)


def config(folder: Path, document: dict[str, object]) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder)}


# Reading.


def test_root_by_tag(registry: FakeRegistry, source: RegistrySource) -> None:
    subject = image(registry)
    root = source.root()
    assert root.descriptor == subject
    assert root.requested is None


def test_a_manifest_is_fetched_from_manifests_and_a_blob_from_blobs(
    registry: FakeRegistry, source: RegistrySource
) -> None:
    subject = image(registry)
    registry.add_blob(b"small")
    assert Digest.of(source.fetch(subject, 1000)) == subject.digest
    assert source.fetch(blob(b"small"), 5) == b"small"


def test_chunks_are_of_modest_size(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.add_blob(BIG)
    with source.stream(blob(BIG)) as chunks:
        sizes = [len(chunk) for chunk in chunks]
    assert sum(sizes) == len(BIG)
    assert max(sizes) <= 128 * 1024


def test_connections_are_kept(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.add_blob(BIG)
    for _ in range(3):
        assert read(source, blob(BIG)) == BIG
    ports = {x.handler.client_address for x in registry.log}
    assert len(ports) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_retried(
    registry: FakeRegistry, source: RegistrySource, slept: list[float], status: int
) -> None:
    subject = image(registry)
    registry.rule("GET", "/manifests/", times=2)(lambda x: x.answer(status))
    assert source.root().descriptor == subject
    assert len(slept) == 2


def test_retry_after_is_obeyed(registry: FakeRegistry, source: RegistrySource, slept: list[float]) -> None:
    image(registry)
    registry.rule("GET", "/manifests/", times=1)(lambda x: x.answer(429, Retry_After="7"))
    source.root()
    assert slept == [7.0]


def test_retry_after_beyond_the_limit_is_not_waited_for(
    registry: FakeRegistry, source: RegistrySource, slept: list[float]
) -> None:
    registry.rule("GET", "/manifests/")(lambda x: x.answer(429, Retry_After="3600"))
    with pytest.raises(UnavailableError, match="asks to wait 3600 s"):
        source.root()
    assert slept == []


def test_a_lasting_failure_ends(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(lambda x: x.answer(503))
    with pytest.raises(UnavailableError, match="status 503, 5 attempts"):
        source.root()
    assert len(registry.log) == 1 + LIMITS.http_retries_count


def test_a_broken_download_goes_on_where_it_broke(registry: FakeRegistry, source: RegistrySource) -> None:
    name = registry.add_blob(BIG)

    @registry.rule("GET", name, times=1)
    def half(x: Exchange) -> bool:
        x.head(200, len(BIG))
        x.write(BIG[: len(BIG) // 2])
        return x.hang_up()

    assert read(source, blob(BIG)) == BIG
    ranges = [x.headers.get("range") for x in registry.asked("GET", name)]
    assert ranges == [None, f"bytes={len(BIG) // 2}-"]


def test_a_server_without_ranges_begins_anew(registry: FakeRegistry, source: RegistrySource) -> None:
    name = registry.add_blob(BIG)

    @registry.rule("GET", name, times=1)
    def half(x: Exchange) -> bool:
        x.head(200, len(BIG))
        x.write(BIG[:300_000])
        return x.hang_up()

    registry.rule("GET", name, times=1)(lambda x: x.answer(200, BIG))
    assert read(source, blob(BIG)) == BIG


def test_a_body_that_ends_with_the_connection_is_not_taken_for_whole(
    registry: FakeRegistry, source: RegistrySource
) -> None:
    name = registry.add_blob(BIG)

    @registry.rule("GET", name, times=1)
    def half(x: Exchange) -> bool:
        x.head(200, None)
        x.write(BIG[:1000])
        return x.hang_up()

    assert read(source, blob(BIG)) == BIG


def test_resuming_at_another_place_is_refused(registry: FakeRegistry, source: RegistrySource) -> None:
    name = registry.add_blob(BIG)

    @registry.rule("GET", name, times=1)
    def half(x: Exchange) -> bool:
        x.head(200, len(BIG))
        x.write(BIG[:200_000])
        return x.hang_up()

    registry.rule("GET", name)(
        lambda x: x.answer(206, BIG[500_000:], Content_Range=f"bytes 500000-{len(BIG) - 1}/{len(BIG)}")
    )
    with pytest.raises(UnavailableError, match="another place"):
        read(source, blob(BIG))


# Redirects and credentials.


def test_a_redirect_to_another_host_carries_no_credential(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    with fake_registry() as other:
        other.add_blob(BIG)
        name = registry.add_blob(BIG)
        registry.user = ("alice", "sesame")
        env = config(tmp_path, {"auths": {registry.authority: {"username": "alice", "password": "sesame"}}})
        inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
        registry.rule("GET", "/target")(lambda x: x.answer(200, BIG))

        def away(x: Exchange) -> bool:
            if x.headers.get("authorization") != f"Bearer {registry.token}":
                return False
            return x.answer(307, Location=f"http://{other.authority}/v2/team/app/blobs/{name}?X-Signature=abc")

        registry.rule("GET", "/blobs/")(away)
        assert read(inside, blob(BIG)) == BIG
        assert len(other.log) == 1
        assert "authorization" not in other.log[0].headers
        assert other.log[0].query == {"X-Signature": ["abc"]}
        inside.close()


def test_a_credential_dropped_on_the_way_stays_dropped(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    with fake_registry() as other:
        registry.add_blob(BIG)
        registry.user, registry.basic = ("alice", "sesame"), True
        env = config(tmp_path, {"auths": {registry.authority: {"username": "alice", "password": "sesame"}}})
        inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
        registry.rule("GET", "/back")(lambda x: x.answer(200, BIG))
        other.rule("GET", "/there")(lambda x: x.answer(302, Location=f"http://{registry.authority}/back"))

        def away(x: Exchange) -> bool:
            return "authorization" in x.headers and x.answer(302, Location=f"http://{other.authority}/there")

        registry.rule("GET", "/blobs/")(away)
        assert read(inside, blob(BIG)) == BIG
        assert "authorization" not in registry.asked("GET", "/back")[0].headers
        inside.close()


def test_a_redirect_within_the_registry_keeps_the_credential(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    registry.user, registry.basic = ("alice", "sesame"), True
    env = config(tmp_path, {"auths": {registry.authority: {"username": "alice", "password": "sesame"}}})
    inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
    registry.rule("GET", "/target")(lambda x: "authorization" in x.headers and x.answer(200, b"x"))
    registry.rule("GET", "/blobs/")(lambda x: "authorization" in x.headers and x.answer(302, Location="/target"))
    assert read(inside, blob(b"x")) == b"x"
    inside.close()


def test_the_token_server_is_asked_once(registry: FakeRegistry, tmp_path: Path, slept: list[float]) -> None:
    registry.user = ("alice", "sesame")
    image(registry)
    env = config(tmp_path, {"auths": {f"https://{registry.authority}/v1/": {"auth": "YWxpY2U6c2VzYW1l"}}})
    inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
    for _ in range(3):
        inside.root()
    asked = registry.asked("GET", "^/token$")
    assert [x.query["scope"] for x in asked] == [["repository:team/app:pull"]]
    assert asked[0].query["service"] == ["fake"]
    inside.close()


def test_a_token_that_is_refused_is_renewed_once(registry: FakeRegistry, tmp_path: Path, slept: list[float]) -> None:
    registry.user = ("alice", "sesame")
    image(registry)
    env = config(tmp_path, {"auths": {registry.authority: {"auth": "YWxpY2U6c2VzYW1l"}}})
    inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
    inside.root()
    registry.token = "another"
    inside.root()
    assert len(registry.asked("GET", "^/token$")) == 2
    inside.close()


def test_pushing_asks_for_the_right_to_push(registry: FakeRegistry, tmp_path: Path, slept: list[float]) -> None:
    registry.user = ("alice", "sesame")
    subject = image(registry)
    env = config(tmp_path, {"auths": {registry.authority: {"auth": "YWxpY2U6c2VzYW1l"}}})
    inside = RegistryStore(target(registry), limits=LIMITS, client=client(registry, slept, env))
    attach(inside, referrer(subject))
    scopes = {x.query["scope"][0] for x in registry.asked("GET", "^/token$")}
    assert scopes <= {"repository:team/app:pull", "repository:team/app:pull,push"}
    assert "repository:team/app:pull,push" in scopes
    inside.close()


def test_an_identity_token_is_exchanged_and_not_shown_to_the_registry(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    registry.user = ("alice", "sesame")
    image(registry)
    env = config(tmp_path, {"auths": {registry.authority: {"auth": "YWxpY2U6", "identitytoken": "refresh-me"}}})
    inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
    registry.rule("POST", "^/token$")(
        lambda x: b"refresh_token=refresh-me" in x.body and x.answer(200, b'{"access_token":"the-token"}')
    )
    inside.root()
    assert not any("refresh-me" in str(x.headers) for x in registry.log)
    inside.close()


def test_a_registry_that_moves_the_token_exchange_gets_no_token(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    with fake_registry() as other:
        registry.user = ("alice", "sesame")
        env = config(tmp_path, {"auths": {registry.authority: {"auth": "YWxpY2U6", "identitytoken": "refresh-me"}}})
        inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))
        registry.rule("POST", "^/token$")(lambda x: x.answer(307, Location=f"http://{other.authority}/token"))
        with pytest.raises(UnavailableError, match="cannot be redirected"):
            inside.root()
        assert other.log == []
        inside.close()


def test_a_refusal_repeats_nothing_the_registry_says(
    registry: FakeRegistry, tmp_path: Path, slept: list[float]
) -> None:
    registry.user = ("alice", "sesame")
    env = config(tmp_path, {"auths": {registry.authority: {"auth": "YWxpY2U6c2VzYW1l"}}})
    inside = RegistrySource(target(registry), limits=LIMITS, client=client(registry, slept, env))

    def reflect(x: Exchange) -> bool:
        shown = x.headers.get("authorization", "")
        return bool(shown) and x.answer(403, json.dumps({"errors": [{"code": "DENIED", "message": shown}]}).encode())

    registry.rule("GET", "/manifests/")(reflect)
    with pytest.raises(UnavailableError, match="status 403, DENIED") as caught:
        inside.root()
    assert "the-token" not in caught.value.line()
    inside.close()


# Evidence.


def test_with_the_referrers_api_no_tag_is_written(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    made = referrer(subject)
    attach(store, made)
    assert subject.digest is not None
    assert store.referrers(subject.digest) == (made.descriptor,)
    assert fallback_tag(subject.digest) not in registry.manifests


def test_all_pages_are_read(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    for number in range(7):
        attach(store, referrer(subject, number))
    registry.page = 2
    assert subject.digest is not None
    assert len(store.referrers(subject.digest)) == 7
    assert len(registry.asked("GET", "/referrers/")) == 4


@pytest.mark.parametrize("status", [400, 404, 406])
def test_no_api_leads_to_the_tag(registry: FakeRegistry, store: RegistryStore, status: int) -> None:
    subject = image(registry)
    registry.rule("GET", "/referrers/")(lambda x: x.answer(status))
    registry.oci_subject = False
    made = referrer(subject)
    attach(store, made)
    assert subject.digest is not None
    assert store.referrers(subject.digest) == (made.descriptor,)


def test_a_page_that_is_no_index_leads_to_the_tag(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    registry.rule("GET", "/referrers/")(lambda x: x.answer(200, b"<html>welcome</html>", Content_Type="text/html"))
    registry.oci_subject = False
    made = referrer(subject)
    attach(store, made)
    assert subject.digest is not None
    assert store.referrers(subject.digest) == (made.descriptor,)


@pytest.mark.parametrize("status", [401, 403, 405, 500, 503])
def test_any_other_failure_is_not_none(registry: FakeRegistry, store: RegistryStore, status: int) -> None:
    subject = image(registry)
    registry.rule("GET", "/referrers/")(lambda x: x.answer(status))
    assert subject.digest is not None
    with pytest.raises((UnavailableError,)):
        store.referrers(subject.digest)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_failure_at_the_tag_is_not_none(registry: FakeRegistry, store: RegistryStore, status: int) -> None:
    subject = image(registry)
    registry.referrers_api = False
    registry.rule("GET", "/manifests/sha256-")(lambda x: x.answer(status))
    assert subject.digest is not None
    with pytest.raises(UnavailableError):
        store.referrers(subject.digest)


def test_a_failure_on_the_second_page_is_not_half_a_list(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    for number in range(4):
        attach(store, referrer(subject, number))
    registry.page = 2
    registry.rule("GET", "/referrers/")(lambda x: "from" in x.query and x.answer(404))
    assert subject.digest is not None
    with pytest.raises(UnavailableError):
        store.referrers(subject.digest)


def test_pages_that_lead_in_a_circle_end(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    registry.rule("GET", "/referrers/")(
        lambda x: x.answer(200, body, Content_Type=INDEX, Link=f'<{x.path}?x>; rel="next"')
    )
    assert subject.digest is not None
    with pytest.raises(MalformedError, match="circle"):
        store.referrers(subject.digest)


def test_pages_elsewhere_are_not_followed(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    link = '<http://registry.example/v2/x>; rel="next"'
    registry.rule("GET", "/referrers/")(lambda x: x.answer(200, body, Content_Type=INDEX, Link=link))
    assert subject.digest is not None
    with pytest.raises(UnavailableError, match="elsewhere"):
        store.referrers(subject.digest)


def test_something_else_at_the_tag_is_not_overwritten(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    assert subject.digest is not None
    registry.referrers_api = False
    tag = fallback_tag(subject.digest)
    registry.add_manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": []}, tag)
    before = registry.manifests[tag]
    with pytest.raises(MalformedError):
        attach(store, referrer(subject))
    assert registry.manifests[tag] == before


def test_entries_of_others_stay_as_they_are(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    assert subject.digest is not None
    registry.referrers_api = False
    foreign = {"mediaType": MANIFEST, "digest": digest(b"foreign"), "size": 7, "x-unknown": {"a": [1]}}
    registry.add_manifest(
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": [foreign], "x": 1}, fallback_tag(subject.digest)
    )
    attach(store, referrer(subject))
    document = json.loads(registry.manifests[fallback_tag(subject.digest)][0])
    assert document["manifests"][0] == foreign
    assert document["x"] == 1
    assert len(document["manifests"]) == 2


@pytest.mark.parametrize("etags", [True, False], ids=["conditions-held", "conditions-ignored"])
def test_a_writer_who_comes_between_loses_nothing(registry: FakeRegistry, store: RegistryStore, etags: bool) -> None:
    """The other reads before us and writes after us, or writes between our reading and our writing."""
    subject = image(registry)
    assert subject.digest is not None
    registry.referrers_api, registry.etags = False, etags
    tag = fallback_tag(subject.digest)
    other = {"mediaType": MANIFEST, "digest": digest(b"other"), "size": 5, "artifactType": "a/b"}
    theirs = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [other]}

    @registry.rule("PUT", f"/manifests/{tag}", times=1)
    def between(x: Exchange) -> bool:
        if etags:
            registry.add_manifest(theirs, tag)  # they were faster: our condition does not hold any more
            return False
        registry._put_manifest(x, tag, None)
        registry.add_manifest(theirs, tag)  # they had read before us, and overwrite what we wrote
        return True

    attach(store, referrer(subject))
    listed = [entry["digest"] for entry in json.loads(registry.manifests[tag][0])["manifests"]]
    assert listed == [other["digest"], str(referrer(subject).descriptor.digest)]


def test_a_list_that_others_never_leave_alone_is_given_up(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    registry.referrers_api = False
    registry.rule("PUT", "/manifests/sha256-")(lambda x: x.answer(412))
    assert subject.digest is not None
    made = referrer(subject)
    with pytest.raises(UnavailableError, match="others changed the list"):
        attach(store, made)


def test_a_broken_upload_is_begun_again_and_leaves_nothing(registry: FakeRegistry, store: RegistryStore) -> None:
    registry.rule("PUT", "/blobs/uploads/", times=1)(lambda x: x.answer(503))
    assert store.push_blob(b"data") == Digest.of(b"data")
    assert registry.uploads == {}
    assert registry.blobs == {digest(b"data"): b"data"}


def test_a_refused_upload_leaves_nothing(registry: FakeRegistry, store: RegistryStore) -> None:
    registry.rule("PUT", "/blobs/uploads/")(lambda x: x.answer(403))
    with pytest.raises(UnavailableError, match="does not take the blob"):
        store.push_blob(b"data")
    assert registry.uploads == {}
    assert registry.blobs == {}


def test_a_blob_that_is_there_is_not_sent_again(registry: FakeRegistry, store: RegistryStore) -> None:
    store.push_blob(b"data")
    store.push_blob(b"data")
    assert len(registry.asked("POST", "/blobs/uploads/")) == 1


def test_an_upload_elsewhere_is_refused(registry: FakeRegistry, store: RegistryStore) -> None:
    registry.rule("POST", "/blobs/uploads/")(lambda x: x.answer(202, Location="http://registry.example/upload"))
    with pytest.raises(UnavailableError, match="elsewhere"):
        store.push_blob(b"data")


def test_describe_checks_what_a_digest_names(registry: FakeRegistry, slept: list[float]) -> None:
    subject = image(registry)
    registry.rule("GET", "/manifests/")(lambda x: x.answer(200, b"{}", Content_Type=MANIFEST))
    pinned = parse_reference(f"{registry.authority}/team/app@{subject.digest}")
    store = RegistryStore(pinned, limits=LIMITS, client=client(registry, slept))
    with pytest.raises(UntrustedError) as caught:
        store.describe()
    assert caught.value.code == "DIGEST_MISMATCH"
    store.close()


def test_image_and_evidence_share_connections(registry: FakeRegistry, source: RegistrySource) -> None:
    subject = image(registry)
    store = source.store()
    assert store.describe() == subject
    store.close()
    assert source.root().descriptor == subject
    assert len({x.handler.client_address for x in registry.log}) == 1


@pytest.mark.parametrize("api", [True, False])
def test_a_referrer_is_unlisted_and_deleted(registry: FakeRegistry, store: RegistryStore, api: bool) -> None:
    registry.referrers_api = api
    subject = image(registry)
    first, second = referrer(subject, 1), referrer(subject, 2)
    for made in (first, second):
        attach(store, made)
    assert first.subject.digest is not None
    assert first.descriptor.digest is not None
    store.remove_referrer(first.descriptor.digest, first.subject.digest)
    assert [d.digest for d in store.referrers(first.subject.digest)] == [second.descriptor.digest]
    assert str(first.descriptor.digest) not in registry.manifests
    store.remove_referrer(first.descriptor.digest, first.subject.digest)


def test_a_registry_that_does_not_delete_says_so(registry: FakeRegistry, store: RegistryStore) -> None:
    made = referrer(image(registry))
    attach(store, made)
    registry.deletes = False
    assert made.descriptor.digest is not None
    assert made.subject.digest is not None
    with pytest.raises(UnsupportedError):
        store.remove_referrer(made.descriptor.digest, made.subject.digest)


def test_everything_together_has_a_deadline(registry: FakeRegistry) -> None:
    target = parse_reference(f"{registry.authority}/a/b:1")
    late = RegistryStore(target, limits=Limits(http_backoff_seconds=0), overall=0.0)
    with pytest.raises(UnavailableError) as caught:
        late.referrers(Digest.of(b""))
    assert "too" in str(caught.value) or "deadline" in str(caught.value) or "time" in str(caught.value)
    assert registry.log == []
    late.close()


def test_a_list_that_grew_old_before_it_was_written_is_read_anew(
    registry: FakeRegistry, store: RegistryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that stalls between reading and writing must not write over those who came between and have gone."""
    from assay.adapters import registry_fallback

    registry.referrers_api = False
    subject = image(registry)
    assert subject.digest is not None
    first, second = referrer(subject, 1), referrer(subject, 2)
    tag, real = fallback_tag(subject.digest), registry_fallback.form.merge_index
    clock, stalled = [0.0], []

    def stalling(existing: bytes | None, *add: Descriptor, **how: object) -> bytes:
        if not stalled:  # while we think, another writes, looks, and goes
            stalled.append(True)
            clock[0] += 60
            registry.manifests[tag] = (real(None, second.descriptor, where="other"), INDEX)
        return real(existing, *add, **how)

    monkeypatch.setattr(registry_fallback.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(registry_fallback.form, "merge_index", stalling)
    slow = RegistryStore(target(registry), limits=Limits(referrers_settle_seconds=0.25), client=store.client)
    monkeypatch.setattr(slow.client, "limits", Limits(referrers_settle_seconds=0.25))
    attach(slow, first)
    assert {d.digest for d in store.referrers(subject.digest)} == {first.descriptor.digest, second.descriptor.digest}


def test_a_list_that_was_filtered_unasked_is_not_the_whole(registry: FakeRegistry, store: RegistryStore) -> None:
    subject = image(registry)
    assert subject.digest is not None

    def filtered(x: Exchange) -> bool:
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
        return x.answer(200, body, Content_Type=INDEX, OCI_Filters_Applied="artifactType")

    registry.rule("GET", "/referrers/")(filtered)
    with pytest.raises(UnavailableError, match="filtered"):
        store.referrers(subject.digest)
