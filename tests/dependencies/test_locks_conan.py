"""Conan: what `conanfile.txt` asks for laid beside `conan.lock`; a `conanfile.py` leaves it open."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.locks.constraints import satisfies
from writtentrees import tree

REVISION = "f52e03ae3d251dec704634230cd806a2"


def judged(files: dict[str, str]):
    return tree(files).locks


def lock(*requires: str, tools: tuple[str, ...] = ()) -> str:
    return json.dumps({"version": "0.5", "requires": requires, "build_requires": tools, "python_requires": []})


ASKED = "[requires]\nzlib/1.3.1\nopenssl/[>=3.0 <4]\n[tool_requires]\ncmake/3.30.1\n"


def test_in_step_and_bound_by_revisions():
    held = lock(f"zlib/1.3.1#{REVISION}%1.5", f"openssl/3.3.2#{REVISION}", tools=(f"cmake/3.30.1#{REVISION}",))
    (state,) = judged({"c/conanfile.txt": ASKED, "c/conan.lock": held})
    assert (state.ecosystem, state.manifest, state.lock) == ("conan", "c/conanfile.txt", "c/conan.lock")
    assert (state.hashed, state.with_manifest, state.entries_count) == ("all", "yes", 3)
    assert not state.disagreements
    assert not state.reasons


def test_each_disagreement_is_named():
    (state,) = judged({"conanfile.txt": ASKED, "conan.lock": lock("zlib/1.3.1", f"openssl/1.1.1#{REVISION}")})
    assert (state.hashed, state.unhashed_count, state.with_manifest) == ("some", 1, "no")
    assert {(one.kind, one.package) for one in state.disagreements} == {
        ("unhashed", "zlib 1.3.1"), ("constraint", "openssl"), ("not-locked", "cmake"),
    }  # fmt: skip


def test_missing_damaged_and_computed():
    (missing,) = judged({"conanfile.txt": ASKED})
    assert (missing.present, [one.kind for one in missing.disagreements]) == ("no", ["missing-lock"])
    (damaged,) = judged({"conanfile.txt": ASKED, "conan.lock": "[]"})
    assert (damaged.present, damaged.hashed, damaged.with_manifest) == ("yes", "unknown", "unknown")
    (computed,) = judged({"conanfile.py": "class C: pass", "conan.lock": lock(f"zlib/1#{REVISION}")})
    assert computed.with_manifest == "unknown"
    assert any("conanfile.py" in reason for reason in computed.reasons)
    (off,) = judged({"conan.lock": lock("zlib/1.3.1#0")})
    assert off.hashed == "none"


@pytest.mark.parametrize(
    ("wanted", "version", "answer"),
    [
        ("1.0", "1.0", True), ("1.0", "1.0.0", False), ("[>=1.0 <2]", "1.9.9", True), ("[>=1.0 <2]", "2.0", False),
        ("[> 1 <2.0 || ^3.2]", "3.9", True), ("[~1.2]", "1.2.9", True), ("[~1.2]", "1.3", False),
        ("[~1]", "1.9", True), ("[^0.1.2]", "0.2", False), ("[^0.1.2]", "0.1.9", True), ("[*]", "7", True),
        ("[>1]", "1.0", False), ("[>=1, include_prerelease]", "1.1", True), ("[>=1-]", "1.0", True),
        ("[>=1]", "1.1.1w", True), ("[<1.1.1m]", "1.1.1w", False), ("[>=1]", "2-rc", None),
        ("[>1,<2]", "2.1", None), ("[>=1, loose=False,include_prerelease=True]", "1.1", True), ("[>1, x=1]", "2", None),
        ("[>=1 ?]", "1.1", None), ("[<1 ?]", "1.1", False), ("[~1.b]", "1.c", None), ("[>=cci.1]", "2", False),
    ],
)  # fmt: skip
def test_ranges(wanted: str, version: str, answer: bool | None) -> None:
    assert satisfies("conan", wanted, version) is answer


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_an_answer(wanted: str, version: str) -> None:
    assert satisfies("conan", f"[{wanted}]", version) in (True, False, None)


def test_hostile_manifests_end_fast() -> None:
    started = time.process_time()
    judged({"conanfile.txt": "[requires]\n" + "a/[" * 50_000, "conan.lock": lock(*["a/" + "[" * 500] * 500)})
    assert time.process_time() - started < 2


def test_what_the_lock_answers_is_one_package():
    held = lock(f"zlib/1.3.1#{REVISION}", f"openssl/3.3.2#{REVISION}")
    asked = "[requires]\nzlib/1.3.1\nopenssl/[>=3.0 <4]\nfmt/11.0\n"
    found = tree({"conanfile.txt": asked, "conan.lock": held}).components
    assert sorted((one.name, one.version) for one in found) == [
        ("fmt", "11.0"), ("openssl", "3.3.2"), ("zlib", "1.3.1"),
    ]  # fmt: skip
    assert all(("conan:direct", "true") in one.properties for one in found)
