"""Allowed signers files, line by line."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import allowedsigners
from assay.formats.sshsig import packed
from assay.model.errors import MalformedError

KEY = packed(b"ssh-ed25519") + packed(bytes(32))
TEXT = f"ssh-ed25519 {base64.b64encode(KEY).decode()}"


def read(text):
    return allowedsigners.read(text if isinstance(text, bytes) else text.encode(), where="allowed")


def test_principals_options_and_comments():
    first, second, third = read(
        f'# who\n\n  a@example.org,*@b.example {TEXT} a comment\n"c d" cert-authority,namespaces="git,file" {TEXT}\r\n'
        f'\u00e9@example.org\tvalid-after="20240102",valid-before="202403041530Z"\t{TEXT}'
    )
    assert (first.principals, first.key_type, first.key) == ("a@example.org,*@b.example", "ssh-ed25519", KEY)
    assert (second.principals, second.is_authority, second.namespaces) == ("c d", True, "git,file")
    assert third.principals == "\u00e9@example.org"


def test_a_time_without_zone_counts_as_the_strictest_it_can_mean():
    (zoned, local) = read(
        f'a valid-after="20240102Z",valid-before="20240201Z" {TEXT}\na valid-after="20240102",valid-before="20240201" {TEXT}'
    )
    assert (zoned.valid_after, zoned.valid_before) == (1704153600, 1706745600)
    assert local.valid_after - zoned.valid_after == 12 * 3600
    assert zoned.valid_before - local.valid_before == 14 * 3600


@pytest.mark.parametrize(
    "line",
    [
        "a", "a b c", f'"a {TEXT}', TEXT, f"a unknown {TEXT}", f"a namespaces=git {TEXT}", f'a valid-after="2024" {TEXT}',
        f'a valid-after="20241301Z" {TEXT}', f'a valid-after="20240102Z",valid-before="20240101Z" {TEXT}',
        f'a namespaces="a",namespaces="b" {TEXT}', f"a cert-authority, {TEXT}", f"a cert-authority;x {TEXT}",
        "a ssh-ed25519 AAAA", f"a ssh-rsa {TEXT.split()[1]}", f'a namespaces="x {TEXT}', f'"" {TEXT}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_named(line):
    with pytest.raises(MalformedError) as caught:
        read(f"# first\n{line}\n")
    assert caught.value.where == "allowed line 2"


def test_what_is_no_text_and_too_much_of_it():
    with pytest.raises(MalformedError):
        read(b"\xff")
    with pytest.raises(MalformedError):
        read(b"#" * (1 << 20) + b"#")
    assert read(b"") == ()


@pytest.mark.parametrize(
    ("patterns", "good"),
    [("git", True), ("g*", True), ("*", True), ("?it", True), ("git2", False), ("", True), ("a,b", False), ("gi", False),
     ("*,!git", False), ("!file,git", True), ("!file", False), ("**g**t", True)],
)  # fmt: skip
def test_patterns_of_namespaces(patterns, good):
    (one,) = read(f'a namespaces="{patterns}" {TEXT}')
    assert one.signs("git") is good


def test_many_stars_take_no_time():
    (one,) = read(f'a namespaces="{"*a" * 2000}" {TEXT}')
    assert not one.signs("a" * 300 + "b")


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(data):
    with contextlib.suppress(MalformedError):
        read(data)
