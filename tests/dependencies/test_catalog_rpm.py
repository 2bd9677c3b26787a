"""rpm's database: generated ones always, real ones where rpm is installed."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from assay.dependencies.paths import path_hash
from assay.model.inventory import SourcePackage
from assay.model.limits import DEFAULT_LIMITS
from osfiles import bdb_database, ndb_database, needs_db_load, read, rpm_database, rpm_header

PATH = "var/lib/rpm/rpmdb.sqlite"
DIR, FILE = 0o040755, 0o100644


def header(name: str = "bash", **more: tuple[str, object]) -> bytes:
    tags = {
        "t1000": ("text", name),
        "t1001": ("text", "5.2.15"),
        "t1002": ("text", "3.fc39"),
        "t1011": ("text", "Fedora Project"),
        "t1014": ("text", "GPL-3.0-or-later"),
        "t1022": ("text", "x86_64"),
        "t1044": ("text", f"{name}-5.2.15-3.fc39.src.rpm"),
        "t1047": ("texts", [name, f"{name}(x86-64)", "libx.so.1()(64bit)"]),
        "t1049": ("texts", ["/bin/sh", "libc.so.6()(64bit)", "rpmlib(CompressedFileNames)", "(a if b)", "/bin/sh"]),
        "t1116": ("numbers", [0, 1, 1]),
        "t1117": ("texts", ["bin", "bash", "sh"]),
        "t1118": ("texts", ["/usr/", "/usr/bin/"]),
        "t1030": ("modes", [DIR, FILE, FILE]),
    }
    return rpm_header(**(tags | more))


def test_a_package_is_read_with_its_facts(tmp_path: Path) -> None:
    (package,) = read(PATH, rpm_database(tmp_path / "db", [header()])).packages
    assert (package.ecosystem, package.name, package.version) == ("rpm", "bash", "5.2.15-3.fc39")
    assert package.source == SourcePackage("bash", "5.2.15-3.fc39")
    assert package.architecture == "x86_64"
    assert package.maintainer == "Fedora Project"
    assert package.licence.expression == "GPL-3.0-or-later"
    assert package.depends == ("/bin/sh", "libc.so.6()(64bit)")
    assert package.provides == ("bash", "bash(x86-64)", "libx.so.1()(64bit)")
    assert package.files == path_hash("usr/bin/bash") + path_hash("usr/bin/sh")
    assert package.kind == "package-database"


def test_epoch_and_module_label(tmp_path: Path) -> None:
    blob = header(t1003=("numbers", 2), t5096=("text", "nodejs:18:123:abc"))
    (package,) = read(PATH, rpm_database(tmp_path / "db", [blob])).packages
    assert package.version == "2:5.2.15-3.fc39"
    assert package.source == SourcePackage("bash", "2:5.2.15-3.fc39")
    assert package.properties == (("rpm:modularitylabel", "nodejs:18:123:abc"),)
    (zero,) = read(PATH, rpm_database(tmp_path / "db", [header(t1003=("numbers", 0))])).packages
    assert zero.version == "5.2.15-3.fc39"


def test_public_keys_are_no_packages(tmp_path: Path) -> None:
    database = rpm_database(tmp_path / "db", [header("gpg-pubkey"), header("bash")])
    assert [p.name for p in read(PATH, database).packages] == ["bash"]


def test_many_large_headers_over_overflow_pages(tmp_path: Path) -> None:
    names = [f"/opt/{n}/" for n in range(500)]
    files = {
        "t1116": ("numbers", list(range(500))),
        "t1117": ("texts", [f"file-{n}" for n in range(500)]),
        "t1118": ("texts", names),
        "t1030": ("modes", [FILE] * 500),
    }
    blobs = [header(f"package-{n}", **files) for n in range(40)]
    for page_size in (512, 4096, 65536):
        packages = read(PATH, rpm_database(tmp_path / "db", blobs, page_size=page_size)).packages
        assert [p.name for p in packages] == [f"package-{n}" for n in range(40)]
        assert packages[7].files[-8:] == path_hash("opt/499/file-499")


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"noise",
        header()[:-1],
        header(t1000=("text", "")),
        header(t1116=("numbers", [0, 9, 1])),
        header(t1116=("numbers", [0])),
    ],
)
def test_a_damaged_header_harms_no_other(tmp_path: Path, blob: bytes) -> None:
    fragment = read(PATH, rpm_database(tmp_path / "db", [header("a"), blob, header("b")]))
    assert [p.name for p in fragment.packages] == ["a", "b"]
    assert [(gap.kind, gap.reason) for gap in fragment.gaps] == [("skipped", "1 damaged package headers")]


def test_paths_past_the_allowance_are_a_gap(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, owned_paths_bytes=1_000)
    bomb = header(
        "bomb",
        t1116=("numbers", [0] * 300),
        t1117=("texts", ["x"] * 300),
        t1118=("texts", ["/" + "d" * 4_000]),
        t1030=("modes", [FILE] * 300),
    )
    fragment = read(PATH, rpm_database(tmp_path / "db", [header("a"), bomb]), limits=limits)
    assert [(p.name, len(p.files)) for p in fragment.packages] == [("a", 16), ("bomb", 0)]
    assert [gap.kind for gap in fragment.gaps] == ["limit"]


def test_a_database_without_packages_table_is_unreadable(tmp_path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("CREATE TABLE other (a)")
    connection.close()
    (gap,) = read(PATH, (tmp_path / "db").read_bytes()).gaps
    assert (gap.kind, "no table Packages" in gap.reason) == ("unreadable", True)


@pytest.mark.parametrize(
    ("path", "data", "kind", "names"),
    [
        ("var/lib/rpm/Packages", b"\0" * 12 + b"\x62\x31\x05\x00" + b"\0" * 500, "unsupported", "a b-tree"),
        ("var/lib/rpm/Packages", b"\0" * 12 + b"\x00\x06\x15\x61" + b"\0" * 500, "unsupported", "hash version 0"),
        ("usr/lib/sysimage/rpm/Packages.db", b"RpmP\1" + b"\0" * 500, "unsupported", "ndb"),
        ("usr/lib/sysimage/rpm/Packages.db", b"noise", "unreadable", "ndb"),
        ("var/lib/rpm/Packages", b"noise", "unreadable", "Berkeley DB"),
        ("var/lib/rpm/rpmdb.sqlite-wal", b"\x37\x7f\x06\x82" + b"\0" * 100, "unsupported", "changes beside"),
    ],
)
def test_what_is_not_read_is_named(path: str, data: bytes, kind: str, names: str) -> None:
    (gap,) = read(path, data).gaps
    assert (gap.kind, gap.path, gap.by) == (kind, path, "rpm")
    assert names in gap.reason


@pytest.mark.parametrize("data", [b"", b"\x37\x7f\x06\x82" + b"\0" * 28])
def test_an_empty_write_ahead_log_says_nothing(data: bytes) -> None:
    assert read("var/lib/rpm/rpmdb.sqlite-wal", data).gaps == ()


def test_azure_linux_keeps_a_text_list() -> None:
    line = "bash\t5.1.8-4.cm2\t1653816591\t1653628924\tMicrosoft Corporation\t(none)\t123\tx86_64\t0\tbash-5.1.8-4.cm2.src.rpm\n"
    path = "var/lib/rpmmanifest/container-manifest-2"
    fragment = read(path, line + line.replace("bash", "gpg-pubkey") + "\n")
    assert fragment.gaps == ()
    (package,) = fragment.packages
    assert (package.name, package.version, package.architecture) == ("bash", "5.1.8-4.cm2", "x86_64")
    assert package.source == SourcePackage("bash", "5.1.8-4.cm2")
    assert [gap.kind for gap in read(path, "bash 5.1\n").gaps] == ["unreadable"]


# --- the other databases ------------------------------------------------------------------------------------------

NDB, BDB = "usr/lib/sysimage/rpm/Packages.db", "var/lib/rpm/Packages"
LARGE = {
    "t1116": ("numbers", list(range(500))),
    "t1117": ("texts", [f"file-{n}" for n in range(500)]),
    "t1118": ("texts", [f"/opt/{n}/" for n in range(500)]),
    "t1030": ("modes", [FILE] * 500),
}


def test_ndb_holds_the_same_packages(tmp_path: Path) -> None:
    blobs = [header(f"package-{n}", **(LARGE if n % 3 else {})) for n in range(300)]
    expected = read(PATH, rpm_database(tmp_path / "db", blobs)).packages
    fragment = read(NDB, ndb_database(blobs, slot_pages=2, gap=3))
    assert (fragment.packages, fragment.gaps) == (expected, ())
    assert len(expected) == 300


def test_deleted_packages_of_ndb_are_gone() -> None:
    fragment = read(NDB, ndb_database([header("a"), header("b"), header("c")], deleted=(2,)))
    assert [p.name for p in fragment.packages] == ["a", "c"]
    assert fragment.gaps == ()


@pytest.mark.parametrize("mark", [b"BlbS", b"BlbE"])
def test_a_damaged_blob_of_ndb_harms_no_other(mark: bytes) -> None:
    data = ndb_database([header("a"), header("b")])
    fragment = read(NDB, data.replace(mark, b"noise"[:4], 1))
    assert [p.name for p in fragment.packages] == ["b"]
    assert [gap.reason for gap in fragment.gaps] == ["1 damaged package headers"]


@needs_db_load
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_berkeley_db_holds_the_same_packages(tmp_path: Path, order, page_size: int) -> None:
    blobs = [header(f"package-{n}", **(LARGE if n % 3 else {})) for n in range(120)]
    expected = read(PATH, rpm_database(tmp_path / "db", blobs)).packages
    fragment = read(BDB, bdb_database(tmp_path / "bdb", blobs, page_size=page_size, order=order))
    assert sorted(fragment.packages, key=lambda p: p.name) == sorted(expected, key=lambda p: p.name)
    assert fragment.gaps == ()


@needs_db_load
def test_a_berkeley_db_of_another_kind_is_named(tmp_path: Path) -> None:
    (gap,) = read(BDB, bdb_database(tmp_path / "bdb", [header()], kind="btree")).gaps
    assert (gap.kind, "b-tree" in gap.reason) == ("unsupported", True)


# --- against rpm itself -------------------------------------------------------------------------------------------

SPEC = """Name: {name}
Version: {version}
Release: 3
Epoch: {epoch}
Summary: a test package
License: GPLv2+ and MIT
BuildArch: noarch
Provides: capability({name}) = 1
Requires: {requires}
{label}
%description
A test package.
%package extra
Summary: more
Version: 9.9
%description extra
More.
%install
mkdir -p %{{buildroot}}/opt/{name}/sub %{{buildroot}}/usr/lib/{name}
echo hi > %{{buildroot}}/opt/{name}/sub/file.txt
for n in $(seq {files}); do echo $n > %{{buildroot}}/usr/lib/{name}/file-$n; done
%files
/opt/{name}
/usr/lib/{name}
%files extra
"""
PACKAGES = (
    {"name": "alpha", "version": "1.2", "epoch": "0", "requires": "/bin/sh", "label": "", "files": "1"},
    {"name": "beta", "version": "1.2~rc1", "epoch": "2", "requires": "alpha", "label": "ModularityLabel: m:1:2:c", "files": "5"},
    {"name": "gamma-with-dashes", "version": "3^git1", "epoch": "1", "requires": "capability(alpha)", "label": "", "files": "700"},
)  # fmt: skip
needs_rpm = pytest.mark.skipif(
    shutil.which("rpm") is None or shutil.which("rpmbuild") is None, reason="rpm and rpmbuild are not installed"
)


def command(*arguments: str) -> str:
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def real_root(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """A root with packages built by rpmbuild and installed into its database by rpm: (rpm command, database)."""
    top = tmp_path_factory.mktemp("rpm")
    for fields in PACKAGES:
        spec = top / f"{fields['name']}.spec"
        spec.write_text(SPEC.format(**fields))
        command("rpmbuild", "--define", f"_topdir {top}/build", "-bb", str(spec))
    rpm = ["rpm", "--root", f"{top}/root", "--dbpath", "/var/lib/rpm"]
    (top / "root").mkdir()
    command(*rpm, "--initdb")
    built = sorted(str(path) for path in (top / "build" / "RPMS").rglob("*.rpm"))
    command(*rpm, "-i", "--nodeps", "--justdb", "--ignorearch", *built)
    database = top / "root" / PATH
    if not database.exists():
        pytest.skip("this rpm does not write a sqlite database")
    return rpm, database


@needs_rpm
def test_the_packages_of_a_real_database_equal_rpm_qa(real_root: tuple[list[str], Path]) -> None:
    rpm, database = real_root
    fragment = read(PATH, database.read_bytes())
    listed = command(
        *rpm, "-qa", "--qf", "%{NAME} %{EPOCH} %{VERSION}-%{RELEASE} %{ARCH} %{LICENSE} %{MODULARITYLABEL}\\n"
    )
    ours = []
    for package in fragment.packages:
        epoch, _, version = package.version.rpartition(":")
        label = dict(package.properties).get("rpm:modularitylabel", "(none)")
        (declared,) = package.licence.declared
        ours.append(f"{package.name} {epoch or '0'} {version} {package.architecture} {declared} {label}")
    assert sorted(ours) == sorted(listed.splitlines())
    assert len(ours) == 2 * len(PACKAGES)
    assert fragment.gaps == ()
    assert {p.licence.expression for p in fragment.packages} == {"GPL-2.0-or-later AND MIT"}


@needs_rpm
def test_files_requirements_and_provisions_equal_rpm(real_root: tuple[list[str], Path]) -> None:
    rpm, database = real_root
    for package in read(PATH, database.read_bytes()).packages:
        query = command(*rpm, "-q", "--qf", "[%{FILEMODES:perms} %{FILENAMES}\\n]", package.name)
        files = [line.split(" ", 1)[1] for line in query.splitlines() if line.startswith("-")]
        assert package.files == b"".join(path_hash(path) for path in files)
        requires = command(*rpm, "-q", "--qf", "[%{REQUIRENAME}\\n]", package.name).split("\n")
        assert set(package.depends) == {r for r in requires if r and not r.startswith("rpmlib(")}
        provides = command(*rpm, "-q", "--qf", "[%{PROVIDENAME}\\n]", package.name).split("\n")
        assert set(package.provides) == {p for p in provides if p}


@needs_rpm
def test_source_packages_equal_rpm(real_root: tuple[list[str], Path]) -> None:
    rpm, database = real_root
    for package in read(PATH, database.read_bytes()).packages:
        assert package.source is not None
        source = command(*rpm, "-q", "--qf", "%{SOURCERPM}", package.name)
        assert source == f"{package.source.name}-{package.source.version.rpartition(':')[2]}.src.rpm"


@needs_rpm
def test_erased_packages_are_gone(real_root: tuple[list[str], Path], tmp_path: Path) -> None:
    _, database = real_root
    copy = tmp_path / "root" / PATH
    copy.parent.mkdir(parents=True)
    copy.write_bytes(database.read_bytes())
    command("rpm", "--root", f"{tmp_path}/root", "--dbpath", "/var/lib/rpm", "-e", "--nodeps", "--justdb", "alpha")
    assert (
        copy.with_name("rpmdb.sqlite-wal").stat().st_size == 0 if copy.with_name("rpmdb.sqlite-wal").exists() else True
    )
    names = {p.name for p in read(PATH, copy.read_bytes()).packages}
    assert "alpha" not in names
    assert {"alpha-extra", "beta"} <= names


@needs_rpm
@needs_db_load
def test_rpm_reads_the_same_berkeley_db_alike(real_root: tuple[list[str], Path], tmp_path: Path) -> None:
    import sqlite3

    _, database = real_root
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        blobs = [blob for (blob,) in connection.execute("SELECT blob FROM Packages")]
    finally:
        connection.close()
    home = tmp_path / "root" / "var/lib/rpm"
    home.mkdir(parents=True)
    data = bdb_database(home / "Packages", blobs)
    ours = sorted(f"{p.name} {p.version.rpartition(':')[2]}" for p in read(BDB, data).packages)
    listed = subprocess.run(
        ["rpm", "--root", f"{tmp_path}/root", "--dbpath", "/var/lib/rpm", "--define", "_db_backend bdb_ro", "-qa",
         "--qf", "%{NAME} %{VERSION}-%{RELEASE}\\n"],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert ours == sorted(listed.splitlines())
    assert len(ours) == 2 * len(PACKAGES)
    assert read(BDB, data).packages != ()
