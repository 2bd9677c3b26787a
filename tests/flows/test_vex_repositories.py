"""Remote VEX repositories: fetched over loopback, kept, asked again in time, and believed by nobody for being there."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assay.adapters.feedfetch import FeedFetch
from assay.adapters.http import Http
from assay.adapters.vexshelf import VexShelf
from assay.flows.vex_repositories import in_copy, refresh
from assay.formats import vexmanifest
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import Limits
from assay.trust import vex_policy, vex_repositories
from assay.trust.vex import Judged, judge
from assay.trust.vex_found import Found
from assay.trust.vex_policy import VexTrust
from assay.trust.vex_repositories import VexRepository
from inventories import full
from signing import OTHER, P256
from vexplaces import document, signed_beside, trust_row
from webfiles import Web, running, tar, zipped

NOW, SOON, LATER = "2026-02-01T00:00:00Z", "2026-02-01T00:59:00Z", "2026-02-04T01:00:00Z"
LIMITS = Limits(http_retries_count=0, http_backoff_seconds=0.0)
ROW = '[[vex.repository]]\nname = "hub"\nurl = "{}"\n'
ALL = vex_policy.read(trust_row("vendor", P256).encode(), where="trust.toml", read_key=lambda name: b"")
OPEN = 'accept_unsigned = true\nproducts = ["pkg:pypi/*"]\n'


@pytest.fixture
def web() -> Iterator[Web]:
    with running() as one:
        yield one


def contents(*, signed: bool = False) -> dict[str, bytes]:
    data = json.dumps(document("pkg:pypi/cryptography")).encode()
    packages = [{"id": "pkg:pypi/cryptography", "location": "pkg/pypi/cryptography/vex.json"}]
    found = {
        "index.json": json.dumps({"updated_at": "2026-01-01T00:00:00Z", "packages": packages}).encode(),
        "pkg/pypi/cryptography/vex.json": data,
        "README.md": b"not a document",
    }
    return found | ({"pkg/pypi/cryptography/vex.json.sigstore.json": signed_beside(data)} if signed else {})


def row(web: Web, more: str = "") -> VexRepository:
    return vex_repositories.read((ROW.format(web.url) + more).encode(), where="assay.toml")[0]


def asked(
    one: VexRepository, folder: Path, now: str = NOW, *, offline: bool = False, limits: Limits = LIMITS
) -> tuple[Found, ...]:
    shelf = VexShelf(folder / "shelf", limits)
    fetch = None if offline else FeedFetch(Http(limits=limits))
    trouble = refresh(one, shelf, fetch, now, limits)
    return tuple(in_copy(one, shelf, trouble, full(), now, limits))


def judged(found: tuple[Found, ...], trust: VexTrust = ALL) -> list[tuple[str, str, str]]:
    answers: tuple[Judged, ...] = judge(found, trust, image="", now=NOW)
    return [(one.document.outcome, one.document.code, one.document.signer) for one in answers]


# ---- whose word counts


def test_an_unsigned_document_is_seen_and_not_applied(web: Web, tmp_path: Path) -> None:
    web.serve(gzip.compress(tar(contents())))
    assert judged(asked(row(web), tmp_path)) == [("seen", "NOT_SIGNED", "")]


def test_a_signed_document_counts_by_the_trust_policy(web: Web, tmp_path: Path) -> None:
    web.serve(gzip.compress(tar(contents(signed=True))))
    assert [one[0] for one in judged(asked(row(web), tmp_path))] == ["applied"]


def test_an_unsigned_one_counts_where_the_settings_vouch_for_the_address(web: Web, tmp_path: Path) -> None:
    web.serve(gzip.compress(tar(contents())))
    (one,) = judge(asked(row(web, OPEN), tmp_path), VexTrust(), image="", now=NOW)
    assert (one.document.outcome, one.document.as_of) == ("applied", NOW)
    assert {said.author for said in one.statements} == {"hub (unsigned, by its place)"}


@pytest.mark.parametrize(
    "scope", ['products = ["pkg:npm/*"]', 'products = ["*"]\nvulnerabilities = ["GHSA-*"]', 'products = ["*"]\nstatuses = ["fixed"]']
)  # fmt: skip
def test_it_counts_within_its_scope_only(web: Web, tmp_path: Path, scope: str) -> None:
    web.serve(gzip.compress(tar(contents())))
    assert [o[:2] for o in judged(asked(row(web, f"accept_unsigned = true\n{scope}\n"), tmp_path))] == [
        ("seen", "SCOPE")
    ]


def test_a_wrong_signature_is_not_passed_over_for_the_place(web: Web, tmp_path: Path) -> None:
    files = contents(signed=True)
    files["pkg/pypi/cryptography/vex.json"] += b" "
    web.serve(gzip.compress(tar(files)))
    assert [one[0] for one in judged(asked(row(web, OPEN), tmp_path))] == ["seen"]
    stranger = json.dumps(document("pkg:pypi/cryptography")).encode()
    files["pkg/pypi/cryptography/vex.json.sigstore.json"] = signed_beside(stranger, OTHER)
    files["pkg/pypi/cryptography/vex.json"] = stranger
    web.serve(gzip.compress(tar(files)))
    assert [one[0] for one in judged(asked(row(web, OPEN), tmp_path, LATER))] == ["seen"]


# ---- forms


@pytest.mark.parametrize(
    "pack", [lambda f: gzip.compress(tar(f)), lambda f: bz2.compress(tar(f)), lambda f: lzma.compress(tar(f)), tar, zipped],
    ids=["gz", "bz2", "xz", "tar", "zip"],
)  # fmt: skip
def test_every_archive_of_the_specification(
    web: Web, tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    web.serve(pack(contents()))
    assert judged(asked(row(web, OPEN), tmp_path))[0][0] == "applied"


def test_a_folder_inside_the_archive(web: Web, tmp_path: Path) -> None:
    """As programs that host code make archives of a branch, with the commit in a global header."""
    web.serve(gzip.compress(tar(contents(), "hub-main/")), folder="hub-main")
    assert judged(asked(row(web, OPEN), tmp_path))[0][0] == "applied"


def test_a_location_that_is_silent_leads_to_the_next(web: Web, tmp_path: Path) -> None:
    web.files["/b.tgz"] = gzip.compress(tar(contents()))
    web.manifest(f"{web.url}/a.tgz", f"{web.url}/b.tgz")
    assert judged(asked(row(web, OPEN), tmp_path))[0][0] == "applied"


# ---- time


def test_it_is_asked_again_only_when_its_interval_is_over(web: Web, tmp_path: Path) -> None:
    web.serve(gzip.compress(tar(contents())))
    asked(row(web), tmp_path)
    assert [path for path, _ in web.asked] == ["/.well-known/vex-repository.json", "/vex.tar.gz"]
    asked(row(web), tmp_path, SOON)
    assert len(web.asked) == 2
    found = asked(row(web), tmp_path, LATER)
    assert web.asked[-1] == ("/vex.tar.gz", True)
    assert [one.as_of for one in found] == [LATER]


def test_a_copy_from_the_future_is_not_kept_for_ever(web: Web, tmp_path: Path) -> None:
    web.serve(gzip.compress(tar(contents())))
    asked(row(web), tmp_path, "2099-01-01T00:00:00Z")
    asked(row(web), tmp_path, NOW)
    assert len(web.asked) == 4


@pytest.mark.parametrize("offline", [True, False])
def test_without_an_answer_the_copy_is_used_and_its_age_is_told(web: Web, tmp_path: Path, offline: bool) -> None:
    web.serve(gzip.compress(tar(contents())))
    asked(row(web, OPEN), tmp_path)
    web.down = True
    first, second = judge(asked(row(web, OPEN), tmp_path, LATER, offline=offline), VexTrust(), image="", now=LATER)
    assert (first.document.code, "copy of 2026-02-01, 3 days old, is used" in first.document.why) == ("STALE", True)
    assert (second.document.outcome, second.document.as_of) == ("applied", NOW)


def test_without_a_copy_and_an_answer_it_is_a_document_nobody_read(web: Web, tmp_path: Path) -> None:
    assert [one[0] for one in judged(asked(row(web), tmp_path, offline=True))] == ["failed"]
    assert [one[0] for one in judged(asked(row(web), tmp_path))] == ["failed"]


# ---- lies


def bomb() -> bytes:
    return gzip.compress(tar({"index.json": b" " * (1 << 20), "a.json": b" " * (3 << 20)}))


def many() -> bytes:
    return gzip.compress(tar({f"{n}.json": b"" for n in range(20)} | {"index.json": b"{}"}))


@pytest.mark.parametrize(
    "archive",
    [
        b"", b"no archive", gzip.compress(tar(contents()))[:-30], gzip.compress(tar({"a.json": b"{}"})),
        gzip.compress(tar(contents(), "../")), gzip.compress(tar(contents(), "/etc/")), zipped(contents())[:-5],
        zipped({"index.json": b"{}"} | {f"{n}.json": b"" for n in range(20)}), bomb(), many(), b"PK\3\4" + bytes(100),
    ],
)  # fmt: skip
def test_a_bad_archive_is_a_document_that_failed_and_the_copy_stays(web: Web, tmp_path: Path, archive: bytes) -> None:
    limits = Limits(
        http_retries_count=0, http_backoff_seconds=0.0, vex_repository_bytes=2 << 20, vex_repository_files_count=10,
        vex_found_bytes=1 << 20,
    )  # fmt: skip
    web.serve(archive)
    (alone,) = asked(row(web, OPEN), tmp_path / "alone", limits=limits)
    assert isinstance(alone.error, (MalformedError, UnsupportedError))
    web.serve(gzip.compress(tar(contents())))
    asked(row(web, OPEN), tmp_path)
    web.serve(archive)
    assert [one[:2] for one in judged(asked(row(web, OPEN), tmp_path, LATER, limits=limits))] == [
        ("seen", "STALE"), ("applied", ""),
    ]  # fmt: skip
    assert list((tmp_path / "shelf").glob(".new-*")) == []


def test_an_index_that_leads_out_reads_nothing_there(web: Web, tmp_path: Path) -> None:
    files = contents()
    packages = [{"id": "pkg:pypi/cryptography", "location": place} for place in ("../../etc/passwd", "none.json")]
    files["index.json"] = json.dumps({"packages": packages}).encode()
    web.serve(gzip.compress(tar(files)))
    assert {one[:2] for one in judged(asked(row(web, OPEN), tmp_path))} == {
        ("seen", "MALFORMED"),
        ("seen", "UNSUPPORTED"),
    }


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"[]", b"{}", b'{"name": "x", "versions": {}, "latest_version": "v0"}',
        b'{"name":"x","versions":{"v9":{"spec_version":"v9.0","locations":[{"url":"https://a.example"}]}}}',
        b'{"name":"x","versions":{"v0":{"spec_version":"0.1","locations":[]}}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_bad_manifest(web: Web, tmp_path: Path, manifest: bytes) -> None:
    web.files["/.well-known/vex-repository.json"] = manifest
    (one,) = asked(row(web), tmp_path)
    assert isinstance(one.error, (MalformedError, UnsupportedError))


def test_plain_http_beyond_loopback_is_refused(tmp_path: Path) -> None:
    (one,) = asked(VexRepository(name="hub", url="http://vex.example"), tmp_path)
    assert isinstance(one.error, UntrustedError)


def test_a_manifest_cannot_lead_from_https_to_this_machine(web: Web, tmp_path: Path) -> None:
    """Only what was itself asked for on loopback may lead there."""
    from assay.ports.feeds import NO_VALIDATORS, Served

    web.serve(gzip.compress(tar(contents())))

    class Fetch:
        def fetch(self, url: str, limit: int, known: object = NO_VALIDATORS) -> Served:
            assert url == "https://vex.example/.well-known/vex-repository.json"
            return Served(iter([web.files["/.well-known/vex-repository.json"]]))

    trouble = refresh(VexRepository(name="hub", url="https://vex.example"), VexShelf(tmp_path), Fetch(), NOW)  # type: ignore[arg-type]
    assert isinstance(trouble, MalformedError)
    assert web.asked == []


# ---- settings


@pytest.mark.parametrize(
    "text",
    [
        "", "[vex]\nrepository = 1", ROW.format("ftp://a.example"), ROW.format("https://"), ROW.format("https://u@a.example"),
        ROW.format("https://a.example") + 'folder = "x"\n', '[[vex.repository]]\nname = "x"\n',
        ROW.format("https://a.example") + "accept_unsigned = true\n", ROW.format("https://a.example") + 'products = ["*"]\n',
        ROW.format("https://a.example") + 'accept_unsigned = true\nproducts = [""]\n',
        ROW.format("https://a.example") + "surprise = 1\n", ROW.format("https://a.example") * 2,
        ROW.format("https://a.example") + 'accept_unsigned = true\nproducts = ["*"]\nstatuses = ["perhaps"]\n',
    ],
)  # fmt: skip
def test_rows_that_are_refused(text: str) -> None:
    with pytest.raises(AssayError):
        vex_repositories.read(text.encode(), where="assay.toml")


def test_an_address_that_is_named_has_the_trust_of_its_row() -> None:
    rows = vex_repositories.read((ROW.format("https://a.example") + OPEN).encode(), where="t")
    assert vex_repositories.named("https://a.example", rows) == rows[0]
    assert vex_repositories.named("https://a.example/other", rows).vouched is None
    assert vex_repositories.named("some/folder/", rows).folder == "some/folder/"
    with pytest.raises(UsageError):
        vex_repositories.named("file:///etc", rows)


@pytest.mark.parametrize(
    ("text", "said"), [("24h", 86_400), ("1h30m", 5_400), ("0s", 3_600), ("9999999h", 2_592_000), ("1d", 86_400), ("", 86_400)]
)  # fmt: skip
def test_intervals_are_within_reason(text: str, said: int) -> None:
    assert vexmanifest.seconds(text) == said
