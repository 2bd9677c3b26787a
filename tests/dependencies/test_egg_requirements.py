"""The requirements of an egg stand in `requires.txt`, beside its metadata."""

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Fragment
from assay.model.limits import DEFAULT_LIMITS
from osfiles import saw

INFO = b"Metadata-Version: 1.1\nName: %s\nVersion: 1.0\n"
REQUIRES = (
    b"six>=1.9\n# no\nTyping_Extensions; x\n\n[:python_version < '3']\nfutures\n\n[test]\npytest\n[socks:x]\npysocks\n"
)


def edges(*sightings: object) -> set[tuple[str, str]]:
    found = assemble(sightings, (), installed=True, limits=DEFAULT_LIMITS)  # type: ignore[arg-type]
    assert not any(name == "pypi:requires" for c in found.components for name, _ in c.properties)
    return {
        (r.source.rpartition("/")[2], r.target.rpartition("/")[2]) for r in found.relations if r.kind == "depends_on"
    }


def package(name: bytes, folder: str = "") -> object:
    return saw(f"site/{folder or name.decode()}.egg-info/PKG-INFO", INFO % name)


@pytest.mark.parametrize("order", [1, -1])
def test_requirements_become_edges_without_those_of_extras(order: int) -> None:
    listed = saw("site/app.egg-info/requires.txt", REQUIRES)
    others = [package(name) for name in (b"six", b"typing_extensions", b"futures", b"pytest", b"pysocks")]
    assert edges(*[package(b"app"), listed, *others][::order]) == {
        ("app@1.0", "six@1.0"),
        ("app@1.0", "typing-extensions@1.0"),
        ("app@1.0", "futures@1.0"),
    }


def test_a_list_elsewhere_or_empty_is_nobodys() -> None:
    assert edges(package(b"app"), saw("site/other.egg-info/requires.txt", b"six\n"), package(b"six")) == set()
    for path, data in (("site/app/requires.txt", b"six\n"), ("site/app.egg-info/requires.txt", b"[x]\n\xff\0")):
        assert saw(path, data).fragment == Fragment()
