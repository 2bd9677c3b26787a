"""Signatures by SSH keys: what `ssh-keygen` makes and accepts is accepted, what it refuses is refused."""

import base64
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import allowedsigners, sshsig
from assay.formats.sshsig import packed
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError
from assay.trust.sshsigned import SshSigned, verify
from sshkeys import KINDS, SecurityKey, armoured, make, needs_ssh_keygen, public, sign, signature, theirs

MESSAGE = b"tree 0\n\nhello\n"
NOW = 1_700_000_000


def ours(message, made, allowed, times=(NOW,), namespace="git") -> SshSigned:
    signers = allowedsigners.read(allowed.encode(), where="allowed")
    return verify(message, made, signers, namespace=namespace, times=times, where="x")


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ssh"))


@pytest.fixture(scope="module")
def signed(key):
    return sign(key, MESSAGE)


@needs_ssh_keygen
@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_every_kind_of_key_that_ssh_keygen_signs_with(tmp_path, kind, bits):
    place = make(tmp_path, kind, bits)
    allowed = f"alice@example.org {public(place)}\n"
    for options in ((), ("hashalg=sha256",)):
        made = sign(place, MESSAGE, "git", *options)
        found = ours(MESSAGE, made, allowed)
        assert found.principals == ("alice@example.org",)
        assert found.algorithm == ("rsa-sha2-512" if kind == "rsa" else public(place).split()[0])
        assert found.fingerprint == sshsig.fingerprint(base64.b64decode(public(place).split()[1]))
        assert theirs(tmp_path, MESSAGE, made, allowed, "alice@example.org")
        with pytest.raises(UntrustedError, match="does not fit") as caught:
            ours(MESSAGE + b"x", made, allowed)
        assert caught.value.code == "source.bad-signature"


@needs_ssh_keygen
def test_the_fingerprint_is_that_ssh_keygen_prints(key):
    told = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], capture_output=True, text=True, check=True).stdout
    assert sshsig.fingerprint(base64.b64decode(public(key).split()[1])) in told


@needs_ssh_keygen
@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_a_security_key_counts_where_somebody_touched_it(tmp_path, kind):
    token = SecurityKey(kind)
    allowed = f"a {token.line()}"
    for flags, good in ((b"\1", True), (b"\5", True), (b"\0", False), (b"\4", False)):
        made = token.sign(MESSAGE, flags=flags)
        assert theirs(tmp_path, MESSAGE, made, allowed, "a")  # ssh-keygen does not ask whether anybody was there
        if good:
            assert ours(MESSAGE, made, allowed).algorithm == kind
        else:
            with pytest.raises(UntrustedError, match="touched"):
                ours(MESSAGE, made, allowed)
    with pytest.raises(UntrustedError):
        ours(MESSAGE + b"x", token.sign(MESSAGE), allowed)
    with pytest.raises(MalformedError):
        ours(MESSAGE, token.sign(MESSAGE, rest=b"x"), allowed)


WINDOWS = [
    ('namespaces="git"', True), ('namespaces="file,git"', True), ('namespaces="g?t*"', True), ('namespaces="file"', False),
    ('namespaces="*,!git"', False), ('NAMESPACES="git"', True), ("cert-authority", False),
    ('valid-after="20200101Z"', True), ('valid-after="20300101Z"', False), ('valid-before="20300101Z"', True),
    ('valid-before="20200101Z"', False), ('valid-after="20200101000000Z",valid-before="203001010000Z"', True),
    ('valid-before="20231114221320Z"', True), ('valid-before="20231114221319Z"', False),
    ('valid-after="20231114221320Z"', True), ('valid-after="20231114221321Z"', False),
]  # fmt: skip


@needs_ssh_keygen
@pytest.mark.parametrize(("options", "good"), WINDOWS)
def test_options_mean_what_they_mean_to_ssh_keygen(tmp_path, key, options, good):
    allowed = f"alice@example.org {options} {public(key)}"
    made = sign(key, MESSAGE)
    assert theirs(tmp_path, MESSAGE, made, allowed, "alice@example.org", "verify-time=20231114221320Z") is good
    if good:
        assert ours(MESSAGE, made, allowed).principals == ("alice@example.org",)
    else:
        with pytest.raises(UntrustedError):
            ours(MESSAGE, made, allowed)


@needs_ssh_keygen
def test_one_good_line_is_enough_and_all_good_lines_are_told(key):
    name = public(key)
    allowed = (
        f'old valid-before="20200101Z" {name}\n# a comment\n\nb,c {name} comment here\n"a" namespaces="git" {name}\r\n'
    )
    assert ours(MESSAGE, sign(key, MESSAGE), allowed).principals == ("a", "b,c")


@needs_ssh_keygen
def test_every_time_must_lie_in_the_window(key):
    allowed = f'a valid-after="20230101Z",valid-before="20240101Z" {public(key)}'
    made = sign(key, MESSAGE)
    assert ours(MESSAGE, made, allowed, times=(NOW, NOW + 1))
    for times in ((NOW, 1), (NOW, NOW + 10**9), ()):
        with pytest.raises(UntrustedError) as caught:
            ours(MESSAGE, made, allowed, times=times)
        assert caught.value.code == "source.key-not-valid"
    assert ours(MESSAGE, made, f"a {public(key)}", times=())


@needs_ssh_keygen
def test_another_key_and_another_purpose_prove_nothing(tmp_path, key):
    other = make(tmp_path)
    with pytest.raises(UntrustedError, match="no key of the allowed signers") as caught:
        ours(MESSAGE, sign(other, MESSAGE), f"a {public(key)}")
    assert caught.value.code == "source.unknown-key"
    with pytest.raises(UntrustedError, match="'file'"):
        ours(MESSAGE, sign(key, MESSAGE, "file"), f"a {public(key)}")


@needs_ssh_keygen
def test_a_certificate_and_weak_algorithms_are_refused_by_name(tmp_path, key):
    subject = make(tmp_path)
    subprocess.run(["ssh-keygen", "-q", "-s", str(key), "-I", "i", "-n", "a", f"{subject}.pub"], check=True)
    certificate = base64.b64decode((tmp_path / "ed25519-cert.pub").read_text().split()[1])
    inner = packed(b"ssh-ed25519") + packed(bytes(64))
    with pytest.raises(UnsupportedError, match="certificate"):
        ours(MESSAGE, signature(certificate, inner), f"a cert-authority {public(key)}")
    for bits, algorithm in (("2048", b"ssh-rsa"), ("1024", b"rsa-sha2-256")):
        rsa = make(tmp_path, "rsa", bits)
        line = public(rsa)
        made = signature(base64.b64decode(line.split()[1]), packed(algorithm) + packed(bytes(256)))
        with pytest.raises(UntrustedError, match="weak") as caught:
            ours(MESSAGE, made, f"a {line}")
        assert caught.value.code == "source.weak-algorithm"


KEY = packed(b"ssh-ed25519") + packed(b"\1" * 32)
LINE = f"a ssh-ed25519 {base64.b64encode(KEY).decode()}"
GOOD = packed(b"ssh-ed25519") + packed(bytes(64))


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (b"", MalformedError),
        (b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----", MalformedError),
        (signature(KEY, GOOD) + b"x", MalformedError),
        (signature(KEY, GOOD) + signature(KEY, GOOD), MalformedError),
        (signature(KEY, GOOD, version=2), UnsupportedError),
        (signature(KEY, GOOD, hashed=b"sha1"), UnsupportedError),
        (signature(KEY, GOOD, namespace=b"git\0"), MalformedError),
        (signature(KEY, GOOD + b"x"), MalformedError),
        (signature(KEY, packed(b"rsa-sha2-256") + packed(bytes(64))), MalformedError),
        (signature(KEY, GOOD), UntrustedError),
        (signature(KEY[:-1], GOOD), UntrustedError),
        (signature(b"", GOOD), MalformedError),
    ],
)  # fmt: skip
def test_forms_that_are_none(made, error):
    with pytest.raises(error):
        ours(MESSAGE, made, LINE)


def test_keys_of_unknown_kinds_are_named():
    for kind, error in ((b"ssh-dss", UnsupportedError), (b"ssh-ed25519", MalformedError)):
        key = packed(kind) + packed(b"x")
        line = f"a {kind.decode()} {base64.b64encode(key).decode()}"
        with pytest.raises(error):
            ours(MESSAGE, signature(key, packed(kind) + packed(bytes(64))), line)


@needs_ssh_keygen
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_changed_byte_is_accepted(key, signed, data):
    blob = bytearray(base64.b64decode(b"".join(signed.split(b"\n")[1:-2])))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AssayError):
        ours(MESSAGE, armoured(bytes(blob)), f"a {public(key)}")
