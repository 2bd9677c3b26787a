"""dpkg's database: installed packages, their sources, the files they own, their licences."""

import msgspec
import pytest

from assay.dependencies.paths import path_hash, path_hashes
from assay.model.inventory import Licence, SourcePackage
from osfiles import only_row, read, stanza

STATUS = "var/lib/dpkg/status"


def hashes(blob: bytes) -> set[bytes]:
    return {blob[at : at + 8] for at in range(0, len(blob), 8)}


def test_a_package_is_read_with_its_facts() -> None:
    text = stanza(
        "curl",
        "7.88.1-10",
        "Source: curl-src (7.88.1-9)",
        "Maintainer: Jürgen <j@example.org>",
        "Pre-Depends: dpkg (>= 1.15)",
        "Depends: libc6 (>= 2.34), libfoo:any | libbar (<< 2), zlib1g",
        "Provides: downloader (= 1), fetch",
        "Description: tool",
        " Depends: not a field",
    )
    (package,) = read(STATUS, text).packages
    assert (package.ecosystem, package.name, package.version) == ("deb", "curl", "7.88.1-10")
    assert package.source == SourcePackage("curl-src", "7.88.1-9")
    assert package.architecture == "amd64"
    assert package.maintainer == "Jürgen <j@example.org>"
    assert package.depends == ("dpkg", "libc6", "libfoo", "libbar", "zlib1g")
    assert package.provides == ("downloader", "fetch")
    assert package.kind == "package-database"
    assert package.namespace == "", "the distribution is not known from this file"


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ((), ("a", "1-1")),
        (("Source: b",), ("b", "1-1")),
        (("Source: b (1-0)",), ("b", "1-0")),
        (("source: b",), ("b", "1-1")),
    ],
)
def test_the_source_package(lines: tuple[str, ...], source: tuple[str, str]) -> None:
    (package,) = read(STATUS, stanza("a", "1-1", *lines)).packages
    assert package.source == SourcePackage(*source)


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("install reinstreq installed", True),
        ("deinstall ok config-files", False),
        ("install ok unpacked", False),
        ("install reinstreq half-installed", False),
        ("install ok half-configured", False),
        ("install ok triggers-pending", False),
        ("purge ok not-installed", False),
    ],
)
def test_only_state_installed_counts(status: str, counts: bool) -> None:
    fragment = read(STATUS, stanza("a", "1", status=status))
    assert bool(fragment.packages) is counts
    gone = status.endswith(("config-files", "not-installed"))
    assert [gap.kind for gap in fragment.gaps] == ([] if counts or gone else ["skipped"])


def test_the_same_package_in_two_architectures_is_two() -> None:
    text = stanza("libc6", "2.36", "Multi-Arch: same") + stanza("libc6", "2.36", "Multi-Arch: same", arch="i386")
    assert [p.architecture for p in read(STATUS, text).packages] == ["amd64", "i386"]


def test_records_without_name_version_or_state_are_counted() -> None:
    text = stanza("a", "1") + "Package: b\nStatus: install ok installed\n\nPackage: c\nVersion: 1\n\n" + "garbage\n\n"
    fragment = read(STATUS, text)
    assert [p.name for p in fragment.packages] == ["a"]
    assert sorted(gap.reason for gap in fragment.gaps) == [
        "1 records damaged",
        "2 records without name, version or state",
    ]
    assert {gap.kind for gap in fragment.gaps} == {"skipped"}


def test_a_file_without_any_record_is_unreadable() -> None:
    assert [gap.kind for gap in read(STATUS, "asdf\n\nyolo\n").gaps] == ["unreadable"]
    assert read(STATUS, "").gaps == read(STATUS, "\n\n\n").gaps == ()


def test_distroless_keeps_one_file_a_package_without_a_state() -> None:
    fragment = read("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n")
    assert [(p.name, p.version) for p in fragment.packages] == [("base-files", "12.4")]
    (owned,) = read("var/lib/dpkg/status.d/base.md5sums", f"{'0' * 32}  usr/lib/os-release\n").ownership
    assert (owned.name, hashes(owned.files)) == ("base", {path_hash("/usr/lib/os-release")})


def test_what_a_record_says_depends_on_its_file_alone_not_on_what_was_read_before() -> None:
    record = stanza("a", "1").replace("Status: install ok installed\n", "")
    for _ in range(2):
        assert [gap.reason for gap in read(STATUS, record).gaps] == ["1 records without name, version or state"]
        assert [package.name for package in read("var/lib/dpkg/status.d/a", record).packages] == ["a"]


def test_a_record_of_any_length_is_read() -> None:
    long = stanza("long", "1", "Depends: " + ", ".join(f"needed-{number}" for number in range(2_000)))
    (package,) = read(STATUS, long).packages
    assert len(package.depends) == 2_000
    assert read(STATUS, long) == read(STATUS, long)


def test_a_list_gives_hashes_of_its_files_only() -> None:
    listing = "/.\n/usr\n/usr/lib\n/usr/lib/a.so\n/usr/lib/a.so.1\n/lib\n/lib/b.so\n/usr/share/with space\n"
    (owned,) = read("var/lib/dpkg/info/liba:amd64.list", listing).ownership
    assert (owned.ecosystem, owned.name, owned.architecture) == ("deb", "liba", "amd64")
    paths = ["/usr/lib/a.so", "/usr/lib/a.so.1", "/usr/lib/b.so", "/usr/share/with space"]
    assert {path_hash(path) for path in paths} <= hashes(owned.files)
    assert path_hash("/usr/lib") not in hashes(owned.files)


def test_a_list_elsewhere_and_other_files_of_info_are_not_wanted() -> None:
    with pytest.raises(AssertionError, match="no row"):
        only_row("etc/apt/sources.list")
    with pytest.raises(AssertionError, match="no row"):
        only_row("var/lib/dpkg/info/curl.postinst")


def test_lib_and_usr_lib_are_one_place() -> None:
    assert path_hash("/lib/x") == path_hash("usr/lib/x") == path_hash("./lib/x") == path_hash("lib/x")
    assert path_hash("/libexec/x") != path_hash("/usr/libexec/x")
    assert path_hash(".profile") != path_hash("profile")
    names = [b"lib/x", b"usr/bin/y", b"sbin/\xff"]
    assert path_hashes(names) == b"".join(path_hash(n.decode("utf-8", "surrogateescape")) for n in names)


@pytest.mark.parametrize("words", ["Transitional package", "transitional dummy package", "transitional empty package"])
def test_a_transitional_package_is_marked(words: str) -> None:
    (package,) = read(STATUS, stanza("a", "1", "Description: old name", f" This is a {words} of b.")).packages
    assert package.properties == (("deb:transitional", "true"),)


def test_a_copyright_file_becomes_a_note_for_its_package() -> None:
    text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: Expat\n"
    (note,) = read("usr/share/doc/curl/copyright", text).notes
    assert (note.directory, note.name) == ("usr/share/doc/curl", "licence")
    assert msgspec.json.decode(note.value, type=Licence).expression == "MIT"
    assert read("usr/share/doc/curl/examples/copyright", text).notes == ()


def test_bytes_outside_utf8_do_not_stop_the_reader() -> None:
    data = stanza("a", "1", "Maintainer: X").encode().replace(b"X", b"J\xfcrgen")
    (package,) = read(STATUS, data).packages
    package.maintainer.encode()
    assert package.maintainer.startswith("J")
