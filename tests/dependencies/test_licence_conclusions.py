"""What licence texts let one conclude: right, apart from what is declared, and never a guess."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from assay.dependencies import licence_phrases as phrases
from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Sighting
from assay.dependencies.catalogers import TABLE, dpkg_copyright, licence_files, npm
from assay.dependencies.copyrights import from_copyright
from assay.dependencies.licence_texts import Conclusion, conclude, normalise
from assay.model.inventory import Licence
from assay.model.limits import DEFAULT_LIMITS

LIMIT = DEFAULT_LIMITS.licence_text_bytes
MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this software, to deal in the "
    "Software\n * without restriction. The above copyright notice and this\npermission notice shall be included in all "
    'copies. THE SOFTWARE IS PROVIDED "AS IS".'
)
GRANT = "under the terms of the GNU {}General Public License as published by the Free Software Foundation; {}."
LATER = "either version {} of the License, or (at your option) any later version"
BSD = (
    "Redistribution and use in source and binary forms, with or without modification, are permitted. 2. Redistributions"
    " in binary form must reproduce the above notice. {} THIS SOFTWARE IS PROVIDED BY THE AUTHOR"
)
ENDORSE = "3. The name of the author may not be used to endorse or promote products."
ADVERTISING = "3. All advertising materials mentioning features or use of this software must display this: {}"
ON_DEBIAN = "On Debian systems, the complete text can be found in `/usr/share/common-licenses/{}'."
PACKAGING = "The Debian packaging is (C) 2007 A and is licensed under the GPL, see `/usr/share/common-licenses/GPL'."


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (MIT, "MIT"),
        (BSD.format(""), "BSD-2-Clause"),
        (BSD.format(ENDORSE), "BSD-3-Clause"),
        (BSD.format(ADVERTISING.format("x") + ENDORSE), "BSD-4-Clause"),
        (BSD.format(ADVERTISING.format("the University of California") + ENDORSE), "BSD-4-Clause-UC"),
        ("Licensed under the Apache License, Version 2.0 (the ...)", "Apache-2.0"),
        ("subject to the terms of the Mozilla Public License, v. 2.0.", "MPL-2.0"),
        (GRANT.format("", LATER.format(2)), "GPL-2.0-or-later"),
        (GRANT.format("", "version 2 of the License"), "GPL-2.0-only"),
        (GRANT.format("Lesser ", LATER.format("2.1")), "LGPL-2.1-or-later"),
        (GRANT.format("Library ", LATER.format("2")), "LGPL-2.0-or-later"),
        (GRANT.format("Affero ", LATER.format("3")), "AGPL-3.0-or-later"),
        ("under the terms of version 3 of the GNU General Public License.", "GPL-3.0-only"),
        ("License: GPLv2+", "GPL-2.0-or-later"),
        ("the library is LGPL (v2.1 or later)", "LGPL-2.1-or-later"),
        ("GNU Free Documentation License, Version 1.3 or any later version; with no Invariant Sections",
         "GFDL-1.3-no-invariants-or-later"),
        ("you can redistribute it under the same terms as Perl itself", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        (MIT + "\n" + PACKAGING, "MIT"),
        (GRANT.format("", LATER.format(2)) + ON_DEBIAN.format("GPL-2"), "GPL-2.0-or-later"),
        (GRANT.format("", LATER.format(3)) + " The complete text of the GNU General Public License version 3 can be "
         "found in /usr/share/common-licenses/GPL-3.", "GPL-3.0-or-later"),
    ],
)  # fmt: skip
def test_one_licence_known_by_text_or_notice_is_a_strong_conclusion(text: str, expression: str) -> None:
    found = conclude(text.encode())
    assert (found.expression, found.confidence) == (expression, "strong")


@pytest.mark.parametrize(
    ("text", "expression", "method"),
    [
        (ON_DEBIAN.format("GPL-2"), "GPL-2.0-only", "reference"),
        ("or (at your option) any later version. " + ON_DEBIAN.format("GPL-2"), "GPL-2.0-or-later", "reference"),
        (PACKAGING, "GPL-1.0-or-later", "reference"),
        (ON_DEBIAN.format("Apache-2.0"), "Apache-2.0", "reference"),
        (MIT + BSD.format(""), "BSD-2-Clause AND MIT", "text"),
        (MIT + GRANT.format("", LATER.format(2)), "GPL-2.0-or-later AND MIT", "notice+text"),
        ("This code is in the public domain.", "LicenseRef-public-domain", "notice"),
        (MIT + "x.c is in the public domain." + ON_DEBIAN.format("Artistic"), "Artistic-1.0-Perl AND MIT",
         "reference+text"),
    ],
)  # fmt: skip
def test_several_or_only_a_reference_is_a_weak_conclusion(text: str, expression: str, method: str) -> None:
    assert conclude(text.encode()) == Conclusion(expression, "weak", method)


APACHE = "Licensed under the Apache License, Version 2.0 (the License)"
GPL2 = GRANT.format("", LATER.format(2))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("This crate is dual-licensed under the MIT and the Apache License. " + MIT + APACHE, "Apache-2.0 OR MIT"),
        (MIT + " Licensed under either of the MIT license or the Apache License, at your option. " + APACHE,
         "Apache-2.0 OR MIT"),
        (BSD.format(ENDORSE) + " Alternatively, provided that this notice is retained in full, this software may be "
         "distributed " + GPL2, "BSD-3-Clause OR GPL-2.0-or-later"),
        # "at your option" of a version is no choice of licences; nor is a choice between others.
        (MIT + GPL2, "GPL-2.0-or-later AND MIT"),
        ("libx is dual licensed under the Zlib and the Artistic license. " + "x " * 400 + MIT + APACHE, "Apache-2.0 AND MIT"),
        (MIT + " Alternatively, read the manual." + APACHE, "Apache-2.0 AND MIT"),
    ],
)  # fmt: skip
def test_a_choice_of_two_is_an_or(text: str, expression: str) -> None:
    assert conclude(text.encode())[:2] == (expression, "weak")


ZLIB = (
    "Permission is granted to anyone to use this software for any purpose, including commercial applications, and to alter "
    "it and redistribute it freely, subject to the following restrictions: "
)


@pytest.mark.parametrize(
    ("says", "texts", "expression"),
    [
        # the text says which may be chosen; whatever else it states holds beside
        ("dual-licensed under MIT and Apache. ", (MIT, APACHE, BSD), "(Apache-2.0 OR MIT) AND BSD-2-Clause"),
        ("Dual licensed under the MIT license or the GPL. ", (MIT, GPL2, BSD), "BSD-2-Clause AND (GPL-2.0-or-later OR MIT)"),
        ("Licensed under either of * Apache License, Version 2.0 (LICENSE-APACHE or http://www.apache.org/licenses/"
         "LICENSE-2.0) * MIT license (LICENSE-MIT or http://opensource.org/licenses/MIT) at your option. ",
         (MIT, APACHE, ZLIB), "(Apache-2.0 OR MIT) AND Zlib"),
        ("Licensed under the MIT, the Apache 2.0 or the BSD license, at your option. ", (MIT, APACHE, BSD),
         "Apache-2.0 OR BSD-2-Clause OR MIT"),
        ("Tri-licensed under MIT, BSD and Apache. ", (MIT, APACHE, BSD, ZLIB), "(Apache-2.0 OR BSD-2-Clause OR MIT) AND Zlib"),
        ("It may be used under one of the following licenses: MIT, zlib, Apache 2.0. ", (MIT, APACHE, ZLIB),
         "Apache-2.0 OR MIT OR Zlib"),
        ("You have a choice of licenses: MIT or BSD. ", (MIT, APACHE, BSD), "Apache-2.0 AND (BSD-2-Clause OR MIT)"),
        ("Released under the GNU General Public License or the BSD license. ", (GPL2, BSD, ZLIB),
         "(BSD-2-Clause OR GPL-2.0-or-later) AND Zlib"),
        ("libx is licensed under MIT or Apache-2.0. liby is licensed under BSD or zlib. ", (MIT, APACHE, BSD, ZLIB),
         "(Apache-2.0 OR MIT) AND (BSD-2-Clause OR Zlib)"),
        ("Licensed under MIT or Apache-2.0. ", (MIT, APACHE), "Apache-2.0 OR MIT"),
        ("Licensed under GPLv2 or MIT. ", (GPL2.replace("or (at your option) any later version", ""), MIT, ZLIB),
         "(GPL-2.0-only OR MIT) AND Zlib"),
        ("You may use it under the terms of the GNU Lesser General Public License version 2.1 as published by the Free "
         "Software Foundation or, at your option, under the terms of the Mozilla Public License Version 1.1. ", (MIT,),
         "(LGPL-2.1-only OR MPL-1.1) AND MIT"),
        # it does not say it: all hold
        ("", (MIT, APACHE, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("Licensed under MIT and Apache-2.0. ", (MIT, APACHE, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("Licensed under MIT, and Apache or BSD. ", (MIT, APACHE, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("Licensed under the MIT license. The Apache license is for the tests. ", (MIT, APACHE, BSD),
         "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("It is not licensed under MIT or Apache. ", (MIT, APACHE, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("", (MIT, GPL2, BSD), "BSD-2-Clause AND GPL-2.0-or-later AND MIT"),  # "or later" is no choice of licences
        # a choice with one that the text does not hold, two lists that share one, a text that stands there twice
        ("Dual licensed under MIT and Artistic. ", (MIT, APACHE, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("libx: licensed under MIT or Apache. liby: licensed under BSD or MIT. ", (MIT, APACHE, BSD),
         "Apache-2.0 AND BSD-2-Clause AND MIT"),
        ("Dual licensed under MIT and Apache. ", (MIT, APACHE, MIT, BSD), "Apache-2.0 AND BSD-2-Clause AND MIT"),
    ],
)  # fmt: skip
def test_of_three_or_more_the_text_says_which_may_be_chosen(says: str, texts: tuple[str, ...], expression: str) -> None:
    found = conclude(" ".join([says, *(text.format("") if text is BSD else text for text in texts)]).encode())
    assert found[:2] == (expression, "weak")


@pytest.mark.parametrize(
    "text",
    ["licensed under mit or " * 40_000, "dual licensed " * 70_000, "licensed under " + "or " * 300_000,
     "either of the following " * 40_000, "mit " * 200_000, "licensed under the the " * 40_000],
)  # fmt: skip
def test_lists_of_licences_never_take_long(text: str) -> None:
    begun = time.process_time()
    conclude((text + MIT + APACHE + BSD.format("")).encode())
    assert time.process_time() - begun < 2


def test_files_named_after_their_licences_do_not_say_how_they_combine() -> None:
    package = '{"name": "a", "version": "1.0.0"}'
    files = {"package.json": package, "LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}
    found = licence_of(files)
    assert (found.expression, found.concluded) == ("", "")
    assert "LICENSE-APACHE and LICENSE-MIT lie side by side" in found.reason
    assert licence_of({"package.json": package, "LICENSE": MIT, "COPYING": APACHE}).concluded == "Apache-2.0 AND MIT"
    assert licence_of({"package.json": package, "LICENSE-MIT": MIT}).concluded == "MIT"


def licence_of(files: dict[str, str]) -> Licence:
    sightings = []
    for name, text in files.items():
        row = npm.CATALOGUER if name == "package.json" else licence_files.ROW
        path, data = f"app/node_modules/a/{name}", text.encode()
        fragment = row.catalogue(File(path, (data,), len(data), DEFAULT_LIMITS))
        sightings.append(Sighting(cataloguer=row.name, path=path, layer=0, removed_by=None, fragment=fragment))
    (component,) = assemble(sightings, (), installed=True).components
    return component.licence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "All rights reserved.",
        "See the GNU General Public License for more details.",
        "You should have received a copy of the GNU General Public License along with this program, version 2.",
        "NOASSERTION",
        "gpl 7",
        "GNU General Public License version 9",
        "permission is hereby granted, free of charge, to nobody",
        "Redistribution and use in source and binary forms is forbidden.",
    ],
)
def test_what_names_no_licence_gives_none(text: str) -> None:
    assert conclude(text.encode()) == Conclusion()


def test_a_whole_gnu_licence_is_not_read_as_its_own_notice() -> None:
    text = (
        "GNU GENERAL PUBLIC LICENSE Version 2, June 1991 ... the GNU Lesser General Public License, version 2.1 ... "
        "END OF TERMS AND CONDITIONS How to Apply These Terms to Your New Programs " + GRANT.format("", LATER.format(2))
    )
    assert conclude(text.encode()).expression == "GPL-2.0-only"
    assert conclude((GRANT.format("", LATER.format(2)) + text).encode()).expression == "GPL-2.0-or-later"


def test_every_identifier_of_the_tables_is_spdx() -> None:
    known = {v.spdx for row in phrases.TEXTS for v in row.variants} | set(phrases.REFERENCES.values())
    known |= {spdx for _, spdx in phrases.COMPOUNDS} | {spdx for *_, spdx in phrases.BODIES}
    assert all(canonicalize_license_expression(spdx) == spdx for spdx in known)
    assert all(normalise(row.anchor) == row.anchor for row in phrases.TEXTS)
    assert all(normalise(n) == n for row in phrases.TEXTS for v in row.variants for n in (*v.needs, *v.never))


DEP5 = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: {}\n\n{}"


@pytest.mark.parametrize(
    ("name", "texts", "concluded"),
    [
        ("weird", "License: weird\n " + MIT.replace("\n", "\n "), "MIT"),
        ("weird", "License: weird\n as you please\n", "LicenseRef-weird"),
        ("GPL-2+ or MY/own", "License: MY/own\n as you please\n", "GPL-2.0-or-later OR LicenseRef-MY-own"),
        ("GPL-3+ with Odd exception", "", "GPL-3.0-or-later"),
        ("GPL or Expat", "", "GPL-1.0-or-later OR MIT"),
        ("public-domain", "", "LicenseRef-public-domain"),
        ("public-domain and weird", "License: weird\n " + MIT.replace("\n", "\n "), "MIT"),
    ],
)
def test_names_spdx_does_not_list_are_concluded_and_stay_declared(name: str, texts: str, concluded: str) -> None:
    found = from_copyright(DEP5.format(name, texts).encode(), "usr/share/doc/a/copyright", LIMIT)
    assert (found.expression, found.declared) == ("", (name,))
    assert found.reason
    if concluded == "MIT" and " and " in name:
        assert "MIT" in found.concluded
    else:
        assert found.concluded == concluded
    assert (found.confidence, found.method) == ("weak", "names")
    assert found.evidence == "usr/share/doc/a/copyright"


def test_a_declared_expression_needs_no_conclusion() -> None:
    found = from_copyright(DEP5.format("GPL-2+", "License: GPL-2+\n " + MIT).encode(), "p", LIMIT)
    assert found == Licence(expression="GPL-2.0-or-later", declared=("GPL-2+",))


@pytest.mark.parametrize("name", ["none", "NOASSERTION", "...", "NONE"])
def test_what_says_nothing_is_never_a_licence(name: str) -> None:
    found = from_copyright(DEP5.format(name, "").encode(), "p", LIMIT)
    assert (found.effective, found.evidence) == ("", "")
    assert found.reason


def test_a_file_over_the_limit_says_so() -> None:
    found = from_copyright(MIT.encode() + b" " * 900, "p", 900)
    assert not found.concluded
    assert "limit 900" in found.reason


@given(st.binary(max_size=400) | st.text("GNU gplv2+ orlate()\n:,1", max_size=200).map(str.encode), st.booleans())
def test_always_an_expression_or_a_reason(data: bytes, headed: bool) -> None:
    found = from_copyright((b"Format: x\n\nFiles: *\nLicense: " if headed else b"") + data, "p", LIMIT)
    assert bool(found.expression) != bool(found.reason)
    assert bool(found.concluded) == bool(found.confidence) == bool(found.method) == bool(found.evidence)
    if found.concluded:
        assert canonicalize_license_expression(found.concluded)


def note(row: object, path: str, text: str) -> list[tuple[str, str, Licence]]:
    data = text.encode()
    fragment = row.catalogue(File(path, (data,), len(data), DEFAULT_LIMITS))  # type: ignore[attr-defined]
    return [(n.directory, n.name, msgspec.json.decode(n.value, type=Licence)) for n in fragment.notes]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("usr/lib/python3/dist-packages/a-1.dist-info/LICENSE", "usr/lib/python3/dist-packages/a-1.dist-info"),
        ("x/a-1.dist-info/licenses/LICENSE.txt", "x/a-1.dist-info"),
        ("app/node_modules/a/LICENSE", "app/node_modules/a"),
        ("app/node_modules/@s/a/LICENSE", "app/node_modules/@s/a"),
        ("var/lib/gems/3.1.0/gems/a-1.0/MIT-LICENSE", "var/lib/gems/3.1.0/specifications/a-1.0.gemspec"),
    ],
)
def test_a_licence_file_speaks_for_the_package_beside_it(path: str, place: str) -> None:
    ((directory, name, found),) = note(licence_files.ROW, path, MIT + " " * 9_000)
    assert (directory, name) == (place, f"licence:{path.rpartition('/')[2]}")
    assert (found.concluded, found.confidence, found.evidence, found.expression) == ("MIT", "strong", path, "")


@pytest.mark.parametrize("path", ["LICENSE", "app/LICENSE", "app/node_modules/a/lib/b/LICENSE", "srv/@s/a/LICENSE"])
def test_other_licence_files_speak_for_nobody(path: str) -> None:
    assert note(licence_files.ROW, path, MIT) == []
    assert note(licence_files.ROW, "app/node_modules/a/LICENSE", "All rights reserved." + " " * 9_000) == []


@pytest.mark.parametrize(("says", "expression", "concluded"), [("", "", "MIT"), ('"license": "ISC", ', "ISC", "")])
def test_a_small_licence_file_is_read_where_nothing_is_declared(says: str, expression: str, concluded: str) -> None:
    manifest = f'{{{says}"name": "a", "version": "1"}}'.encode()
    sightings = [
        Sighting(
            cataloguer=row.name,
            path=path,
            layer=0,
            removed_by=None,
            fragment=row.catalogue(File(path, (data,), len(data), DEFAULT_LIMITS)),
        )
        for row, path, data in (
            (npm.CATALOGUER, "app/node_modules/a/package.json", manifest),
            (licence_files.ROW, "app/node_modules/a/LICENSE", MIT.encode() + b"\xff"),
        )
    ]
    (component,) = assemble(sightings, (), installed=True).components
    assert (component.licence.expression, component.licence.concluded) == (expression, concluded)
    assert bool(component.licence.reason) != bool(expression)
    assert component.licence.evidence == ("app/node_modules/a/LICENSE" if concluded else "")
    assert not component.properties


def test_the_copyright_file_is_the_evidence() -> None:
    ((directory, _, found),) = note(dpkg_copyright.ROW, "usr/share/doc/a/copyright", GRANT.format("", LATER.format(2)))
    assert (directory, found.concluded) == ("usr/share/doc/a", "GPL-2.0-or-later")
    assert found.evidence == "usr/share/doc/a/copyright"
    assert {"dpkg-copyright", "licence-files"} <= {row.name for row in TABLE}
