"""`assay sign-bundle`, and keyless `assay sign` and `assay attest`, typed as a person would, against loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.formats import signingconfig
from assay.model.digest import Digest
from assay.trust.expect import Expected, Identity
from assay.trust.verify import verify, verify_artifact
from command import Done, assay
from fakes.layouts import demo_layers, layout
from fakes.sigstore import IDENTITY, ISSUER, Sigstore, sigstore, token
from signing import NOW, TARGET

WHO = Expected(identities=(Identity(identity=IDENTITY, issuer=ISSUER),))
DATA = b"an artifact\n"


@pytest.fixture
def place() -> Iterator[Sigstore]:
    with sigstore() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "artifact"
    path.write_bytes(DATA)
    return path


def sign(place: Sigstore, folder: Path, *words: str, jwt: str = "", version: int = 2) -> Done:
    options = ["--identity-token", jwt or token(), "--bundle", str(folder / "out.json"), *place.write(folder, version)]
    return assay("sign-bundle", *options, *words, home=folder)


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_is_signed_as_its_bytes(place, file, tmp_path, version):
    done = sign(place, tmp_path, str(file), version=version)
    assert (done.code, done.err) == (0, "")
    assert f"signed as {IDENTITY} ({ISSUER})" in done.out.decode()
    made = (tmp_path / "out.json").read_bytes()
    assert verify_artifact(made, Digest.of(DATA), place.trusted_root(), WHO, NOW, name="b")


def test_a_statement_is_signed_as_it_is(place, tmp_path):
    payload = (
        b'{"subject":[{"digest":{"sha256":"'
        + TARGET.hex.encode()
        + b'"}}], "_type":'
        + (b'"https://in-toto.io/Statement/v1","predicateType":"urn:test:1","predicate":{}}\n')
    )
    (tmp_path / "statement").write_bytes(payload)
    assert sign(place, tmp_path, "--in-toto", str(tmp_path / "statement")).code == 0
    made = (tmp_path / "out.json").read_bytes()
    assert verify(made, TARGET, place.trusted_root(), WHO, NOW, name="b").statement.payload == payload
    (tmp_path / "out.json").unlink()
    (tmp_path / "statement").write_bytes(DATA)
    assert sign(place, tmp_path, "--in-toto", str(tmp_path / "statement")).code == 65
    assert not (tmp_path / "out.json").exists()


def test_the_token_may_come_from_a_file_the_input_or_the_machine(place, file, tmp_path):
    jwt = token()
    (tmp_path / "token").write_text(jwt + "\n")
    (tmp_path / "my.id.token").write_text(jwt)
    common = ["--bundle", str(tmp_path / "out.json"), *place.write(tmp_path), str(file)]
    for words, stdin, env in (
        (("--identity-token", str(tmp_path / "token")), b"", {}),
        (("--identity-token", "my.id.token"), b"", {}),
        (("--identity-token", "-"), jwt.encode(), {}),
        ((), b"", {"SIGSTORE_ID_TOKEN": jwt}),
    ):
        done = assay("sign-bundle", *words, *common, home=tmp_path, stdin=stdin, env=env, cwd=tmp_path)
        assert (done.code, done.err) == (0, ""), words
        (tmp_path / "out.json").unlink()


@pytest.mark.parametrize("jwt", ["eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOi.", "no-such-file", "eyJh.eyJp.c2ln"])
def test_a_token_that_is_none_is_not_printed(place, file, tmp_path, jwt):
    done = sign(place, tmp_path, str(file), jwt=jwt)
    assert done.code in {2, 65}
    assert jwt not in done.err
    assert not (tmp_path / "out.json").exists()


def test_nothing_is_written_and_nothing_printed_of_a_refusal(place, file, tmp_path):
    jwt = token()
    (tmp_path / "out.json").write_bytes(b"before")

    def echo(reply) -> None:
        reply.status, reply.body = 400, jwt.encode()

    place.twist = echo
    done = sign(place, tmp_path, str(file), jwt=jwt)
    assert done.code == 3
    assert jwt not in done.err
    assert "status 400" in done.err
    assert (tmp_path / "out.json").read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"artifact", "out.json", "root.json", "config.json"}


def test_nobody_is_asked_where_the_bundle_could_not_be_written(place, file, tmp_path):
    words = [*place.write(tmp_path), "--identity-token", token(), str(file)]
    for out, code in ((tmp_path, 2), (file / "below", 75)):
        assert assay("sign-bundle", "--bundle", str(out), *words, home=tmp_path).code == code
    assert place.asked == []


@pytest.mark.parametrize("change", ["rootHash", "treeSize"])
def test_what_the_log_says_is_verified_before_it_is_written(place, file, tmp_path, change):
    def twist(reply) -> None:
        if reply.path.endswith("/log/entries"):
            value = json.loads(reply.body)
            value["inclusionProof"][change] = {"rootHash": "A" * 43 + "=", "treeSize": "9"}[change]
            reply.body = json.dumps(value).encode()

    place.twist = twist
    done = sign(place, tmp_path, str(file))
    assert done.code == 3
    assert not (tmp_path / "out.json").exists()


def test_a_trusted_root_of_somebody_else_lets_nothing_out(place, file, tmp_path):
    with sigstore() as other:
        other.write(tmp_path)
    words = ["--trusted-root", str(tmp_path / "root.json"), "--signing-config", str(tmp_path / "here.json")]
    (tmp_path / "here.json").write_bytes(signingconfig.write(place.config()))
    common = ["--identity-token", token(), "--bundle", str(tmp_path / "out.json")]
    done = assay("sign-bundle", *common, *words, str(file), home=tmp_path)
    assert done.code == 3
    assert not (tmp_path / "out.json").exists()
    assert [path for path, _, _ in place.asked if "log" in path] == []


def test_the_protocol_takes_its_words_and_no_others(place, file, tmp_path):
    assert assay("sign-bundle", "--bundle", "x", home=tmp_path).code == 2
    assert assay("sign-bundle", str(file), home=tmp_path).code == 2
    assert sign(place, tmp_path, "--nonsense", str(file)).code == 2
    assert sign(place, tmp_path, str(tmp_path / "missing")).code == 2
    assert place.asked == []


def test_an_image_is_signed_and_attested_keylessly(place, tmp_path):
    layout(tmp_path / "image", demo_layers())
    target = f"oci-dir:{tmp_path / 'image'}"
    words = ["--identity-token", token(), *place.write(tmp_path)]
    done = assay("sign", target, *words, home=tmp_path)
    assert (done.code, done.err) == (0, "")
    (row,) = done.out.decode().splitlines()
    assert "attached" in row
    again = assay("sign", target, *words, home=tmp_path)
    assert (again.code, "already" in again.out.decode()) == (0, True)
    attested = assay("attest", target, *words, "--type", "cyclonedx", "--type", "image", "-q", home=tmp_path)
    assert attested.code == 0, attested.err
    assert len(attested.out.decode().splitlines()) == 2


def test_a_key_beside_services_is_dated_and_logged(place, tmp_path):
    layout(tmp_path / "image", demo_layers())
    target = f"oci-dir:{tmp_path / 'image'}"
    assert assay("keys", "generate", "key", "--no-passphrase", home=tmp_path, cwd=tmp_path).code == 0
    done = assay("sign", target, "--key", "key", *place.write(tmp_path), home=tmp_path, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [path for path, _, _ in place.asked] == ["/api/v1/timestamp", "/log/api/v2/log/entries"]
    words = ("--key", "key.pub", "--trusted-root", "root.json", "-o", "json")
    (row,) = json.loads(assay("verify", target, *words, home=tmp_path, cwd=tmp_path).out)["rows"]
    assert (row["outcome"], len(row["times"])) == ("verified", 1)


def test_who_signs_must_be_said_once(place, tmp_path):
    layout(tmp_path / "image", demo_layers())
    target = f"oci-dir:{tmp_path / 'image'}"
    assert assay("sign", target, home=tmp_path).code == 2
    assert assay("sign", target, "--key", "x", "--keyless", home=tmp_path).code == 2
    assert assay("attest", target, home=tmp_path).code == 2
    nobody = assay("sign", target, "--keyless", *place.write(tmp_path), home=tmp_path)
    assert nobody.code == 2
    assert "no identity token" in nobody.err


def test_a_trust_profile_names_the_services(place, file, tmp_path):
    root, config = place.write(tmp_path)[1::2]
    words = ["--name", "here", "--mode", "private", "--trusted-root", root, "--signing-config", config]
    assert assay("trust", "init", str(tmp_path / "trust.json"), *words, home=tmp_path).code == 0
    layout(tmp_path / "image", demo_layers())
    options = ["--identity-token", token(), "--trust", str(tmp_path / "trust.json")]
    done = assay("sign", f"oci-dir:{tmp_path / 'image'}", *options, home=tmp_path)
    assert (done.code, done.err) == (0, "")
