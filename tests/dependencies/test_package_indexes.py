"""Answers of package indexes: PEP 592 and 691, npm's version documents, the sparse index of crates."""

import json
from contextlib import suppress

import pytest

from assay.dependencies.package_indexes import FORMS, is_asked_for, withdrawn
from assay.model.errors import MalformedError
from assay.model.inventory import Component

LIMIT = 1 << 20


def pypi(*files: tuple[str, object]) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "a-b",
                       "files": [{"filename": name, "yanked": said, "url": "u", "hashes": {}} for name, said in files]}).encode()  # fmt: skip


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("a_b-1.0-py3-none-any.whl", False), ("a-b-1.0.tar.gz", False)], ""),
        ([("a_b-1.0-py3-none-any.whl", "broken"), ("a-b-1.0.tar.gz", True)], "broken"),
        ([("a_b-1.0-py3-none-any.whl", True), ("a-b-1.0.tar.gz", True)], "true"),
        ([("a_b-1.0-py3-none-any.whl", ""), ("a-b-1.0.zip", "")], "true"),
        ([("a_b-1.0-py3-none-any.whl", True), ("a-b-1.0.tar.gz", False)], ""),
        ([("a_b-1.0.0-py3-none-any.whl", True)], "true"),
        ([("a_b-1.0.1-py3-none-any.whl", True), ("a-b-1.0.post1.tar.gz", True)], None),
        ([("a_b-1.0-1-py3-none-any.whl", True)], "true"),
        ([("README", True), ("a-b.tar.gz", True), (".whl", True), ("-.whl", True)], None),
        ([], None),
    ],
)  # fmt: skip
def test_a_version_is_yanked_when_all_its_files_are(files: list[tuple[str, object]], said: str | None) -> None:
    assert withdrawn("pypi", pypi(*files), "a-b", "1.0", limit=LIMIT) == said


def test_a_file_without_the_word_is_not_yanked() -> None:
    data = json.dumps({"files": [{"filename": "a-b-1.0.tar.gz"}]}).encode()
    assert withdrawn("pypi", data, "a-b", "1.0", limit=LIMIT) == ""


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"version": "1.0.0"}, ""), ({"version": "1.0.0", "deprecated": "use b"}, "use b"),
        ({"version": "1.0.0", "deprecated": True}, "true"), ({"version": "1.0.0", "deprecated": False}, ""),
        ({"version": "1.0.0", "deprecated": ""}, ""), ({"version": "2.0.0", "deprecated": "x"}, None),
    ],
)  # fmt: skip
def test_npm(document: dict[str, object], said: str | None) -> None:
    assert withdrawn("npm", json.dumps(document).encode(), "a", "1.0.0", limit=LIMIT) == said


def test_crates() -> None:
    lines = b'{"name":"a","vers":"1.0.0","yanked":true}\n\n{"name":"a","vers":"1.0.1","yanked":false}\n'
    assert [withdrawn("cargo", lines, "a", v, limit=LIMIT) for v in ("1.0.0", "1.0.1", "9.9.9")] == ["true", "", None]


@pytest.mark.parametrize("ecosystem", sorted(FORMS))
@pytest.mark.parametrize(
    "data", [b"<html>", b"[]", b"{}", b"null", b'{"files": 1}', b'{"files": [1]}', b'{"version": []}', b"[" * 5_000, b"\xff", b"1\n2"]
)  # fmt: skip
def test_what_is_no_answer_is_malformed_or_nothing_but_never_a_no(ecosystem: str, data: bytes) -> None:
    said: object = "refused"
    with suppress(MalformedError):
        said = withdrawn(ecosystem, data, "a", "1.0", limit=LIMIT)
    assert said in ("refused", None)


@pytest.mark.parametrize(
    ("ecosystem", "name", "path"),
    [
        ("pypi", "Zope.Interface", "zope-interface/"), ("pypi", "../../x", "x/"), ("pypi", "a/../b", "a%2F-%2Fb/"),
        ("npm", "@scope/name", "@scope%2Fname/1.0"), ("npm", "../x", "..%2Fx/1.0"),
        ("cargo", "a", "1/a"), ("cargo", "ab", "2/ab"), ("cargo", "abc", "3/a/abc"), ("cargo", "Serde_json", "se/rd/serde_json"),
    ],
)  # fmt: skip
def test_paths_stay_below_the_index(ecosystem: str, name: str, path: str) -> None:
    made = FORMS[ecosystem].path(name, "1.0")
    assert made == path or (".." in name and "/.." not in f"/{made}".replace("..%2F", ""))


def component(ecosystem: str, **more: object) -> Component:
    made: dict[str, object] = {"key": "k", "purl": "p", "ecosystem": ecosystem, "name": "n", "version": "1"}
    return Component(**(made | more))  # type: ignore[arg-type]


def test_who_is_asked_for() -> None:
    assert is_asked_for(component("pypi"))
    assert not is_asked_for(component("deb"))
    assert not is_asked_for(component("pypi", version=""))
    assert not is_asked_for(component("pypi", owner="deb"))
    assert not is_asked_for(component("pypi", properties=(("pypi:direct-url", "https://x.example/a.whl"),)))
