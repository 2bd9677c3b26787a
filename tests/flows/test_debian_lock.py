"""Packages pinned through the whole chain, from a signed suite to the archive's bytes; each link fails closed."""

import gzip
import json
import lzma
from datetime import datetime, timedelta

import msgspec
import pytest

from assay.build import lock as locks
from assay.build.spec_read import read_spec
from assay.flows.lock_debian import DebianTools, lock_debian
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from assay.ports.packages import Resolved
from debianworld import DATE, MIRROR, NOW, Archive, Believing, Keys, Naming, Nowhere, packed
from fakes.contentstore import MemoryContentStore


def placed(**debian):
    document = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
        "debian": {"d": {"suites": ["bookworm"], "keys": "k.gpg", "mirror": MIRROR} | debian},
        "image": {"debian": "d", "packages": ["aaa"]},
    }  # fmt: skip
    return read_spec(json.dumps(document).encode(), where="assay.yaml")


def lock(archive, *, resolver=None, now=NOW, previous=None, store=None, spec=None, verifier=None):
    tools = DebianTools(
        verifier=verifier or Believing(), resolver=resolver or Naming(), sources=Nowhere(), inputs=Keys(),
        fetcher=archive, store=store if store is not None else MemoryContentStore(), limits=DEFAULT_LIMITS, now=now,
    )  # fmt: skip
    return lock_debian(spec or placed(), tools, previous)


def previous(date, sources=None):
    index = locks.DebianIndex(
        name="d/bookworm", url=MIRROR, suite="bookworm", codename="bookworm", date=f"{date:%Y-%m-%dT%H:%M:%SZ}",
        in_release="sha256:" + "0" * 64, fingerprints=("A" * 40,), files=(),
    )  # fmt: skip
    return locks.Lock(spec="sha256:" + "0" * 64, epoch=5, indexes=(index,))


@pytest.mark.parametrize("form", ["", ".gz", ".xz"])
@pytest.mark.parametrize("by_hash", [True, False])
def test_a_package_is_pinned_with_all_that_led_to_it(form, by_hash):
    archive, store = Archive(packed("aaa"), packed("bbb"), form=form, by_hash=by_hash), MemoryContentStore()
    (index,), (package,) = lock(archive, store=store)
    assert (index.suite, index.codename, index.date) == ("bookworm", "bookworm", "2024-05-30T12:00:00Z")
    assert store.held[Digest.parse(index.in_release)] == archive.release.encode()
    assert store.held[Digest.parse(package.sha256)] == archive.packages[0].data
    assert (package.name, package.roles, package.index) == ("aaa", ("image",), "d/bookworm")
    assert any("by-hash" in url for url in archive.asked) is by_hash
    assert not any("bbb" in url for url in archive.asked)


def test_what_the_store_has_is_not_fetched_again():
    archive, store = Archive(packed("aaa")), MemoryContentStore()
    assert lock(archive, store=store) == lock(archive, store=store)
    assert [url.rpartition("/")[2] for url in archive.asked] == [
        "InRelease",
        "Packages.xz",
        "aaa_1.0-1_amd64.deb",
        "InRelease",
    ]


def test_epochs_and_tildes_are_found_in_the_pool():
    one = packed("aaa", version="1:2.0~rc1-1")
    _, (package,) = lock(Archive(one), resolver=Naming(Resolved("aaa", "1:2.0~rc1-1")))
    assert package.path == "pool/main/a/aaa/aaa_1%253a2.0~rc1-1_amd64.deb"


def test_essential_packages_come_into_toolchains_alone():
    archive, resolver = Archive(packed("aaa"), packed("dash", more="Essential: yes\n"), packed("gcc")), Naming()
    spec = placed()
    toolchain = msgspec.convert({"debian": "d", "packages": ["gcc"]}, type(spec.spec).__annotations__ and _toolchain())
    spec = msgspec.structs.replace(spec, spec=msgspec.structs.replace(spec.spec, toolchains={"c": toolchain}))
    _, packages = lock(archive, resolver=resolver, spec=spec)
    assert resolver.asked == [(("aaa",), "amd64"), (("dash", "gcc"), "amd64")]
    assert {one.name: one.roles for one in packages} == {
        "aaa": ("image",),
        "dash": ("toolchain:c",),
        "gcc": ("toolchain:c",),
    }


def _toolchain():
    from assay.build.spec import Toolchain

    return Toolchain


@pytest.mark.parametrize(
    ("release", "given", "says"),
    [
        ({"codename": "trixie"}, {}, "code name is trixie"),
        ({"origin": "Evil"}, {}, "'Evil'"),
        ({}, {"previous": previous(DATE + timedelta(days=1))}, "older than the lock"),
        ({"until": NOW - timedelta(days=1)}, {}, "valid until"),
        ({}, {"now": DATE - timedelta(days=30)}, "in the future"),
    ],
)
def test_a_suite_that_is_another_or_old_is_refused(release, given, says):
    store = MemoryContentStore()
    with pytest.raises(UntrustedError) as caught:
        lock(Archive(packed("aaa"), **release), store=store, **given)
    assert says in caught.value.why
    assert store.held == {}, "nothing of it is kept"


def test_a_suite_that_a_signature_does_not_cover_is_refused():
    class Refusing:
        def verify(self, data, keyring, *, where):
            raise UntrustedError("no good signature by a trusted key", where=where, why="BADSIG")

    archive = Archive(packed("aaa"))
    with pytest.raises(UntrustedError, match="no good signature"):
        lock(archive, verifier=Refusing())
    assert len(archive.asked) == 1


def test_only_the_signed_text_is_read():
    class Cutting(Believing):
        def verify(self, data, keyring, *, where):
            found = super().verify(data, keyring, where=where)
            return msgspec.structs.replace(found, text=found.text.replace(b"Debian", b"Signed"))

    with pytest.raises(UntrustedError, match="suite"):
        lock(Archive(packed("aaa")), verifier=Cutting())


def test_an_index_of_other_bytes_is_refused():
    for change in (lambda data: data[:-1] + b"!", lambda data: lzma.compress(b""), lambda data: data[:-1]):
        archive = Archive(packed("aaa"))
        archive.answers[archive.index] = change(archive.answers[archive.index])
        with pytest.raises(UntrustedError, match="not what it should be"):
            lock(archive)


def test_an_index_longer_than_the_suite_says_is_refused():
    archive = Archive(packed("aaa"))
    archive.answers[archive.index] += b"more"
    with pytest.raises((UntrustedError, UnsupportedError)):
        lock(archive)


def test_a_package_whose_bytes_lie_is_refused():
    archive, store = Archive(packed("aaa")), MemoryContentStore()
    url = f"{MIRROR}/{archive.packages[0].path}"
    archive.answers[url] = packed("aaa", files={}, scripts={"postinst": "evil"}).data[: len(archive.packages[0].data)]
    with pytest.raises((UntrustedError, UnsupportedError)):
        lock(archive, store=store)
    assert Digest.of(archive.answers[url]) not in store.held


@pytest.mark.parametrize("answer", [Resolved("aaa", "9"), Resolved("zzz", "1.0-1")])
def test_a_resolver_that_names_what_no_index_lists_is_not_believed(answer):
    with pytest.raises(UntrustedError, match="no index lists"):
        lock(Archive(packed("aaa")), resolver=Naming(answer))


def test_an_index_that_is_damaged_inside_is_malformed():
    archive = Archive(packed("aaa"), form=".gz")
    broken = gzip.compress(b"Package: aaa\n", mtime=0)
    archive = Archive(msgspec.structs.replace(packed("aaa"), more="not a field\n"))
    with pytest.raises(MalformedError):
        lock(archive)
    assert broken


@pytest.mark.parametrize(
    ("debian", "error", "says"),
    [
        ({"components": ["contrib"]}, UsageError, "no such part"),
        ({"mirror": None}, UsageError, "where this suite lies"),
        ({"suites": ["sid"]}, UnavailableError, "no such file"),
    ],
)
def test_a_part_that_is_not_there_is_named(debian, error, says):
    debian = {key: value for key, value in debian.items() if value is not None}
    spec = placed(**debian)
    if not debian:
        place = msgspec.structs.replace(spec.spec.debian["d"], mirror=None)
        spec = msgspec.structs.replace(spec, spec=msgspec.structs.replace(spec.spec, debian={"d": place}))
    with pytest.raises(error, match=says):
        lock(Archive(packed("aaa")), spec=spec)


def test_a_bomb_of_an_index_ends_at_its_limit(monkeypatch):
    from assay.flows import lock_debian as flow

    monkeypatch.setattr(flow, "_PACKAGES_BYTES", 1 << 16)
    for form in (".xz", ".gz"):
        with pytest.raises(UnsupportedError):
            lock(Archive(msgspec.structs.replace(packed("aaa"), more="X: " + "x" * (1 << 20) + "\n"), form=form))


def test_a_lock_with_a_date_that_is_none_is_refused():
    bad = previous(datetime(2024, 1, 1))
    broken = msgspec.structs.replace(bad, indexes=(msgspec.structs.replace(bad.indexes[0], date="yesterday"),))
    with pytest.raises(MalformedError, match="not a lock"):
        lock(Archive(packed("aaa")), previous=broken)


def test_a_name_no_index_lists_is_told_with_its_place():
    text = json.dumps(
        {
            "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
            "debian": {"d": {"suites": ["bookworm"], "keys": "k.gpg", "mirror": MIRROR}},
            "image": {"debian": "d", "packages": ["aaa", "aab"]},
        }
    )  # fmt: skip
    archive = Archive(packed("aaa", more="Provides: aab\n"))
    with pytest.raises(UsageError) as caught:
        lock(archive, spec=read_spec(text.encode(), where="assay.yaml"))
    assert caught.value.where.startswith("assay.yaml:1:")
    assert caught.value.where.endswith("image.packages[1]")
    assert "aab is not in bookworm" in caught.value.why
    assert "did you mean aaa?" in caught.value.remedy
