"""Installed Python distributions, the files beside their metadata, and pins of a source tree."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers import pypi_requirements
from assay.dependencies.catalogers.pypi import CATALOGUER, catalogue, normalised, read_headers
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

SITE = "usr/lib/python3/site-packages/"


def read(path: str, text: str, *, installed: bool = True) -> Fragment:
    data = text.encode()
    row = pypi_requirements.CATALOGUER if path.endswith("requirements.txt") else CATALOGUER
    return row.catalogue(File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed))


def metadata(*lines: str, name: str = "Zope.Interface", version: str = "6.0") -> Fragment:
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    return read(SITE + "zope.interface-6.0.dist-info/METADATA", "\n".join(head) + "\n\nThe description.\nName: wrong\n")


def test_the_display_name_stays_and_the_purl_name_is_normalised() -> None:
    (package,) = metadata().packages
    assert (package.name, package.version, package.purl_name) == ("Zope.Interface", "6.0", "zope-interface")
    assert package.ecosystem == "pypi"
    assert package.provides == ("zope-interface",)
    assert package.confidence == "certain"


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True))
def test_names_are_normalised_as_packaging_does(name: str) -> None:
    assert normalised(name) == canonicalize_name(name)
    assert normalised(normalised(name)) == normalised(name)


@pytest.mark.parametrize(
    ("lines", "expression"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: GPL"], "MIT OR Apache-2.0"),
        (["License: MIT"], "MIT"),
        (["Classifier: License :: OSI Approved :: MIT License"], "MIT"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: ISC License (ISCL)"], "ISC"),
        (["License: BSD-3-Clause", "Classifier: License :: OSI Approved :: BSD License"], "BSD-3-Clause"),
        (["License: MIT OR Apache-2.0", "Classifier: License :: OSI Approved :: MIT License"], "MIT OR Apache-2.0"),
        (
            [f"License: Granted{' to anyone' * 40}", "    so on", "Classifier: License :: OSI Approved :: MIT License"],
            "MIT",
        ),
        (["License: see the file", "Classifier: License :: OSI Approved :: Apache Software License"], ""),
    ],
)
def test_the_licence_comes_from_expression_then_field_and_classifiers(lines: list[str], expression: str) -> None:
    licence = metadata(*lines).packages[0].licence
    assert licence.expression == expression
    assert bool(licence.reason) != bool(licence.expression)


def test_no_licence_is_said_to_be_none() -> None:
    licence = metadata().packages[0].licence
    assert (licence.expression, licence.declared) == ("", ())
    assert "METADATA" in licence.reason


def test_requirements_keep_those_with_markers_and_leave_out_extras() -> None:
    found = metadata(
        "Requires-Dist: charset_normalizer<4,>=2",
        'Requires-Dist: colorama ; sys_platform == "win32"',
        'Requires-Dist: PySocks!=1.5.7 ; extra == "socks"',
        "Requires-Dist: tomli ; python_version < '3.11' and extra=='toml'",
        "Requires-Dist: Typing.Extensions (>=3.7)",
    )
    assert found.packages[0].depends == ("charset-normalizer", "colorama", "typing-extensions")


def test_folded_fields_and_windows_line_ends_are_read() -> None:
    fields = read_headers(
        b"Name: x\r\nLicense: one\r\n        two\r\nVersion: 1\r\n\r\nLicense: body", frozenset(["name", "license"])
    )
    assert fields == {"name": ["x"], "license": ["one\ntwo"]}


def test_metadata_without_end_of_headers_is_read() -> None:
    (package,) = read(SITE + "a-1.dist-info/METADATA", "Name: a\nVersion: 1").packages
    assert (package.name, package.version) == ("a", "1")


@pytest.mark.parametrize("text", ["", "Name: a\n\nVersion: 1", "Version: 1\n", "Name: ../a\nVersion: 1\n", "\0" * 100])
def test_metadata_without_name_or_version_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(SITE + "a-1.dist-info/METADATA", text)
    assert caught.value.where.endswith("METADATA")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("site-packages/a-1.egg-info/PKG-INFO", 1),
        ("site-packages/a-1.egg-info", 1),
        ("site-packages/a-1-py3.11.egg/EGG-INFO/PKG-INFO", 1),
        ("src/a/PKG-INFO", 0),
        ("src/a/METADATA", 0),
        ("site-packages/a/direct_url.json", 0),
    ],
)
def test_metadata_counts_only_where_an_installer_puts_it(path: str, count: int) -> None:
    assert len(read(path, "Name: a\nVersion: 1\n").packages) == count


def test_a_vendored_copy_is_there_but_less_sure() -> None:
    path = SITE + "setuptools/_vendor/zipp-3.19.2.dist-info/METADATA"
    assert [package.confidence for package in read(path, "Name: zipp\nVersion: 3.19.2\n").packages] == ["strong"]


def test_what_an_interrupted_installation_left_behind_is_a_gap() -> None:
    found = read(SITE + "~umpy-1.0.dist-info/METADATA", "Name: numpy\nVersion: 1.0\n")
    assert not found.packages
    assert [gap.kind for gap in found.gaps] == ["skipped"]


def test_neighbouring_files_become_notes_on_the_folder() -> None:
    folder = SITE + "a-1.dist-info"
    origin = {"url": "https://user:secret@host.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}
    editable = {"url": "file:///src/a", "dir_info": {"editable": True}}
    notes = [
        *read(folder + "/REQUESTED", "").notes,
        *read(folder + "/INSTALLER", "pip\n").notes,
        *read(folder + "/direct_url.json", json.dumps(origin)).notes,
        *read(folder + "/direct_url.json", json.dumps(editable)).notes,
    ]
    assert {note.directory for note in notes} == {folder}
    assert [(note.name, note.value) for note in notes] == [
        ("pypi:requested", "true"),
        ("pypi:installer", "pip"),
        ("pypi:direct-url", "https://host.example/a.git"),
        ("pypi:commit", "c0ffee"),
        ("pypi:direct-url", "file:///src/a"),
        ("pypi:editable", "true"),
    ]


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"url": 1}', '{"url": "http://[::1"}', "[" * 100_000])
def test_a_damaged_origin_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        read(SITE + "a-1.dist-info/direct_url.json", text)


REQUIREMENTS_TEXT = """\
# a comment
-r other.txt
--index-url https://packages.example/simple
Flask==2.2.2  # pinned
requests[socks] == 2.31.0 ; python_version >= "3.8"
urllib3==1.26.15 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
Flask==2.2.2
django>=4
numpy==1.26.*
arbitrary===1.0
https://host.example/x.whl
""".format(a="AB" * 32, b="01" * 32)


def test_exact_pins_of_a_source_tree_are_packages() -> None:
    found = read("app/requirements.txt", REQUIREMENTS_TEXT, installed=False).packages
    assert [(package.name, package.version) for package in found] == [
        ("Flask", "2.2.2"),
        ("requests", "2.31.0"),
        ("urllib3", "1.26.15"),
        ("django", ""),
        ("numpy", ""),
        ("arbitrary", "1.0"),
    ]
    assert [dict(package.properties).get("pypi:requirement") for package in found[3:5]] == [">=4", "==1.26.*"]
    assert found[2].hashes == ("sha256:" + "01" * 32, "sha256:" + "ab" * 32)
    assert {package.kind for package in found} == {"lock-file"}


def test_in_an_image_requirements_are_wishes() -> None:
    assert read("app/requirements.txt", REQUIREMENTS_TEXT) == Fragment()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_fragment_or_malformed(data: bytes) -> None:
    for path in ("s/a-1.dist-info/METADATA", "s/a-1.dist-info/direct_url.json"):
        with suppress(MalformedError):
            catalogue(File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS))
