"""Texts: JSON, YAML, TOML, XML, stanzas, purls, versions, licences, scores."""

from collections.abc import Callable, Iterable
from itertools import product

from assay.dependencies import licences
from assay.dependencies.licence_expressions import expression_of
from assay.dependencies.versions import scheme, table
from assay.dependencies.versions.scheme import Scheme
from assay.formats import cvss, cvss4, deb822, javameta, purl, strictjson, toml, xmltree, yamlsubset

from .shape import Harness, text_of

_LIMIT = 1 << 20


def check_json(data: bytes) -> None:
    """A value that is read has one canonical form, and that form is read again."""
    value = strictjson.loads(data, where="x", limit=_LIMIT)
    written = strictjson.canonical(value)
    again = strictjson.loads(written, where="y", limit=_LIMIT * 8)
    assert strictjson.canonical(again) == written


def check_yaml(data: bytes) -> None:
    """Nodes of the subset."""
    yamlsubset.loads(data, where="x", limit=_LIMIT)


def check_deb822(data: bytes) -> None:
    """Only the wanted fields, in paragraphs that are stanzas."""
    wanted = frozenset({"package", "version", "depends"})
    for paragraph in deb822.paragraphs(text_of(data), wanted):
        assert paragraph is None or set(paragraph) <= wanted


def check_java_meta(data: bytes) -> None:
    """Manifests, `pom.properties`, licences of a POM, names of jars."""
    javameta.read_manifest(data)
    assert all(map(javameta.coordinate, javameta.read_pom_properties(data).values()))
    javameta.pom_licences(data)
    text = data.decode("utf-8", "replace")
    name, version = javameta.split_stem(text)
    assert text.startswith(name)
    assert text.endswith(version)


def check_purl(data: bytes) -> None:
    """A purl has one canonical spelling."""
    found = purl.parse(text_of(data))
    text = purl.to_string(found)
    assert purl.parse(text) == found
    assert purl.to_string(purl.parse(text)) == text
    assert purl.normalise(found) == purl.normalise(purl.normalise(found))


def version_check(row: Scheme) -> Callable[[bytes], None]:
    """Up to three versions, one a line: an order, and the keys' order is the same."""

    def check(data: bytes) -> None:
        versions = text_of(data).split("\n")[:3]
        keys = [row.key(version) for version in versions]
        order = {pair: row.compare(*pair) for pair in product(versions, repeat=2)}
        for (a, left), (b, right) in product(zip(versions, keys, strict=True), repeat=2):
            said = order[a, b]
            back = order[b, a]
            assert (said is None) == (back is None), "comparable one way only"
            if said is not None and back is not None:
                assert said == -back, "not antisymmetric"
            if left is not None and right is not None:
                assert said == (left > right) - (left < right), "key and comparison disagree"
        for a, b, c in product(versions, repeat=3):
            first, second = order[a, b], order[b, c]
            if first is not None and second is not None and first <= 0 and second <= 0:
                whole = order[a, c]
                assert whole is None or whole <= 0, "not transitive"
                assert not (whole == 0 and (first < 0 or second < 0)), "not transitive"

    return check


_VERSIONS = (
    b"1.2.3-rc.1+b\n1.2.3\n1.10",
    b"1:2.0~beta1-3+deb12u1\n1:2.0-3\n2.0",
    b"1.0.post1\n1.0a1.dev3\n1!1.0+local.7",
    b"1.2.3_alpha4-r5\n1.2.3_p1\n1.2b",
    b"1.0-alpha-2\n1.0-SNAPSHOT\n1.0.Final",
    b"v1.2.x-dev\ndev-main\n1.0.0-beta2",
    b"0:1.0^git1-1.el9\n1.0~rc1-1\n1.0-1",
    b"99999999999999999999999999\n0\n00.0",
)


def check_licence(data: bytes) -> None:
    """An expression in its official spelling is its own official spelling; texts together give a licence."""
    text = text_of(data)
    expression = expression_of(text)
    if expression:
        assert expression_of(expression) == expression
    found = licences.licence(text.split("\n"), "x")
    assert bool(found.expression) != bool(found.reason), "either an expression or a reason"
    if found.expression:
        assert expression_of(found.expression), found.expression


def check_dep5(data: bytes) -> None:
    """A Debian copyright file gives an expression or a reason."""
    found = licences.from_dep5(b"Format: x\n" + data)
    assert found.expression or found.reason


def check_cvss(data: bytes) -> None:
    """A score lies between 0 and 10 and has a word."""
    found = cvss.score(text_of(data), source="x")
    assert 0 <= found.score <= 10
    assert found.severity


def _scores() -> Iterable[bytes]:
    yield b"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
    yield b"CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:L/SC:L/SI:N/SA:H/E:P/S:N/U:Clear"
    yield b"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:U/RL:O/RC:C/MAV:P"
    yield b"CVSS:3.0/AV:A/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:N"
    yield b"AV:N/AC:L/Au:N/C:P/I:P/A:P"


HARNESSES = (
    Harness(name="json", check=check_json, doors=(strictjson.loads,)),
    Harness(name="yaml", check=check_yaml, doors=(yamlsubset.loads,)),
    Harness(name="toml", check=lambda data: toml.loads(data, where="x", limit=_LIMIT), doors=(toml.loads,)),
    Harness(name="xml", check=lambda data: xmltree.parse(data, where="x", limit=_LIMIT), doors=(xmltree.parse,)),
    Harness(name="deb822", check=check_deb822, doors=(deb822.paragraphs,)),
    Harness(
        name="java-metadata", check=check_java_meta,
        doors=(javameta.read_manifest, javameta.read_pom_properties, javameta.pom_licences),
    ),
    Harness(name="purl", check=check_purl, doors=(purl.parse,), bytes_limit=512),
    Harness(name="licence", check=check_licence, doors=(licences.licence, expression_of), bytes_limit=1024),
    Harness(name="dep5", check=check_dep5, doors=(licences.from_dep5,)),
    Harness(
        name="cvss", check=check_cvss, doors=(cvss.score, cvss4.base_score), seeds=_scores, bytes_limit=256,
    ),
    *(
        Harness(
            name=f"version-{row.name}", check=version_check(row), doors=(scheme.guarded,), bytes_limit=256,
            seeds=lambda: _VERSIONS,
        )
        for row in table.SCHEMES.values()
    ),
)  # fmt: skip
"""Rows of the table."""
