"""InRelease: only the suite that was asked for, not older than what is known, nothing listed twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build.debian import index, release
from assay.model.errors import AssayError, MalformedError, UntrustedError
from debianworld import DATE, NOW, packed, release_text

A, B = "a" * 64, "b" * 64


def check(text=None, *, suite="bookworm", origin="Debian", now=NOW, previous=None, **given):
    found = release.read(text or release_text({"main/binary-amd64/Packages": b"x"}, **given), "InRelease")
    release.check(found, suite=suite, origin=origin, now=now, previous=previous, where="InRelease")
    return found


def test_a_suite_is_read():
    found = check(by_hash=True, until=NOW + timedelta(days=1))
    assert (found.codename, found.origin, found.date, found.by_hash) == ("bookworm", "Debian", DATE, True)
    assert found.valid_until == NOW + timedelta(days=1)
    assert found.files["main/binary-amd64/Packages"].size == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"codename": "trixie"}, "code name is trixie"),
        ({"suite": "stable"}, "code name is bookworm"),  # `Suite` is not asked: it moves
        ({"origin": "Ubuntu"}, "not 'Ubuntu'"),
        ({"previous": DATE + timedelta(seconds=1)}, "older than the lock"),
        ({"now": DATE - timedelta(days=2)}, "in the future"),
        ({"until": NOW - timedelta(seconds=1)}, "valid until"),
    ],
)
def test_another_suite_or_an_old_one_is_refused(given, says):
    with pytest.raises(UntrustedError) as caught:
        check(**given)
    assert says in caught.value.why


def test_the_same_date_as_the_lock_and_a_clock_a_little_behind_are_fine():
    check(previous=DATE)
    check(now=DATE - timedelta(hours=20))


def test_the_security_archive_is_known_by_both_its_names():
    for codename in ("bookworm-security", "bookworm/updates"):
        check(suite="bookworm-security", codename=codename)


BASE = "Origin: Debian\nCodename: bookworm\nDate: Thu, 30 May 2024 12:00:00 UTC\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 paragraphs"),
        (BASE + f"SHA256:\n {A} 1 x\n\nPackage: x\n", "2 paragraphs"),
        (BASE, "Sha256 is missing"),
        (BASE.replace("Codename: bookworm\n", "") + f"SHA256:\n {A} 1 x\n", "Codename is missing"),
        (BASE + f"SHA256:\n {A} 1 x\n {B} 1 x\n", "listed twice"),
        (BASE + f"SHA256:\n {A} 1 x\n {A} 2 x\n", "listed twice"),
        (BASE + f"SHA256:\n {A[:-1]} 1 x\n", "no digest"),
        (BASE + f"SHA256:\n {A} -1 x\n", "no digest"),
        (BASE + f"SHA256:\n {A} ٣ x\n", "no digest"),
        (BASE + f"SHA256:\n {A} 1 x y\n", "no digest"),
        (BASE.replace("Thu, 30 May 2024 12:00:00 UTC", "yesterday") + f"SHA256:\n {A} 1 x\n", "no date"),
        (BASE.replace("30 May 2024 12:00:00 UTC", "31 Dec 9999 23:59:00 -1400") + f"SHA256:\n {A} 1 x\n", "no date"),
    ],
)
def test_a_text_that_is_none_is_refused(text, says):
    with pytest.raises(MalformedError) as caught:
        release.read(text, "x")
    assert says in caught.value.why


@given(st.text(max_size=300), st.sampled_from(["", BASE, f"{BASE}SHA256:\n"]))
def test_any_text_has_an_answer(text, before):
    try:
        found = release.read(before + text, "x")
    except AssayError:
        return
    assert found.date.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2099, 1, 1)))
def test_dates_are_read_as_written(when):
    when = when.replace(microsecond=0, tzinfo=UTC)
    assert release.read(release_text({"x": b""}, date=when), "x").date == when


def test_an_index_lists_what_the_archive_holds():
    one = packed(
        "libx", version="1:2.0~rc1-1+b1", more="Source: xx (1:2.0~rc1-1)\nEssential: yes\nReplaces: yy (<< 2)\n"
    )
    two = packed("zz", architecture="all")
    found = index.read([one.stanza() + "\n" + two.stanza()], "x")
    stanza = found["libx", "1:2.0~rc1-1+b1"]
    assert (stanza.source, stanza.source_version, stanza.essential) == ("xx", "1:2.0~rc1-1", True)
    assert (stanza.path, stanza.size) == (one.path, len(one.data))
    assert (found["zz", "1.0-1"].source, found["zz", "1.0-1"].source_version) == ("zz", "1.0-1")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Package: xx", "Package: X!", "no package"),
        ("Version: 1.0-1", "Version: 1 0", "no package"),
        ("Filename: pool", "Filename: /pool", "no SHA-256"),
        ("Filename: pool/", "Filename: pool/../", "no SHA-256"),
        ("_amd64.deb", "/..", "no SHA-256"),
        ("Size: ", "Size: -", "no SHA-256"),
        ("SHA256: ", "SHA256: 0", "no SHA-256"),
        ("Version", "no field\nVersion", "no field"),
    ],
)
def test_a_stanza_that_is_none_is_refused(old, new, says):
    with pytest.raises(MalformedError) as caught:
        index.read([packed("xx").stanza().replace(old, new)], "x")
    assert says in caught.value.why


def test_a_package_listed_twice_and_differently_is_refused():
    one = packed("xx")
    assert len(index.read([one.stanza() + "\n" + one.stanza()], "x")) == 1
    with pytest.raises(MalformedError, match="acceptable"):
        index.read([one.stanza() + "\n" + one.stanza().replace("Size: ", "Size: 1")], "x")


@given(st.text(max_size=200))
def test_any_index_has_an_answer(text):
    for chunk in (text, packed("xx").stanza() + text):
        try:
            index.read([chunk], "x")
        except AssayError:
            continue
