"""Declared licences become one SPDX expression, or a reason; nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from assay.dependencies.licence_expressions import fold
from assay.dependencies.licence_names import ALIASES, EXCEPTIONS, FAMILIES, NOT_LICENCES
from assay.dependencies.licences import from_dep5, join, licence


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPLv2+", "GPL-2.0-or-later"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GNU GPL v2 or later", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("Expat", "MIT"),
        ("Apache 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("ASL 2.0", "Apache-2.0"),
        ("GPLv2+ and LGPLv2+", "GPL-2.0-or-later AND LGPL-2.1-or-later".replace("2.1", "2.0")),
        ("GPL-2.0-or-later AND MIT", "GPL-2.0-or-later AND MIT"),
        ("mit and (apache-2.0 or bsd-2-clause)", "MIT AND (Apache-2.0 OR BSD-2-Clause)"),
        ("MPL-1.1 or GPL-2.0 or LGPL-2.1", "MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-only"),
        ("GPL-2+ or LGPL-2.1+, and Expat", "(GPL-2.0-or-later OR LGPL-2.1-or-later) AND MIT"),
        ("GPL-1+ or Artistic", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("Apache-2.0 with LLVM exception", "Apache-2.0 WITH LLVM-exception"),
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
        ("License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("MIT License\n\nCopyright (c) 2020 A\n\n" + "Permission is hereby granted. " * 30, "MIT"),
        ("LicenseRef-Own", "LicenseRef-Own"),
    ],
)
def test_a_known_spelling_becomes_its_expression(text: str, expression: str) -> None:
    found = licence([text], "METADATA")
    assert (found.expression, found.reason) == (expression, "")
    assert found.declared


@pytest.mark.parametrize(
    "text",
    [
        "BSD",
        "GPL",
        "Apache",
        "License :: OSI Approved :: BSD License",
        "License :: OSI Approved :: Apache Software License",
    ],
)
def test_a_family_of_licences_is_no_licence(text: str) -> None:
    found = licence([text], "METADATA")
    assert found.expression == ""
    assert "names a family" in found.reason
    assert found.declared == (text,)


def test_a_named_member_makes_a_family_word_precise() -> None:
    assert licence(["BSD", "BSD-3-Clause"], "METADATA").expression == "BSD-3-Clause"
    assert licence(["BSD", "MIT"], "METADATA").expression == ""


@pytest.mark.parametrize("text", ["NOASSERTION", "NONE", "noassertion", "UNKNOWN", "", "   "])
def test_noassertion_and_none_are_never_licences(text: str) -> None:
    found = licence([text], "the SBOM")
    assert (found.expression, found.declared) == ("", ())
    assert found.reason


@pytest.mark.parametrize(
    "text",
    ["MIT AND", "AND", "with MIT", "MIT, BSD", "Foo-1.0", "MIT/X11", "GPL-2+ with OpenSSL exception", "(" * 500, "MIT " * 2000,
     "MIT OR Frobnicate", "MIT WITH MIT", ")(", "MIT OR OR MIT", "Licence très libre", "a\0b"],
)  # fmt: skip
def test_an_unknown_text_is_kept_with_a_reason(text: str) -> None:
    found = licence([text], "the record")
    assert found.expression == ""
    assert "unknown licence" in found.reason
    assert len(found.reason) < 300
    assert found.declared[0][:4] == text.strip()[:4]


def test_several_texts_all_hold() -> None:
    assert (
        licence(["MIT", "Apache-2.0 OR GPL-2.0-only", "mit"], "x").expression == "(Apache-2.0 OR GPL-2.0-only) AND MIT"
    )
    assert licence(["MIT", "Foo"], "x").expression == ""


def test_public_domain_adds_no_licence_and_is_none() -> None:
    assert licence(["public-domain", "MIT"], "x").expression == "MIT"
    assert "statement" in licence(["public-domain"], "x").reason


def test_every_alias_names_valid_expressions() -> None:
    for spelling, expression in ALIASES.items():
        assert canonicalize_license_expression(expression) == expression, spelling
        assert fold(spelling) == spelling, "an unfolded key is never found"
    for exception in EXCEPTIONS.values():
        assert canonicalize_license_expression(f"MIT WITH {exception}")
    assert not set(ALIASES) & (set(FAMILIES) | NOT_LICENCES)
    assert all(fold(word) == word for word in [*FAMILIES, *NOT_LICENCES])


@given(st.lists(st.text(alphabet="MITGPLBSDandorwith-+.,()0123 ", max_size=40), max_size=4))
def test_the_answer_is_a_valid_expression_or_a_reason_never_both(texts: list[str]) -> None:
    found = licence(texts, "x")
    assert bool(found.expression) != bool(found.reason)
    if found.expression:
        assert canonicalize_license_expression(found.expression) == found.expression


@given(st.lists(st.sampled_from(["MIT", "ISC", "MIT OR ISC", "GPL-2.0-only AND MIT", "(MIT)", "0BSD"]), min_size=1))
def test_the_order_of_texts_does_not_matter(texts: list[str]) -> None:
    assert licence(texts, "x") == licence(reversed(texts), "x")


@given(st.lists(st.sampled_from(["MIT", "ISC", "MIT OR ISC", "ISC AND MIT", "(MIT OR ISC) AND 0BSD"]), min_size=1))
def test_joining_gives_valid_expressions_and_is_idempotent(parts: list[str]) -> None:
    once = join(parts)
    assert canonicalize_license_expression(once) == once
    assert join([once]) == once


DEP5 = b"""Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: x

Files: *
Copyright: 2020 A
License: Expat

Files: lib/*
Copyright: 2020 B
License: GPL-2+
 This program is free software
 .
 License: not a field, but text

Files: debian/*
Copyright: 2020 C
License: Foo-unknown

License: BSD-3-clause
 Text of a licence that no Files paragraph names.
"""


def test_dep5_joins_the_licences_of_all_files() -> None:
    found = from_dep5(DEP5)
    assert found.expression == "GPL-2.0-or-later AND MIT"
    assert found.declared == ("Expat", "GPL-2+")
    assert from_dep5(DEP5.replace(b"\n", b"\r\n")).expression == found.expression


def test_dep5_falls_back_to_packaging_and_then_to_the_header() -> None:
    head = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    assert from_dep5(head + b"\nFiles: debian/*\nLicense: ISC\n").expression == "ISC"
    assert from_dep5(head + b"License: Zlib\n").expression == "Zlib"
    assert "no licence" in from_dep5(head).reason


def test_a_free_form_copyright_file_is_not_interpreted() -> None:
    found = from_dep5(b"This package is free under the GPL, see /usr/share/common-licenses/GPL-2\n")
    assert found.expression == ""
    assert "not machine-readable" in found.reason
    assert from_dep5(b"").reason
