"""Version orders against the programs that define them, where they are installed; each made with a fixed seed."""

import json
import random
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.version import InvalidVersion, Version

from assay.dependencies.versions import SCHEMES

MAVEN_JAR = Path("/usr/share/java/maven3-artifact.jar")
LANG_JAR = Path("/usr/share/java/commons-lang3.jar")


def python_version(dice: random.Random) -> str:
    pick = dice.choice
    text = pick(["", "", "", "v", "1!", "0!"])
    text += ".".join(pick(["0", "0", "1", "2", "10", "01"]) for _ in range(dice.randint(1, 4)))
    if dice.random() < 0.5:
        words = ["a", "b", "rc", "alpha", "BETA", "pre", "c", "preview"]
        text += pick(["", ".", "-", "_"]) + pick(words) + pick(["", ".", "-"]) + pick(["", "0", "1"])
    text += pick(["", "", "-1", "-0", pick(["", ".", "-"]) + pick(["post", "rev", "r"]) + pick(["", ".1", "0", "2"])])
    text += pick(["", "", pick(["", ".", "_"]) + "dev" + pick(["", "1", "0", "-2"])])
    return text + pick(["", "", "+" + pick(["a", "1", "a.1", "1.a", "ubuntu-1", "1_0", "a.b.0"])])


@pytest.mark.parametrize("seed", range(4))
def test_pep440_agrees_with_packaging(seed: int) -> None:
    dice, scheme = random.Random(seed), SCHEMES["pep440"]
    for _ in range(2_500):
        left, right = python_version(dice), python_version(dice)
        try:
            one, other = Version(left), Version(right)
        except InvalidVersion:
            assert scheme.compare(left, right) is None, (left, right)
            continue
        assert scheme.compare(left, right) == (one > other) - (one < other), (left, right)


def debian_version(dice: random.Random) -> str:
    pieces = ["1", "2", "0", "10", "01", "a", "b", "Z", "ab", ".", ".", "~", "+", "~rc", "-", "-1", "+deb12u1"]
    return dice.choice(["", "", "1:", "0:"]) + "1" + "".join(dice.choice(pieces) for _ in range(dice.randint(1, 6)))


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
def test_deb_agrees_with_dpkg() -> None:
    dice, scheme = random.Random(1), SCHEMES["deb"]
    compared = 0
    for _ in range(150):
        left, right = debian_version(dice), debian_version(dice)
        if dice.random() < 0.5:
            right = left + dice.choice(["~", "~1", "a", "0", "-0", "+", ".", "-1~bpo12+1"])
        order = scheme.compare(left, right)
        if order is None:
            continue
        compared += 1
        word = {-1: "lt", 0: "eq", 1: "gt"}[order]
        assert subprocess.run(["dpkg", "--compare-versions", left, word, right]).returncode == 0, (left, word, right)
    assert compared > 100


def rpm_version(dice: random.Random) -> str:
    pieces = ["1", "2", "0", "10", "01", "a", "b", "ab", ".", ".", "_", "~", "^", "+", "~rc", "^git1"]
    text = dice.choice(["", "", "1:", "0:", "01:"]) + "".join(dice.choice(pieces) for _ in range(dice.randint(1, 6)))
    if dice.random() < 0.5:
        text += "-" + "".join(dice.choice(["1", "2", "0", ".", "el7", "~", "^"]) for _ in range(dice.randint(0, 4)))
    return text


@pytest.mark.skipif(shutil.which("rpmlua") is None, reason="rpm's Lua is not installed")
def test_rpm_agrees_with_rpm(tmp_path: Path) -> None:
    dice, scheme = random.Random(2), SCHEMES["rpm"]
    pairs = [(rpm_version(dice), rpm_version(dice)) for _ in range(3_000)]
    table = ",".join(f'{{"{left}","{right}"}}' for left, right in pairs)
    script = tmp_path / "compare.lua"
    script.write_text(f"for _, p in ipairs({{{table}}}) do print(rpm.vercmp(p[1], p[2])) end")
    answer = subprocess.run(
        ["rpmlua", str(script)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20
    )
    theirs = [int(line) for line in answer.stdout.split()]
    assert len(theirs) == len(pairs), answer.stderr
    assert [(p, scheme.compare(*p)) for p in pairs] == list(zip(pairs, theirs, strict=True))


def maven_version(dice: random.Random) -> str:
    words = ["alpha", "beta", "milestone", "rc", "cr", "SNAPSHOT", "ga", "Final", "RELEASE", "sp", "foo", "a", "b", "m"]
    if dice.random() < 0.5:
        numbers = ".".join(dice.choice("0012") for _ in range(dice.randint(1, 4)))
        word, number = dice.choice(words), dice.choice("012")
        return numbers + dice.choice(["", f"-{word}", f"-{word}-{number}", f"-{word}{number}", f"-{number}"])
    parts = [dice.choice(["0", "1", "2", "10", ".", ".", "-", dice.choice(words)]) for _ in range(dice.randint(1, 8))]
    return "".join(parts)


@pytest.mark.skipif(
    shutil.which("java") is None or not (MAVEN_JAR.exists() and LANG_JAR.exists()), reason="Maven 3 is not installed"
)
def test_maven_agrees_with_comparable_version() -> None:
    """Its own main program prints how each version relates to the next."""
    dice, scheme = random.Random(3), SCHEMES["maven"]
    versions = ["1"] + [maven_version(dice) for _ in range(1_500)]
    name = "org.apache.maven.artifact.versioning.ComparableVersion"
    command = ["java", "-Xshare:auto", "-cp", f"{MAVEN_JAR}:{LANG_JAR}", name, *versions]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.splitlines()
    signs = [line.split()[1] for line in lines if line.startswith("   ") and line.split()[1] in ("<", "==", ">")]
    assert len(signs) == len(versions) - 1
    keyed = 0
    for (left, right), sign in zip(pairwise(versions), signs, strict=True):
        order = {"<": -1, "==": 0, ">": 1}[sign]
        assert scheme.compare(left, right) == order, (left, sign, right)
        one, other = scheme.key(left), scheme.key(right)
        if one is not None and other is not None:
            keyed += 1
            assert (one > other) - (one < other) == order, (left, sign, right)
    assert keyed > 100


SEMVER_JS = """
const semver = require(process.argv[1]);
const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(pairs.map(p => semver.compare(p[0], p[1]))));
"""
SEMVER_MODULE = next(
    (p for p in map(Path, ("/usr/share/nodejs/semver", "/usr/lib/node_modules/npm/node_modules/semver")) if p.exists()),
    None,
)


def semantic_version(dice: random.Random) -> str:
    pieces = ["a", "b", "1", "2", "10", "-", "a-1", "A", "rc1", "0"]
    text = dice.choice(["", "v"]) + ".".join(dice.choice(["0", "1", "2", "10"]) for _ in range(3))
    if dice.random() < 0.6:
        text += "-" + ".".join(dice.choice(pieces) for _ in range(dice.randint(1, 3)))
    return text + dice.choice(["", "+b"])


@pytest.mark.skipif(
    shutil.which("node") is None or SEMVER_MODULE is None, reason="node's semver package is not installed"
)
def test_semver_agrees_with_node() -> None:
    dice, scheme = random.Random(4), SCHEMES["semver"]
    pairs = [(semantic_version(dice), semantic_version(dice)) for _ in range(5_000)]
    command = ["node", "-e", SEMVER_JS, str(SEMVER_MODULE)]
    answer = subprocess.run(command, input=json.dumps(pairs), capture_output=True, text=True, timeout=30)
    assert [scheme.compare(*pair) for pair in pairs] == json.loads(answer.stdout), answer.stderr
