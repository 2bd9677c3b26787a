"""By which sentences a licence text is known, as data; read by `licence_texts`.

Every phrase is written as `licence_texts.normalise` leaves it: lower case, words of letters and digits, one space
between. An anchor is a sentence that stands in every copy of a kind of text; where it is found, the variants are tried
in order on what follows it, as far as `reach` and not into the next copy.
"""

from typing import NamedTuple


class Variant(NamedTuple):
    """One licence: phrases that must all stand behind the anchor, and phrases that must not."""

    spdx: str
    needs: tuple[bytes, ...] = ()
    never: tuple[bytes, ...] = ()


class Text(NamedTuple):
    """One kind of text. Where no variant fits, the text is of a licence nobody named: it gives nothing."""

    anchor: bytes
    reach: int
    """Bytes from the anchor on."""
    variants: tuple[Variant, ...]


_ADVERTISING = b"all advertising materials mentioning features or use of this software must display"
_ENDORSE = b"endorse or promote"
_INCLUDED = b"permission notice shall be included in all copies"
_APPEAR = b"the above copyright notice and this permission notice appear in all copies"


def _plain(spdx: str, *phrases: str) -> tuple[Text, ...]:
    """Phrases each of which is enough."""
    return tuple(Text(phrase.encode(), len(phrase), (Variant(spdx),)) for phrase in phrases)


TEXTS: tuple[Text, ...] = (
    Text(
        b"redistribution and use in source and binary forms",
        2_400,
        (
            Variant("OpenSSL", (_ADVERTISING, b"openssl project for use in the openssl toolkit")),
            Variant("BSD-4-Clause-UC", (_ADVERTISING, b"university of california")),
            Variant("BSD-4-Clause", (_ADVERTISING, _ENDORSE)),
            Variant("bzip2-1.0.6", (b"the origin of this software must not be misrepresented",)),
            Variant("Apache-1.1", (b"the end user documentation included with the redistribution", b"apache")),
            Variant("BSD-3-Clause", (b"in binary form must reproduce", _ENDORSE), (b"end user documentation",)),
            Variant(
                "BSD-2-Clause",
                (b"in binary form must reproduce", b"this software is provided"),
                (_ENDORSE, _ADVERTISING, b"end user documentation", b"may not be used", b"following additional"),
            ),
        ),
    ),
    Text(
        b"permission is hereby granted free of charge to any person obtaining a copy",
        1_700,
        (
            Variant("Unicode-DFS-2016", (b"unicode data files", b"clear notice in each modified data file"), ()),
            Variant("ICU", (b"appear in all copies of the software and that both the above copyright notice",)),
            Variant("JSON", (b"shall be used for good not evil",)),
            Variant("NCSA", (b"deal with the software without restriction", b"redistributions of source code must")),
            Variant("X11", (_INCLUDED, b"except as contained in this notice the name of the x consortium")),
            Variant(
                "X11-distribute-modifications-variant",
                (_INCLUDED, b"distribute with modifications", b"except as contained in this notice"),
            ),
            Variant("MIT", (_INCLUDED, b"without restriction"), (b"except as contained in this notice",)),
            Variant("MIT", (b"the above copyright notice including the dates of first publication",)),
            Variant("MIT-0", (b"without restriction", b"the software is provided as is"), (b"shall be included",)),
        ),
    ),
    Text(
        b"permission to use copy modify",
        900,
        (
            Variant("curl", (_APPEAR, b"except as contained in this notice the name of a copyright holder")),
            Variant("PostgreSQL", (b"without fee and without a written agreement is hereby granted",)),
            Variant(
                "NTP",
                (
                    b"for any purpose with or without fee is hereby granted provided that the above copyright "
                    b"notice appears in all copies and that both",
                    b"and its documentation",
                    b"publicity",
                ),
            ),
            Variant("HPND-sell-variant", (b"distribute and sell this software and its documentation",)),
            Variant("HPND", (b"and its documentation", b"in supporting documentation", b"advertising or publicity")),
            Variant(
                "ISC",
                (b"for any purpose with or without fee is hereby granted provided that", _APPEAR),
                (b"and its documentation", b"except as contained"),
            ),
            Variant("0BSD", (b"for any purpose with or without fee is hereby granted the software is provided",)),
        ),
    ),
    *_plain(
        "Zlib",
        "permission is granted to anyone to use this software for any purpose including commercial applications and to "
        "alter it and redistribute it freely subject to the following restrictions",
    ),
    *_plain(
        "Apache-2.0",
        "licensed under the apache license version 2 0",
        "apache license version 2 0 january 2004",
        "under the terms of the apache license version 2 0",
    ),
    *_plain(
        "BSL-1.0",
        "to any person or organization obtaining a copy of the software and accompanying documentation "
        "covered by this license",
        "distributed under the boost software license version 1 0",
    ),
    *_plain("MPL-1.1", "mozilla public license version 1 1"),
    *_plain("MPL-2.0", "mozilla public license version 2 0", "mozilla public license v 2 0"),
    *_plain("EPL-1.0", "eclipse public license v 1 0", "eclipse public license version 1 0"),
    *_plain("EPL-2.0", "eclipse public license v 2 0", "eclipse public license version 2 0"),
    *_plain("CDDL-1.0", "common development and distribution license cddl version 1 0"),
    *_plain("CDDL-1.1", "common development and distribution license cddl version 1 1"),
    *_plain("Artistic-2.0", "the artistic license 2 0", "artistic license version 2 0"),
    *_plain("OFL-1.1", "sil open font license version 1 1"),
    *_plain("CC0-1.0", "cc0 1 0 universal", "creative commons zero v1 0", "cc0 public domain dedication"),
    *_plain("CC-BY-4.0", "creative commons attribution 4 0 international"),
    *_plain("Unlicense", "this is free and unencumbered software released into the public domain"),
    *_plain("WTFPL", "do what the fuck you want to public license"),
    *_plain("Beerware", "as long as you retain this notice you can do whatever you want with this stuff"),
    *_plain("UPL-1.0", "the universal permissive license upl version 1 0"),
    *_plain("FSFUL", "free software foundation gives unlimited permission to copy distribute and modify it"),
    *_plain(
        "FSFULLR",
        "gives unlimited permission to copy and or distribute it with or without modifications as long "
        "as this notice is preserved",
    ),
    *_plain("BSD-3-Clause", "3 clause bsd", "bsd 3 clause license", "bsd 3 clause new"),
    *_plain("BSD-2-Clause", "2 clause bsd", "bsd 2 clause license", "bsd 2 clause simplified"),
    *_plain("0BSD", "0 clause bsd"),
    *_plain(
        "FSFAP",
        "fsf all permissive license",
        "with or without modification are permitted in any medium without royalty provided the copyright "
        "notice and this notice are preserved",
    ),
    Text(
        b"this license agreement is between the python software foundation",
        16_000,
        (Variant("Python-2.0", (b"beopen", b"cnri")), Variant("PSF-2.0")),
    ),
)

COMPOUNDS: tuple[tuple[bytes, str], ...] = (
    (b"under the same terms as perl itself", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
    (b"same terms as the perl 5 programming language system itself", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
    (
        b"alternatively the contents of this file may be used under the terms of either the gnu general public license "
        b"version 2 or later the gpl or the gnu lesser general public license version 2 1 or later the lgpl",
        "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1",
    ),
)
"""A sentence that names a choice of licences: these are then no hits of their own."""

CHOICES: tuple[bytes, ...] = (
    b"choice of license",
    b"dual license",
    b"either of the following license",
    b"licensed under either",
    b"under the terms of either",
)
"""How a text says that one of two licences may be chosen, both of which it names there; `dual license` begins
`dual licensed` too."""
CHOICE_BYTES = 320
"""So near on either side of such a phrase both licences are named."""
NAMED_AS: dict[str, tuple[bytes, ...]] = {
    "AGPL": (b"agpl", b"affero"),
    "BSD": (b"bsd",),
    "GPL": (b"gpl", b"general public"),
    "LGPL": (b"lgpl", b"lesser general public", b"library general public"),
    "MIT": (b"mit", b"expat", b"x11"),
    "MPL": (b"mpl", b"mozilla"),
}
"""First word of an SPDX identifier → how texts name the licence; any other is named by that word itself."""

WITHIN: tuple[bytes, ...] = (
    b"means either the gnu general public license version 2 0 the gnu lesser general public license version 2 1 the "
    b"gnu affero general public license version 3 0 or any later versions of those licenses",
)
"""Sentences inside a licence text that name other licences and grant none of them (MPL 2.0, 1.12)."""

BODIES: tuple[tuple[bytes, bytes, str], ...] = (
    (b"gnu general public license version 2 june 1991", b"end of terms and conditions", "GPL-2.0-only"),
    (b"gnu general public license version 3 29 june 2007", b"end of terms and conditions", "GPL-3.0-only"),
    (b"gnu affero general public license version 3 19 november 2007", b"end of terms and conditions", "AGPL-3.0-only"),
    (b"gnu library general public license version 2 june 1991", b"end of terms and conditions", "LGPL-2.0-only"),
    (b"gnu lesser general public license version 2 1 february 1999", b"end of terms and conditions", "LGPL-2.1-only"),
    (
        b"gnu lesser general public license version 3 29 june 2007",
        b"permanent authorization for you to choose that version for the library",
        "LGPL-3.0-only",
    ),
)
"""Whole GNU licences: title, words at the end, and what the text alone says; only a notice can say "or later"."""
APPENDIX_BYTES = 3_200
"""What may follow the end of such a body: "How to apply these terms", a specimen notice that grants nothing."""

PUBLIC_DOMAIN = "LicenseRef-public-domain"
PUBLIC_DOMAIN_PHRASES = (
    b"in the public domain",
    b"into the public domain",
    b"to the public domain",
    b"is public domain",
)
"""SPDX has no identifier for it; beside a licence it adds nothing."""

REFERENCES = {
    "apache": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "bsd": "BSD-3-Clause",
    "cc0": "CC0-1.0",
    "mpl 1 1": "MPL-1.1",
    "mpl 2 0": "MPL-2.0",
}
"""Files of `/usr/share/common-licenses` besides the GNU ones (Debian Policy 12.5)."""
