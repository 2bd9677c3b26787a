"""Which file is which feed: name, form, licence, origin, and whom it speaks for. Grow by rows."""

from typing import Literal

import msgspec

Form = Literal[
    "osv", "kev", "epss", "cvemeta", "cve5", "eol", "debian-coverage", "debian-tracker", "alpine-unaffected",
    "alpine-secdb", "csaf", "nvd", "none",
]  # fmt: skip
Covers = Literal["", "names", "ecosystem"]

_SUFFIXES = (".gz", ".bz2", ".zst", ".jsonl", ".json", ".csv", ".zip", ".tar", "/")
FAMILY = "*"
"""Ends the name of a row that stands for several feeds; each file that begins so is one of its own."""


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One feed. A file or folder belongs to it when its name without `.jsonl`, `.tar`, `.gz` and so on is `name`."""

    name: str
    form: Form
    licence: str = ""
    origin: str = ""
    covers: Covers = ""
    """Whom an OSV feed speaks for: every package of the ecosystems it names, only the packages it names, or none."""
    ecosystems: tuple[str, ...] = ()
    """Only these of the ecosystems it names (without release); empty = all."""
    speaks_for: str = ""
    """A list of covered packages: the feed it is about."""
    snapshot: str = ""
    """The day of the well-known snapshot whose bytes have this digest; any other file tells its own date."""
    sha256: str = ""
    url: str = ""
    """Where `update` finds it; empty for what has no public address in this form."""
    reason: str = ""
    """Why a file of form `none` is not read."""


def stem(file: str) -> str:
    """The feed's name in a file name: `crates.io.jsonl.gz` gives `crates.io`, a folder's `redhat-vex/` its name."""
    for suffix in _SUFFIXES:
        file = file.removesuffix(suffix)
    return file


def _osv(name: str, covers: Covers, licence: str, origin: str, snapshot: str, sha256: str) -> FeedRow:
    return FeedRow(
        name=name, form="osv", covers=covers, licence=licence, origin=origin, snapshot=snapshot, sha256=sha256
    )


_BULK = "https://osv-vulnerabilities.storage.googleapis.com"
_BULK_ECOSYSTEMS = (
    ("Debian", "facts published by Debian"),
    ("Ubuntu", "CC-BY-SA-4.0"),
    ("Alpine", "MIT"),
    ("AlmaLinux", "MIT"),
    ("Rocky Linux", "BSD-3-Clause"),
    ("PyPI", "CC-BY-4.0"),
    ("npm", "CC-BY-4.0"),
    ("Go", "CC-BY-4.0"),
    ("crates.io", "CC0-1.0 AND CC-BY-4.0"),
    ("Maven", "CC-BY-4.0"),
    ("RubyGems", "CC-BY-4.0"),
    ("Packagist", "CC-BY-4.0"),
    ("NuGet", "CC-BY-4.0"),
    ("Bitnami", "Apache-2.0"),
)
_EXPORTS: tuple[FeedRow, ...] = tuple(
    FeedRow(
        name=f"osv-{ecosystem.replace(' ', '-')}", form="osv", covers="ecosystem", ecosystems=(ecosystem,),
        licence=licence, origin=f"OSV export, {ecosystem}", url=f"{_BULK}/{ecosystem.replace(' ', '%20')}/all.zip",
    )
    for ecosystem, licence in _BULK_ECOSYSTEMS
)  # fmt: skip

# The order is the order of precedence: of two records with one id, the feed, summary and so on of the first stay.
FEEDS: tuple[FeedRow, ...] = (
    *_EXPORTS,
    _osv("debian-12", "names", "facts; changelogs are DFSG-free", "changelogs of Debian bookworm source packages",
         "2026-11-22", "dcf6097dace957f0d2ab1e21fef2953f79eb59b2382d13c188e8b8202d203e06"),
    _osv("debian-dsa-dla", "ecosystem", "facts published by Debian", "Debian security tracker, lists of DSA and DLA",
         "2023-04-02", "70121583ed073e71a853ec8b740c3cc1d590b2347bdfa1baaae0d278ae1d1cf7"),
    _osv("alpine", "ecosystem", "MIT", "Alpine aports, secfixes",
         "2023-02-28", "666ca5cdd4a7d2312929afd0bfd04ca0945e824c5d74976296fb87ac2aaacb59"),
    _osv("almalinux", "ecosystem", "MIT", "AlmaLinux/osv-database",
         "2026-08-21", "b836d58bcd2f387c353ea2cea077db10f97dbe515a8ce0f3a1f4843144d78a75"),
    _osv("ghsa-selected", "names", "CC-BY-4.0", "GitHub advisories, a selection",
         "2026-04-27", "b0afb29ea850b17d39a52b3356ef501fda24aa4c4f4a5ab59028bdd722806a6a"),
    _osv("pypi", "ecosystem", "CC-BY-4.0", "pypa/advisory-database",
         "2024-10-10", "f83db706751f50c106d8e189187aee6b8944dfc32bbf44099fc8383e91dd6079"),
    _osv("go", "ecosystem", "CC-BY-4.0", "golang/vulndb",
         "2026-08-21", "935ad68b5a3724895f205d3890e2a4c30c28bce1a5abaeac7de9f42971128e2d"),
    _osv("crates.io", "ecosystem", "CC0-1.0 AND CC-BY-4.0", "rustsec/advisory-db",
         "2026-08-21", "0c3649a1edd8997ba52382801719494dfc027303acd321c7a3e880a8548a315c"),
    _osv("npm", "names", "MIT AND Apache-2.0", "nodejs/security-wg; RetireJS/retire.js",
         "2026-08-22", "9429fd287e4fdd6cce15d61c87925dff68cda00f373fa64c58c22be7c74b0523"),
    _osv("rubygems", "ecosystem", "public domain for the most part", "rubysec/ruby-advisory-db",
         "2026-08-22", "e610655ae8c763ba6a403a2bb1ab2f0e076f37622becb6b45aea305342165e26"),
    _osv("packagist", "ecosystem", "Unlicense", "FriendsOfPHP/security-advisories",
         "2026-08-06", "a910dc5d13562567de9b46651f97f6ad4bc82e223ca27ba69064209778f937bf"),
    _osv("hackage", "ecosystem", "CC0-1.0 OR BSD-3-Clause", "haskell/security-advisories",
         "2026-06-21", "ac365f6dad4a1dec3cecef59b06bab8c2619c755ac1945708877fe19bce657fc"),
    _osv("bitnami", "ecosystem", "Apache-2.0", "bitnami/vulndb",
         "2026-08-05", "34976aee462be534112fb29795654bab6ac86ca2525652a872d3bbb5b5d17db2"),
    _osv("maven-projectkb", "names", "Apache-2.0", "SAP/project-kb",
         "2024-12-11", "abb825af0f90408cfdaefa5655e53db5dbeb9294034e702122c85367b7aee4f8"),
    _osv("cve-cna-packages", "names", "CC0-1.0", "CVE records with package coordinates",
         "2024-10-24", "1289a6e854a3884647e9f26eb6a7f9133b0b57f9454ec82614784354a1103b4a"),
    _osv("malicious", "", "Apache-2.0", "ossf/malicious-packages",
         "2025-06-04", "e14d67a0c89c496c224a1b4aed012aa9009f4b7e8be9e440cc4e12c28dc2853a"),
    FeedRow(name="osv-*", form="osv", covers="names", licence="as its publisher says", origin="OSV records"),
    FeedRow(name="debian-12-coverage", form="debian-coverage", speaks_for="debian-12",
            licence="facts", origin="changelogs of Debian bookworm source packages"),
    FeedRow(name="alpine-not-affected", form="alpine-unaffected", licence="MIT", origin="Alpine aports, secfixes",
            snapshot="2023-02-28", sha256="791c93bcb53c35a0e0e369e66d77862d5edfe8030836f9373b45db628d53a7bc"),
    FeedRow(name="debian-tracker", form="debian-tracker", covers="ecosystem", licence="facts published by Debian",
            origin="Debian security tracker", url="https://security-tracker.debian.org/tracker/data/json"),
    FeedRow(name="alpine-secdb-*", form="alpine-secdb", covers="ecosystem", licence="MIT",
            origin="Alpine security database"),
    FeedRow(name="wolfi-secdb", form="alpine-secdb", covers="ecosystem", ecosystems=("Wolfi",),
            licence="facts published by Wolfi", origin="Wolfi security database",
            url="https://packages.wolfi.dev/os/security.json"),
    FeedRow(name="chainguard-secdb", form="alpine-secdb", covers="ecosystem", ecosystems=("Chainguard",),
            licence="facts published by Chainguard", origin="Chainguard security database",
            url="https://packages.cgr.dev/chainguard/security.json"),
    FeedRow(name="minimos-secdb", form="alpine-secdb", covers="ecosystem", ecosystems=("MinimOS",),
            licence="facts published by Minimus", origin="MinimOS security database",
            url="https://packages.mini.dev/advisories/secdb/security.json"),
    FeedRow(name="redhat-vex", form="csaf", covers="ecosystem", licence="CC-BY-4.0",
            origin="Red Hat, CSAF VEX documents"),
    FeedRow(name="suse-vex", form="csaf", covers="ecosystem", licence="CC-BY-4.0", origin="SUSE, CSAF VEX documents"),
    FeedRow(name="kev", form="kev", licence="CC0-1.0", origin="CISA, known exploited vulnerabilities catalogue",
            url="https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
    FeedRow(name="vulnrichment", form="cve5", licence="CC0-1.0", origin="CVE records with CISA's additions",
            url="https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip"),
    FeedRow(name="cvelist", form="cve5", licence="CVE terms of use", origin="CVE records"),
    FeedRow(name="cve-meta", form="cvemeta", licence="CC0-1.0", origin="cisagov/vulnrichment",
            snapshot="2024-10-24", sha256="131283755d938e7e07987caeef6461d701badc2fbd34c451e8c7ff8e9369c12d"),
    FeedRow(name="nvdcve-2.0-*", form="nvd", licence="public domain", origin="NVD, CVE records with CPE names"),
    FeedRow(name="kev-additions", form="kev", licence="Apache-2.0", origin="jgamblin/KEV_EPSS",
            snapshot="2026-08-22", sha256="2f9252c9266144e7b2ca60d8535bc67087b7519d0c2cd14c2a34056268325d1b"),
    FeedRow(name="epss", form="epss", licence="free with credit to FIRST", origin="EPSS, first.org/epss",
            url="https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),
    FeedRow(name="eol", form="eol", licence="MIT", origin="endoflife.date",
            snapshot="2026-08-22", sha256="fc300d7b00af0cfc5784a2edd0c280553bd0c85934fe6ea1692181ce6c459aaf",
            url="https://endoflife.date/api/v1/products/full"),
    FeedRow(name="nodejs-core", form="none", reason="no OSV record: the bitnami feed speaks for the node program"),
    FeedRow(name="spdx-licenses", form="none", reason="licences, not advisories"),
    FeedRow(name="README.md", form="none", reason="text for people"),
)  # fmt: skip

_SECDB = "https://secdb.alpinelinux.org"
_SECDB_RELEASES = (*(f"v3.{minor}" for minor in range(10, 23)), "edge")

PUBLIC_FEEDS: tuple[FeedRow, ...] = (
    *_EXPORTS,
    *(
        FeedRow(
            name=f"alpine-secdb-{release}-{repository}", form="alpine-secdb", covers="ecosystem", licence="MIT",
            origin="Alpine security database", url=f"{_SECDB}/{release}/{repository}.json",
        )
        for release in _SECDB_RELEASES for repository in ("main", "community")
    ),
    *(row for row in FEEDS[len(_EXPORTS) :] if row.url),
)  # fmt: skip
"""What `update` fetches. Every row has an address."""
