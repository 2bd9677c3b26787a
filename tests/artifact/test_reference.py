"""Targets and references: one spelling each, tricks refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.artifact.reference import Target, parse_reference, parse_target
from assay.model.digest import Digest
from assay.model.errors import UsageError

HEX = "a" * 64
DIGEST = Digest("sha256", HEX)


def none(path: str) -> bool:
    return False


def present(*paths: str):
    """`exists` of a machine with these files and folders (a folder ends in `/`)."""
    folders = {path.rstrip("/") for path in paths if path.endswith("/")}
    files = {path for path in paths if not path.endswith("/")}

    def exists(path: str) -> bool:
        if path.endswith("/."):
            return path[:-2] in folders
        return path in folders or path in files

    return exists


@pytest.mark.parametrize(
    ("text", "authority", "repository", "tag", "digest"),
    [
        ("debian", "docker.io", "library/debian", "latest", None),
        ("debian:12", "docker.io", "library/debian", "12", None),
        ("team/app", "docker.io", "team/app", "latest", None),
        ("docker.io/debian", "docker.io", "library/debian", "latest", None),
        ("index.docker.io/debian:1", "docker.io", "library/debian", "1", None),
        ("docker.io/library/debian", "docker.io", "library/debian", "latest", None),
        ("localhost/app", "localhost", "app", "latest", None),
        ("localhost:5000/a/b:c", "localhost:5000", "a/b", "c", None),
        ("registry.example/app", "registry.example", "app", "latest", None),
        ("registry.example:443/a/b/c__d-e.f:V1.0_x-y", "registry.example:443", "a/b/c__d-e.f", "V1.0_x-y", None),
        ("[::1]:5000/app", "[::1]:5000", "app", "latest", None),
        (f"debian@sha256:{HEX}", "docker.io", "library/debian", "", DIGEST),
        (f"debian:12@sha256:{HEX}", "docker.io", "library/debian", "12", DIGEST),
        ("registry:debian", "docker.io", "library/debian", "latest", None),
        ("registry:localhost:5000/x", "localhost:5000", "x", "latest", None),
        ("registry:registry:2", "docker.io", "library/registry", "2", None),
    ],
)
def test_references(text: str, authority: str, repository: str, tag: str, digest: Digest | None) -> None:
    target = parse_target(text, none)
    assert (target.scheme, target.authority, target.repository) == ("registry", authority, repository)
    assert (target.tag, target.digest) == (tag, digest)
    assert target.location == f"{authority}/{repository}"


def test_the_digest_wins_over_the_tag() -> None:
    assert parse_reference(f"debian:12@sha256:{HEX}").selector == str(DIGEST)
    assert parse_reference("debian:12").selector == "12"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("Debian", "upper case"),
        ("team/App", "upper case"),
        ("Registry.example/app", "upper case"),
        ("LOCALHOST/app", "upper case"),
        ("debian:", "not a tag"),
        ("debian:a b", "not a tag"),
        ("debian:" + "x" * 129, "not a tag"),
        ("debian:-x", "not a tag"),
        ("debian@sha256:abc", "not a digest"),
        (f"debian@sha256:{HEX.upper()}", "not a digest"),
        (f"debian@md5:{'a' * 32}", "not a digest"),
        (f"debian@sha256:{HEX}@sha256:{HEX}", "not a digest"),
        (f"sha256:{HEX}", "a digest alone"),
        (HEX, "id of a local image"),
        ("a//b", "neither"),
        ("/a", "no such file"),
        ("a/", "neither"),
        ("a/../b", "neither"),
        ("a/./b", "neither"),
        ("../a", "no such file"),
        (".", "is not the name|no such file"),
        ("a_-b", "neither"),
        ("user:password@registry.example/app", "not a digest"),
        ("user@registry.example/app", "not a digest"),
        ("registry.example:0/app", "not the name of a registry"),
        ("registry.example:65536/app", "not the name of a registry"),
        ("registry.example:0443/app", "not the name of a registry"),
        ("registry.example:x/app", "not the name of a registry"),
        ("registry.example./app", "not the name of a registry"),
        ("-registry.example/app", "not the name of a registry"),
        ("registry..example/app", "not the name of a registry"),
        ("registry.example%2fevil/app", "not the name of a registry"),
        ("registry.example\\@evil.example/app", "not a digest"),
        ("registry.example/app?x=y", "neither"),
        ("registry.example/app#x", "neither"),
        ("registry.example/%61pp", "neither"),
        ("régistry.example/app", "not the name of a registry"),
        ("ⅼocalhost:5000/app", "not the name of a registry"),
        ("app\n", "control"),
        ("app\x00", "control"),
        ("a" * 300, "longer than 255"),
        ("a" * 9000, "longer than"),
        ("https://registry.example/app", "not a scheme"),
        ("docker://debian", "not a scheme"),
        ("containers-storage:debian", "not a scheme"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_target(text, none)
    assert caught.value.remedy
    assert caught.value.line().isprintable()


@pytest.mark.parametrize(
    ("text", "there", "target"),
    [
        ("-", (), Target(scheme="sbom", location="-")),
        ("sbom:-", (), Target(scheme="sbom", location="-")),
        ("sbom:a.json", ("a.json",), Target(scheme="sbom", location="a.json")),
        ("dir:src", ("src/",), Target(scheme="dir", location="src")),
        ("rootfs:/mnt", ("/mnt/",), Target(scheme="rootfs", location="/mnt")),
        ("oci-dir:img", ("img/",), Target(scheme="oci-dir", location="img")),
        ("oci-dir:img:1.0", ("img/",), Target(scheme="oci-dir", location="img", tag="1.0")),
        (f"oci-dir:img@{DIGEST}", ("img/",), Target(scheme="oci-dir", location="img", digest=DIGEST)),
        (f"oci-dir:img:1@{DIGEST}", ("img/",), Target(scheme="oci-dir", location="img", tag="1", digest=DIGEST)),
        ("oci-dir:a:b:c", ("a:b/",), Target(scheme="oci-dir", location="a:b", tag="c")),
        ("oci-dir:a:b", ("a:b/", "a/"), Target(scheme="oci-dir", location="a:b")),
        ("oci-archive:x.tar:t", ("x.tar",), Target(scheme="oci-archive", location="x.tar", tag="t")),
        (
            "docker-archive:x.tar:debian:12",
            ("x.tar",),
            Target(scheme="docker-archive", location="x.tar", tag="debian:12"),
        ),
        ("img", ("img/", "img/oci-layout"), Target(scheme="oci-dir", location="img")),
        ("./img:latest", ("./img/", "./img/oci-layout"), Target(scheme="oci-dir", location="./img", tag="latest")),
        ("src", ("src/",), Target(scheme="dir", location="src")),
        ("x.tar", ("x.tar",), Target(scheme="file", location="x.tar")),
        ("debian:12", ("debian:12",), Target(scheme="file", location="debian:12")),
        (".", ("./",), Target(scheme="dir", location=".")),
    ],
)
def test_local_forms(text: str, there: tuple[str, ...], target: Target) -> None:
    assert parse_target(text, present(*there)) == target


@pytest.mark.parametrize(
    "text", ["dir:", "oci-dir:", "sbom:", "dir:x", "rootfs:x", "sbom:x", "oci-dir:x:1", "/x/y", "./x:1"]
)
def test_a_path_that_is_not_there(text: str) -> None:
    with pytest.raises(UsageError):
        parse_target(text, none)


def test_an_empty_tag_of_a_layout() -> None:
    with pytest.raises(UsageError, match="empty tag"):
        parse_target("oci-dir:img:", present("img/"))


def test_the_tag_of_a_name_whose_first_part_exists_is_still_a_reference() -> None:
    assert parse_target("debian:12", present("debian/")).scheme == "registry"


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_a_usage_error(text: str) -> None:
    try:
        target = parse_target(text, none)
    except UsageError:
        return
    assert target.scheme in ("registry", "sbom")


_part = st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True).filter(lambda s: len(s) < 60)
_host = st.sampled_from(["docker.io", "localhost", "localhost:5000", "registry.example", "registry.example:8443"])
_tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(_host, st.lists(_part, min_size=1, max_size=3), _tag, st.booleans())
def test_what_is_written_reads_back_the_same(host: str, parts: list[str], tag: str, pinned: bool) -> None:
    text = f"{host}/{'/'.join(parts)}:{tag}" + (f"@{DIGEST}" if pinned else "")
    target = parse_reference(text)
    assert parse_reference(str(target)) == target
