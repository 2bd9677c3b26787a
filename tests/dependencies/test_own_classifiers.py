"""Classifiers of the user's own: joined with the usual ones, refused with the line, part of the cache key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies import classifiers
from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers import TABLE, with_classifiers
from assay.dependencies.chooser import Chooser, run, table_version
from assay.dependencies.classifiers import builtin, joined, read_rules
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from command import assay

RULE = """# ours
[[classifier]]
name = "{name}"
files = ["{file}"]
literal = "{name} v"
pattern = '{name} v(?P<version>[0-9.]{{1,20}})'
purl = "pkg:generic/{name}@{{version}}"
"""
MINE = RULE.format(name="frobnicator", file="frob").encode()
TEXT = (RULE.format(name="acme", file="ACME-VERSION") + "text = true\n").encode()
ELF = (
    b"\x7fELF\x02\x01\x01"
    + bytes(9)
    + b"\x02\0\x3e\0\x01\0\0\0"
    + bytes(8)
    + b"\x40"
    + bytes(27)
    + b"\x38\0"
    + bytes(8)
)
PROGRAM = ELF + b"frobnicator v2.7\0"


def read(table: tuple, name: str, path: str, data: bytes) -> Fragment:
    row = next(row for row in table if row.name == name)
    return run(row, File(path, (data,), len(data), DEFAULT_LIMITS))


def test_a_users_rule_names_a_program_nobody_knew() -> None:
    assert read(TABLE, "binaries", "opt/frob", PROGRAM).packages == ()
    [package] = read(with_classifiers(MINE, "m"), "binaries", "opt/frob", PROGRAM).packages
    assert (package.name, package.version, package.kind) == ("frobnicator", "2.7", "classifier")


def test_the_usual_rules_still_hold_and_ones_own_of_a_name_replace_them() -> None:
    both = joined(read_rules(MINE, "m"))
    assert len(both.rules) == len(builtin().rules) + 1
    replaced = joined(read_rules(RULE.format(name="bash", file="bash").encode(), "m"))
    assert len(replaced.rules) == len(builtin().rules)
    assert [rule.literal for rule in replaced.rules if rule.name == "bash"] == ["bash v"]


def test_a_text_file_of_ones_own_is_read() -> None:
    table = with_classifiers(TEXT, "m")
    [row] = Chooser(table).choose("srv/ACME-VERSION", b"", 9, 0o644) or ()
    [package] = run(row, File("srv/ACME-VERSION", (b"acme v1.2\n",), 10, DEFAULT_LIMITS)).packages
    assert (package.name, package.version) == ("acme", "1.2")
    assert Chooser(TABLE).choose("srv/ACME-VERSION", b"", 9, 0o644) is None


def test_the_cache_key_changes_with_every_byte_of_the_file() -> None:
    versions = {table_version(t) for t in (TABLE, with_classifiers(MINE, "m"), with_classifiers(MINE + b"#", "m"))}
    assert len(versions) == 3
    assert table_version(with_classifiers(MINE, "m")) == table_version(with_classifiers(MINE, "another name"))


def test_a_java_runtime_says_who_built_it() -> None:
    text = b'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\n'
    [package] = read(TABLE, "runtimes", "opt/java/release", text).packages
    assert dict(package.properties)["java:implementor"] == "Eclipse Adoptium"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (MINE + b"colour = 'blue'\n", "mine.toml line 2", "colour"),
        (MINE + MINE.replace(b"(?P<version>", b"("), "mine.toml line 9", "no group `version`"),
        (MINE + MINE.replace(b"pkg:generic", b"generic"), "mine.toml line 9", "purl"),
        (MINE.replace(b'"frob"', b'"bin/frob"'), "mine.toml line 2", "base names"),
        (MINE.replace(b'["frob"]', b"[]"), "mine.toml line 2", "base names"),
        (TEXT.replace(b"ACME-VERSION", b"ACME-*"), "mine.toml line 2", "named in full"),
        (MINE.replace(b"frobnicator v", b"frob", 1), "mine.toml", ""),
        (b"[classifier]\nname='x'\n", "mine.toml", "each rule is a [[classifier]]"),
        (b"[[klassifier]]\nname='x'\n", "mine.toml", "klassifier"),
        (b"classifier = [1]\n", "mine.toml rule 1", "object"),
        (b"a = [\n", "mine.toml", "not TOML"),
        (b"\xff", "mine.toml", "not UTF-8"),
        (b"#" * (DEFAULT_LIMITS.classifiers_bytes + 1), "mine.toml", "limit"),
        (b"[[classifier]]\n" * (DEFAULT_LIMITS.classifiers_count + 1), "mine.toml", "classifiers_count"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: bytes, place: str, why: str) -> None:
    if not why:  # a shorter literal is fine as long as it has four letters
        assert read_rules(text, "mine.toml")
        return
    with pytest.raises(MalformedError) as caught:
        read_rules(text, "mine.toml")
    assert caught.value.where == place
    assert why in caught.value.why


@given(st.binary(max_size=200) | st.text(alphabet="[]{}='\"\n classifier#", max_size=200).map(str.encode))
def test_any_bytes_are_rules_or_refused(data: bytes) -> None:
    try:
        read_rules(data, "x")
    except MalformedError:
        return


def test_on_the_command_line_and_by_the_environment(tmp_path: Path) -> None:
    rules, root = tmp_path / "mine.toml", tmp_path / "root"
    rules.write_bytes(MINE)
    root.mkdir()
    (root / "frob").write_bytes(PROGRAM)
    (root / "frob").chmod(0o755)
    flag = assay("sbom", f"rootfs:{root}", "--classifiers", str(rules), home=tmp_path)
    setting = assay("sbom", f"rootfs:{root}", home=tmp_path, env={"ASSAY_CLASSIFIERS": str(rules)})
    assert flag.code == 0
    assert b"pkg:generic/frobnicator@2.7" in flag.out
    assert setting.out == flag.out
    rules.write_bytes(MINE + b"colour = 1\n")
    refused = assay("sbom", f"rootfs:{root}", "--classifiers", str(rules), home=tmp_path)
    assert refused.code == 65
    assert "mine.toml line 2" in refused.err


def test_the_classifiers_that_come_with_assay_hold_what_is_asked_of_a_users() -> None:
    source = Path(classifiers.__file__).with_name("classifiers.toml")
    assert builtin().rules == read_rules(source.read_bytes(), source.name)
