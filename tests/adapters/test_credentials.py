"""Credentials: the right one for one authority, none for any other, and never shown."""

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from assay.adapters.credentials import Credential, Credentials
from assay.model.errors import AssayError, MalformedError, UnavailableError, UsageError
from assay.model.limits import Limits

SECRET = "s3cr3t-value"
AUTH = base64.b64encode(f"alice:{SECRET}".encode()).decode()


def write(folder: Path, document: object, name: str = "config.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return folder / name


def docker(folder: Path, document: object) -> Credentials:
    write(folder, document)
    return Credentials({"DOCKER_CONFIG": str(folder), "PATH": os.environ["PATH"]})


def helper(folder: Path, name: str, script: str) -> dict[str, str]:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "DOCKER_CONFIG": str(folder)}


def shown(credential: Credential | None) -> tuple[str, str] | None:
    return (credential.username, credential.password) if credential else None


@pytest.mark.parametrize(
    "key",
    [
        "registry.example:5000",
        "https://registry.example:5000",
        "https://registry.example:5000/v1/",
        "http://registry.example:5000/v2/",
    ],
)
def test_all_spellings_of_an_authority(tmp_path: Path, key: str) -> None:
    found = docker(tmp_path, {"auths": {key: {"auth": AUTH}}}).find("registry.example:5000", "team/app")
    assert shown(found) == ("alice", SECRET)


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_docker_hub(tmp_path: Path, key: str) -> None:
    assert shown(docker(tmp_path, {"auths": {key: {"auth": AUTH}}}).find("docker.io")) == ("alice", SECRET)


@pytest.mark.parametrize(
    "authority",
    [
        "registry.example",
        "registry.example:5001",
        "evil.registry.example:5000",
        "registry.example:50000",
        "example:5000",
        "docker.io",
    ],
)
def test_another_authority_gets_nothing(tmp_path: Path, authority: str) -> None:
    found = docker(tmp_path, {"auths": {"registry.example:5000": {"auth": AUTH}}})
    assert found.find(authority, "registry.example") is None


def test_the_narrowest_path_wins(tmp_path: Path) -> None:
    auths = {"registry.example": {"auth": AUTH}, "registry.example/team": {"username": "bob", "password": "x"}}
    found = docker(tmp_path, {"auths": auths})
    assert shown(found.find("registry.example", "team/app")) == ("bob", "x")
    assert shown(found.find("registry.example", "teams/app")) == ("alice", SECRET)


def test_a_password_with_colons(tmp_path: Path) -> None:
    auth = base64.b64encode(b"alice:a:b:c").decode()
    assert shown(docker(tmp_path, {"auths": {"r.example": {"auth": auth}}}).find("r.example")) == ("alice", "a:b:c")


def test_tokens(tmp_path: Path) -> None:
    auths = {"a.example": {"auth": AUTH, "identitytoken": "id"}, "b.example": {"registrytoken": "reg"}}
    found = docker(tmp_path, {"auths": auths})
    first, second = found.find("a.example"), found.find("b.example")
    assert first is not None
    assert second is not None
    assert (first.identity_token, second.registry_token) == ("id", "reg")


def test_the_order_of_files(tmp_path: Path) -> None:
    named = write(tmp_path / "named", {"auths": {"r.example": {"username": "named", "password": "1"}}}, "auth.json")
    write(
        tmp_path / "docker",
        {"auths": {"r.example": {"username": "docker", "password": "2"}, "s.example": {"auth": AUTH}}},
    )
    write(tmp_path / "home" / ".docker", {"auths": {"r.example": {"username": "home", "password": "3"}}})
    env = {"HOME": str(tmp_path / "home")}
    assert shown(Credentials(env).find("r.example")) == ("home", "3")
    env["DOCKER_CONFIG"] = str(tmp_path / "docker")
    assert shown(Credentials(env).find("r.example")) == ("docker", "2")
    env["REGISTRY_AUTH_FILE"] = str(named)
    assert shown(Credentials(env).find("r.example")) == ("named", "1")
    assert shown(Credentials(env).find("s.example")) == ("alice", SECRET)


def test_no_file_no_credential() -> None:
    assert Credentials({}).find("r.example") is None
    assert Credentials({"HOME": "/nonexistent", "DOCKER_CONFIG": "/nonexistent"}).find("r.example") is None


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="REGISTRY_AUTH_FILE"):
        Credentials({"REGISTRY_AUTH_FILE": str(tmp_path / "none")}).find("r.example")


def test_a_helper_for_one_authority(tmp_path: Path) -> None:
    env = helper(tmp_path, "test", """read s; printf '{"ServerURL":"%s","Username":"u-%s","Secret":"p"}' "$s" "$s" """)
    write(tmp_path, {"credHelpers": {"r.example": "test"}})
    assert shown(Credentials(env).find("r.example")) == ("u-r.example", "p")
    assert Credentials(env).find("s.example") is None


def test_a_store_for_all(tmp_path: Path) -> None:
    env = helper(tmp_path, "test", """read s; printf '{"Username":"u-%s","Secret":"p"}' "$s" """)
    write(tmp_path, {"credsStore": "test", "auths": {"r.example": {}}})
    assert shown(Credentials(env).find("r.example")) == ("u-r.example", "p")
    assert shown(Credentials(env).find("docker.io")) == ("u-https://index.docker.io/v1/", "p")


def test_a_store_that_knows_nothing_leaves_the_file(tmp_path: Path) -> None:
    env = helper(tmp_path, "test", "echo 'credentials not found in native keychain'; exit 1")
    write(tmp_path, {"credsStore": "test", "auths": {"r.example": {"auth": AUTH}}})
    assert shown(Credentials(env).find("r.example")) == ("alice", SECRET)


def test_an_identity_token_of_a_helper(tmp_path: Path) -> None:
    env = helper(tmp_path, "test", """printf '{"Username":"<token>","Secret":"id"}'""")
    write(tmp_path, {"credsStore": "test"})
    found = Credentials(env).find("r.example")
    assert found is not None
    assert found.identity_token == "id"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 3", UnavailableError),
        (f"echo {SECRET}", UnavailableError),
        (f'echo \'{{"Username":"{SECRET}"}}\'', UnavailableError),
        ("exec sleep 30", UnavailableError),
    ],
    ids=["fails", "no-json", "no-secret", "hangs"],
)
def test_a_helper_that_fails_is_an_error_without_its_words(tmp_path: Path, script: str, kind: type[AssayError]) -> None:
    env = helper(tmp_path, "test", script)
    write(tmp_path, {"credsStore": "test"})
    with pytest.raises(kind) as caught:
        Credentials(env, Limits(credential_helper_seconds=0.5)).find("r.example")
    assert SECRET not in f"{caught.value.line()} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_helper_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="docker-credential-nowhere"):
        docker(tmp_path, {"credsStore": "nowhere"}).find("r.example")


@pytest.mark.parametrize("name", ["../x", "a/b", "", "a b", "-x", 5, ["x"]])
def test_a_helper_name_is_a_name(tmp_path: Path, name: object) -> None:
    found = docker(tmp_path, {"credHelpers": {"r.example": name}})
    with pytest.raises(MalformedError, match="helper"):
        found.find("r.example")


@pytest.mark.parametrize(
    "document",
    [
        f'{{"auths": {{"r.example": {{"auth": "{SECRET}"}}}}}}',
        f'{{"auths": {{"r.example": {{"username": ["{SECRET}"]}}}}}}',
        f'{{"auths": "{SECRET}"}}',
        f'{{"credHelpers": "{SECRET}"}}',
        f'["{SECRET}"]',
        f'{{"{SECRET}": 1, "{SECRET}": 2}}',
        f"{{{SECRET}",
        "",
    ],
)
def test_a_broken_file_is_an_error_without_its_words(tmp_path: Path, document: str) -> None:
    with pytest.raises(MalformedError) as caught:
        docker(tmp_path, document).find("r.example")
    assert SECRET not in f"{caught.value.line()} {caught.value.__cause__!r}"
    assert "config.json" in caught.value.line()


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedError):
        docker(tmp_path, '{"auths":{}}' + " " * (2 << 20)).find("r.example")


def test_printing_a_credential_shows_nothing() -> None:
    credential = Credential("alice", SECRET, SECRET, SECRET)
    assert SECRET not in f"{credential} {credential!r} {[credential]}"
