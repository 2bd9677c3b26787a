"""Spellings of licence names that are not SPDX identifiers, as data. Keys are folded (`licence_expressions.fold`).

Only spellings with one meaning stand in `ALIASES`: names the Debian copyright format 1.0 defines ("GPL-2+", "Expat"),
Fedora's short names before SPDX ("GPLv2+", "ASL 2.0"), Python's trove classifiers, full titles. A word that names a
family of licences stands in `FAMILIES` and is never resolved by itself.
"""

NOT_LICENCES = frozenset(
    {
        "-",
        "custom",
        "dual",
        "license",
        "licensed",
        "n/a",
        "na",
        "no license",
        "noassertion",
        "none",
        "not specified",
        "null",
        "osi approved",
        "other",
        "other/proprietary license",
        "proprietary",
        "see license",
        "see license file",
        "undefined",
        "unknown",
        "unlicensed",
        "unspecified",
    }
)
"""Words that stand where a licence should and name none (SPDX 2.3 §8.13: NOASSERTION and NONE are no expressions)."""

STATEMENTS = frozenset({"public domain", "public-domain", "pd", "publicdomain"})
"""A statement about rights, not a licence: SPDX has no identifier for it."""

FAMILIES = {
    "bsd": "BSD-",
    "bsd license": "BSD-",
    "bsd-style": "BSD-",
    "bsd-like": "BSD-",
    "bsd style": "BSD-",
    "apache": "Apache-",
    "apache license": "Apache-",
    "apache software license": "Apache-",
    "asl": "Apache-",
    "gpl": "GPL-",
    "gnu gpl": "GPL-",
    "gnu general public license": "GPL-",
    "gnu general public license (gpl)": "GPL-",
    "lgpl": "LGPL-",
    "gnu lgpl": "LGPL-",
    "gnu lesser general public license": "LGPL-",
    "gnu library or lesser general public license (lgpl)": "LGPL-",
    "agpl": "AGPL-",
    "gfdl": "GFDL-",
    "mpl": "MPL-",
    "mozilla public license": "MPL-",
    "epl": "EPL-",
    "eclipse public license": "EPL-",
    "cc-by": "CC-BY-",
    "cc-by-sa": "CC-BY-SA-",
    "artistic license": "Artistic-",
    "academic free license (afl)": "AFL-",
    "cddl": "CDDL-",
    "zope public license": "ZPL-",
    "unicode": "Unicode-",
}
"""A word for several licences → how the identifiers of its members begin."""

_TITLES = {
    "MIT": "mit license|mit/expat|expat|expat license|mit (expat)|mit license (mit)|mit license (expat)|"
    "the mit license",
    "MIT-0": "mit no attribution license (mit-0)",
    "ISC": "isc license|isc license (iscl)|iscl",
    "0BSD": "zero-clause bsd|bsd zero clause license|zero-clause bsd (0bsd)",
    "BSD-1-Clause": "bsd-1",
    "BSD-2-Clause": "bsd-2|bsd 2-clause|bsd 2-clause license|2-clause bsd|2-clause bsd license|simplified bsd|"
    'simplified bsd license|bsd 2-clause "simplified" license|bsd (2-clause)|the bsd 2-clause license',
    "BSD-3-Clause": "bsd-3|bsd 3-clause|bsd 3-clause license|3-clause bsd|3-clause bsd license|new bsd|new bsd license|"
    'modified bsd|modified bsd license|revised bsd license|bsd 3-clause "new" or "revised" license|the bsd 3-clause '
    "license|bsd 3-clause new or revised license|bsd (3-clause)|bsd (3 clause)|bsd-3 clause",
    "Apache-1.1": "apache 1.1|asl 1.1|apache software license 1.1",
    "Apache-2.0": "apache-2|apache2|apache2.0|apache 2|apache 2.0|apache-2.0 license|apache 2.0 license|apache v2|"
    "apache v2.0|apache license 2|apache license 2.0|apache license v2|apache license v2.0|apache software license 2.0|"
    "asl 2.0|asl2.0|apache license 2.0 (apache-2.0)|apache 2 license|the apache license 2.0|the apache software "
    "license 2.0|apache public license 2.0",
    "Artistic-1.0": "artistic|artistic 1.0|artistic-1",
    "Artistic-2.0": "artistic-2|artistic 2.0|artistic license 2.0",
    "Artistic-1.0-Perl OR GPL-1.0-or-later": "perl|perl_5|gpl-1+ or artistic|artistic or gpl-1+|gpl+ or artistic|"
    "artistic or gpl+",
    "MPL-1.0": "mplv1.0|mpl 1.0|mozilla public license 1.0 (mpl)",
    "MPL-1.1": "mplv1.1|mpl 1.1|mozilla public license 1.1 (mpl 1.1)|mozilla public license 1.1",
    "MPL-2.0": "mplv2.0|mplv2|mpl 2.0|mpl-2|mpl2|mozilla public license 2.0|mozilla public license v2.0|"
    "mozilla public license 2.0 (mpl 2.0)",
    "PSF-2.0": "psf|psfl|psf license|python software foundation license",
    "Python-2.0": "python",
    "Unlicense": "the unlicense|the unlicense (unlicense)|unlicense (unlicense)",
    "Zlib": "zlib license|zlib/libpng|zlib/libpng license",
    "OLDAP-2.8": "openldap-2.8|openldap",
    "BSL-1.0": "bsl-1|boost|boost software license|boost software license 1.0|boost software license 1.0 (bsl-1.0)",
    "CC0-1.0": "cc0|cc0 1.0|cc0 1.0 universal|cc0 1.0 universal (cc0 1.0) public domain dedication",
    "CC-BY-4.0": "cc by 4.0",
    "CC-BY-SA-3.0": "cc by-sa 3.0",
    "CC-BY-SA-4.0": "cc by-sa 4.0",
    "CDDL-1.0": "cddl 1.0|common development and distribution license 1.0",
    "CDDL-1.1": "cddl 1.1",
    "CPL-1.0": "cpl|common public license 1.0",
    "EPL-1.0": "epl 1.0|eclipse public license 1.0|eclipse public license 1.0 (epl-1.0)|eclipse public license - v 1.0",
    "EPL-2.0": "epl 2.0|eclipse public license 2.0|eclipse public license v2.0|eclipse public license v. 2.0|"
    "eclipse public license 2.0 (epl-2.0)|eclipse public license - v 2.0",
    "EUPL-1.1": "european union public license 1.1 (eupl 1.1)",
    "EUPL-1.2": "eupl 1.2|european union public license 1.2 (eupl 1.2)",
    "WTFPL": "wtfpl-2",
    "HPND": "historical permission notice and disclaimer (hpnd)",
    "OFL-1.1": "ofl|sil open font license 1.1|sil open font license 1.1 (ofl-1.1)",
    "PHP-3.01": "php",
    "Beerware": "beer-ware",
    "Apache-2.0 WITH LLVM-exception": "apache-2-llvm-exceptions",
}

_GNU = {
    "GPL": ("gnu general public license", ("1", "2", "3")),
    "LGPL": ("gnu lesser general public license", ("2", "2.1", "3")),
    "AGPL": ("gnu affero general public license", ("1", "3")),
    "GFDL": ("gnu free documentation license", ("1.1", "1.2", "1.3")),
}


def _gnu() -> dict[str, str]:
    """Every spelling of the versioned GNU licences; a plain version means that version only, `+` or later."""
    table = {"gpl+": "GPL-1.0-or-later"}
    for family, (title, versions) in _GNU.items():
        low = family.lower()
        for number in versions:
            full = number if "." in number else f"{number}.0"
            for form in (number, full):
                stems = [f"{low}{gap}{form}" for gap in ("-", "v", " v", " ", "", "-v")]
                names = [f"gnu {stem}" for stem in stems] + stems + [f"{title} {form}", f"{title} v{form}"]
                names += [f"{title} v{form} ({low}v{form})", f"{title} {form} ({low}v{form})"]
                table |= dict.fromkeys([*names, *(f"{n} license" for n in stems)], f"{family}-{full}-only")
                later = [f"{name}+" for name in names]
                later += [f"{title} v{form}+ ({low}v{form}+)", f"{title} {form}+ ({low}v{form}+)"]
                table |= dict.fromkeys(later, f"{family}-{full}-or-later")
    for number in ("1.1", "1.2", "1.3"):
        table[f"gfdl-niv-{number}"] = f"GFDL-{number}-no-invariants-only"
        table[f"gfdl-niv-{number}+"] = f"GFDL-{number}-no-invariants-or-later"
    return table


def _titles() -> dict[str, str]:
    return {name: spdx for spdx, names in _TITLES.items() for name in names.split("|")}


ALIASES: dict[str, str] = _gnu() | _titles()
"""Folded spelling → SPDX expression."""

EXCEPTIONS = {
    "bison": "Bison-exception-2.2",
    "classpath": "Classpath-exception-2.0",
    "font": "Font-exception-2.0",
    "libtool": "Libtool-exception",
    "llvm": "LLVM-exception",
    "linux-syscall-note": "Linux-syscall-note",
}
"""Exceptions of which SPDX knows one version, by the word before "exception"."""
