"""Records of conda environments, and the Python distributions they own."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Fragment, Package, Sighting
from assay.dependencies.catalogers import TABLE, conda
from assay.dependencies.chooser import Chooser
from assay.dependencies.paths import path_hash
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

META = "opt/conda/conda-meta/"
SITE = "lib/python3.11/site-packages/"
RECORD = {
    "name": "requests",
    "version": "2.31.0",
    "build": "py311h06a4308_0",
    "build_number": 0,
    "channel": "https://conda.example/t/tk-secret/pkgs/main/linux-64",
    "subdir": "linux-64",
    "fn": "requests-2.31.0-py311h06a4308_0.conda",
    "license": "Apache-2.0",
    "md5": "0" * 32,
    "sha256": "AB" * 32,
    "depends": ["python >=3.11,<3.12.0a0", "certifi", "__glibc >=2.17", "defaults::idna 3.*"],
    "files": [SITE + "requests-2.31.0.dist-info/METADATA", SITE + "requests/__init__.py"],
    "requested_spec": "requests",
}


def read(content: Any, limits: Limits = DEFAULT_LIMITS) -> Fragment:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return conda.CATALOGUER.catalogue(
        File(path=META + "requests-2.31.0-py311h06a4308_0.json", chunks=(data,), size=len(data), limits=limits)
    )


def test_a_record_is_a_package() -> None:
    (package,) = read(RECORD).packages
    assert (package.ecosystem, package.name, package.version) == ("conda", "requests", "2.31.0")
    assert package.qualifiers == (
        ("build", "py311h06a4308_0"), ("channel", "main"), ("subdir", "linux-64"), ("type", "conda"),
    )  # fmt: skip
    assert package.hashes == ("md5:" + "0" * 32, "sha256:" + "ab" * 32)
    assert package.depends == ("certifi", "idna", "python")
    assert package.licence.expression == "Apache-2.0"
    assert package.properties == (("conda:requested", "requests"),)
    assert package.files[:8] == path_hash("opt/conda/" + RECORD["files"][0])  # type: ignore[index]


def test_a_channels_token_is_never_told() -> None:
    for channel in (
        RECORD["channel"],
        "https://u:tk-secret@conda.example/x/noarch",
        "https://conda.example/t/tk-secret/",
    ):
        assert b"tk-secret" not in msgspec.json.encode(read({**RECORD, "channel": channel}))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("opt/conda/conda-meta/a-1-0.json", True),
        ("home/u/envs/x/conda-meta/a-1-0.json", True),
        ("conda-meta/a-1-0.json", True),
        ("opt/conda/conda-meta/history", False),
        ("opt/conda/conda-meta/deep/a-1-0.json", False),
        ("opt/conda/etc/a.json", False),
        ("a.json", False),
    ],
)
def test_only_records_of_an_environment_are_wanted(path: str, wanted: bool) -> None:
    rows = Chooser(TABLE).choose(path, b"", 10, 0o644) or ()
    assert (conda.CATALOGUER in rows) == wanted


def _both(owner_removed: int | None = None) -> Any:
    twin = Package(ecosystem="pypi", name="requests", version="2.31.0")
    stray = Package(ecosystem="pypi", name="flask", version="3.0.0")
    return assemble(
        [
            Sighting(cataloguer="conda", path=META + "r.json", layer=0, removed_by=owner_removed, fragment=read(RECORD)),
            Sighting(
                cataloguer="pypi", path="opt/conda/" + SITE + "requests-2.31.0.dist-info/METADATA", layer=0,
                removed_by=None, fragment=Fragment(packages=(twin,)),
            ),
            Sighting(
                cataloguer="pypi", path="opt/conda/" + SITE + "flask-3.0.0.dist-info/METADATA", layer=0,
                removed_by=None, fragment=Fragment(packages=(stray,)),
            ),
        ],
        (),
        installed=True,
    )  # fmt: skip


def test_conda_owns_its_python_twin_and_nothing_else() -> None:
    owners = {component.name: component.owner for component in _both().components if component.ecosystem == "pypi"}
    (package,) = (component for component in _both().components if component.ecosystem == "conda")
    assert package.purl == ("pkg:conda/requests@2.31.0?build=py311h06a4308_0&channel=main&subdir=linux-64&type=conda")
    assert owners == {"requests": package.key, "flask": ""}
    assert {(r.source, r.kind) for r in _both().relations if r.target == package.key} == {
        ("pkg:pypi/requests@2.31.0", "owned_by")
    }


def test_a_removed_record_owns_nothing_in_the_final_root() -> None:
    assert all(not component.owner for component in _both(owner_removed=1).components)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"nonsense", b"\xff", b'{"a":' * 10_000, {}, {"name": "a"}, {"name": "a b", "version": "1"},
     {"name": 5, "version": "1"}],
)  # fmt: skip
def test_a_damaged_record_is_malformed(content: Any) -> None:
    with pytest.raises(MalformedError) as caught:
        read(content)
    assert caught.value.where.startswith(META)


def test_too_many_files_are_a_gap_not_memory() -> None:
    with pytest.raises(UnsupportedError):
        read(RECORD, Limits(owned_paths_bytes=50))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*RECORD, "noarch", "requested_specs"]), JSON))
def test_values_of_any_shape_are_a_fragment_or_malformed(changes: dict[str, Any]) -> None:
    with suppress(MalformedError):
        read({**RECORD, **changes})
