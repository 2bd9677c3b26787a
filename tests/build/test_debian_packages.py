"""Packages unpacked and put together without a script of theirs: who owns what, what stands in for scripts, traps."""

import gzip
import hashlib
import lzma
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.build import compose
from assay.build.debian import deb, paths, root, scripts
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS
from debianworld import COMPRESS, File, ar, control, folder, room, shown, tar, unpacked
from debianworld import deb as make


@pytest.fixture
def spool():
    made = room()
    yield made
    made.close()


def build(spool, *packages, reviewed=None, acknowledged=(), architecture="amd64", mount_points=()):
    return root.build(
        packages, architecture=architecture, spool=spool.add, read=spool.read, reviewed=reviewed or {},
        acknowledged=acknowledged, mount_points=mount_points,
    )  # fmt: skip


def text_of(spool, item):
    return b"".join(spool.read(item.span))


# One package


@pytest.mark.parametrize("form", COMPRESS)
def test_every_compression_of_a_member_gives_the_same_package(spool, form):
    data = make("hello", files={"usr/": folder(), "usr/bin/hello": File(data=b"x", mode=0o755)}, form=form)
    found = unpacked(spool, data, "hello")
    assert found.control.name == "hello"
    entries = shown(found.entries)
    assert (entries["usr/bin/hello"].entry.mode, text_of(spool, entries["usr/bin/hello"])) == (0o755, b"x")
    assert str(entries["usr/bin/hello"].owner) == "package hello"


def test_scanners_see_the_package(spool):
    entries = shown(unpacked(spool, make("hello", files={"usr/x": File(data=b"x")}, Depends="libc6"), "hello").entries)
    status = text_of(spool, entries["var/lib/dpkg/status.d/hello"]).decode()
    assert "Package: hello\n" in status
    assert "Depends: libc6\n" in status
    assert status.endswith("Status: install ok installed\n")
    sums = text_of(spool, entries["var/lib/dpkg/status.d/hello.md5sums"])
    assert sums == hashlib.md5(b"x").hexdigest().encode() + b"  usr/x\n"


@pytest.mark.parametrize(
    ("given", "pin"),
    [
        ({"name": "other"}, {}),
        ({"version": "2"}, {}),
        ({"architecture": "arm64"}, {}),
        ({"architecture": "all"}, {}),
        ({}, {"architecture": "all"}),
    ],
)
def test_a_package_that_is_not_its_pin_is_refused(spool, given, pin):
    words = {"name": "hello", "version": "1.0-1", "architecture": "amd64"}
    with pytest.raises(UntrustedError, match="another one than its pin"):
        unpacked(spool, make(**(words | given)), **(words | pin))


VERSION, CONTROL, DATA = (
    ("debian-binary", b"2.0\n"),
    ("control.tar", tar({"control": File(data=control("hello"))})),
    ("data.tar", tar({})),
)


@pytest.mark.parametrize(
    "members",
    [
        (),
        (VERSION, CONTROL),
        (CONTROL, DATA),
        (VERSION, DATA, CONTROL),
        (VERSION, CONTROL, CONTROL),
        (VERSION, CONTROL, ("extra", b""), DATA),
        (("debian-binary", b"3.0\n"), CONTROL, DATA),
        (("debian-binary", b"2.0\n" + b"x" * 1000), CONTROL, DATA),
        (VERSION, ("control.tar", tar({"other": File(data=b"")})), DATA),
        (VERSION, ("control.tar", tar({"control": File(data=b"Package: hello\n")})), DATA),
        (VERSION, ("control.tar", tar({"control": File(data=control("hello") + b"\n" + control("x"))})), DATA),
        (VERSION, ("control.tar", tar({"control": File(data=control("../x"))})), DATA),
        (VERSION, ("control.tar", CONTROL[1][:1024] + CONTROL[1]), DATA),
    ],
)
def test_members_that_are_not_a_packages_are_refused(members):
    with pytest.raises(MalformedError):
        deb.read([ar(*members)], where="x", take=lambda _, found: list(found))


def test_more_than_three_members_are_refused():
    with pytest.raises(UnsupportedError):
        deb.read([ar(VERSION, CONTROL, DATA, ("_gpgorigin", b""))], where="x", take=lambda _, found: None)


@pytest.mark.parametrize("form", [".bz2", ".lzma", ".Z"])
def test_an_unknown_compression_is_refused(form):
    with pytest.raises(UnsupportedError, match="unknown way"):
        deb.read([ar(VERSION, (f"control.tar{form}", b""), DATA)], where="x", take=lambda *_: None)


@pytest.mark.parametrize("form", [".gz", ".xz", ".zst"])
@pytest.mark.parametrize("harm", ["cut", "changed", "follows"])
def test_a_damaged_member_is_malformed_whatever_its_compression(form, harm):
    good = COMPRESS[form](CONTROL[1])
    bad = {"cut": good[:-9], "changed": good[:20] + b"\xff\xff" + good[22:], "follows": good + b"more"}[harm]
    with pytest.raises(MalformedError):
        deb.read([ar(VERSION, (f"control.tar{form}", bad), DATA)], where="x", take=lambda *_: None)


@pytest.mark.parametrize("form", [".gz", ".xz", ".zst"])
def test_a_bomb_ends_at_its_limit(form):
    import msgspec

    limits = msgspec.structs.replace(DEFAULT_LIMITS, build_input_bytes=1 << 20)
    bomb = COMPRESS[form](tar({"x": File(data=bytes(8 << 20))}))
    with pytest.raises(UnsupportedError, match="beyond the limit"):
        deb.read(
            [ar(VERSION, CONTROL, (f"data.tar{form}", bomb))], where="x", limits=limits,
            take=lambda _, found: [sum(map(len, content)) for _, content in found],
        )  # fmt: skip


def test_padding_of_xz_is_no_garbage():
    padded = lzma.compress(CONTROL[1]) + bytes(4)
    deb.read([ar(VERSION, ("control.tar.xz", padded), DATA)], where="x", take=lambda _, found: list(found))
    with pytest.raises(MalformedError):
        deb.read([ar(VERSION, ("control.tar.xz", padded + b"y"), DATA)], where="x", take=lambda *_: None)


def test_a_member_that_is_not_compressed_as_its_name_says_is_malformed():
    for form, data in (
        (".gz", lzma.compress(CONTROL[1])),
        (".xz", CONTROL[1]),
        ("", lzma.compress(CONTROL[1])),
        (".zst", b""),
    ):
        with pytest.raises(MalformedError, match=f"control.tar{form} begins with"):
            deb.read([ar(VERSION, (f"control.tar{form}", data), DATA)], where="x", take=lambda *_: None)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_in_a_package_is_refused(spool, kind):
    with pytest.raises(UnsupportedError, match="device"):
        unpacked(spool, make("hello", files={"dev/x": File(kind=kind)}), "hello")


@pytest.mark.parametrize("name", ["../x", "a/../../x"])
def test_a_path_that_climbs_is_refused(spool, name):
    with pytest.raises(MalformedError):
        unpacked(spool, make("hello", files={name: File()}), "hello")


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(list(COMPRESS)))
def test_a_package_with_any_bytes_changed_has_an_answer(junk, place, form):
    good = make("hello", files={"x": File(data=b"x")}, form=form)
    try:
        deb.read([good[:place] + junk + good[place + len(junk) :]], where="x", take=lambda _, found: list(found))
    except AssayError:
        return


# Where files belong


def test_merged_usr_moves_files_and_the_targets_of_hard_links(spool):
    files = {
        "bin/": folder(), "bin/sh": File(data=b"sh"), "bin/rsh": File(kind=tarfile.LNKTYPE, link="./bin/sh"),
        "lib/x.so": File(kind=tarfile.SYMTYPE, link="x.so.1"), "usr/bin/a": File(data=b"a"), "library": File(),
    }  # fmt: skip
    entries = shown(build(spool, unpacked(spool, make("hello", files=files), "hello")).entries)
    assert entries["usr/bin/rsh"].entry.link == b"usr/bin/sh"
    assert entries["usr/lib/x.so"].entry.link == b"x.so.1"
    assert (entries["bin"].entry.kind, entries["bin"].entry.link) == ("symlink", b"usr/bin")
    assert "library" in entries
    compose.compose(entries.values(), epoch=0)


@pytest.mark.parametrize(
    ("architecture", "has"), [("amd64", True), ("arm64", False), ("i386", False), ("ppc64el", True)]
)
def test_lib64_is_there_only_where_the_machine_has_it(spool, architecture, has):
    package = unpacked(spool, make("hello", architecture=architecture), "hello", architecture=architecture)
    assert ("lib64" in shown(build(spool, package, architecture=architecture).entries)) is has


def test_a_file_named_as_a_folder_of_every_system_is_refused(spool):
    with pytest.raises(MalformedError, match="folder of every system"):
        unpacked(spool, make("hello", files={"bin": File()}), "hello")


def test_stripping_keeps_licences():
    strip = ("docs", "man", "info", "locales")
    left = [b"usr/share/doc/x/copyright", b"usr/share/docs", b"usr/share/manual", b"usr/lib/locale/C.utf8/LC_CTYPE"]
    gone = [
        b"usr/share/doc/x/README", b"usr/share/man/man1/x.1.gz", b"usr/share/info/x", b"usr/share/locale/de/x",
        b"usr/share/i18n/x", b"usr/share/doc/x/copyright/x",
    ]  # fmt: skip
    assert [path for path in left + gone if not paths.is_stripped(path, strip)] == left
    assert not paths.is_stripped(gone[0], ("man",))


def test_what_is_stripped_is_not_in_the_sums(spool):
    files = {"usr/share/man/x": File(data=b"m"), "usr/share/doc/hello/copyright": File(data=b"c")}
    entries = shown(unpacked(spool, make("hello", files=files), "hello", strip=("docs", "man")).entries)
    assert "usr/share/man/x" not in entries
    assert b"man" not in text_of(spool, entries["var/lib/dpkg/status.d/hello.md5sums"])


# Many packages


def two(spool, first, second, **fields):
    one = unpacked(spool, make("aaa", files={"etc/x": first}, **fields.get("aaa", {})), "aaa")
    other = unpacked(spool, make("bbb", files={"etc/x": second}, **fields.get("bbb", {})), "bbb")
    return one, other


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (File(data=b"1"), File(data=b"2")),
        (File(data=b"1"), File(data=b"1", mode=0o600)),
        (folder(0o755), folder(0o2775, gid=50)),
        (folder(), File()),
        (File(kind=tarfile.SYMTYPE, link="a"), File(kind=tarfile.SYMTYPE, link="b")),
    ],
)
def test_two_owners_of_one_path_are_refused_unless_replaces_says_so(spool, first, second):
    with pytest.raises(MalformedError, match="two packages own one path") as caught:
        build(spool, *two(spool, first, second))
    assert caught.value.where == "/etc/x"
    for name, wins in (("aaa", first), ("bbb", second)):
        other = {"aaa": "bbb", "bbb": "aaa"}[name]
        entries = shown(
            build(spool, *two(spool, first, second, **{name: {"Replaces": f"zzz | x, {other} (<< 2)"}})).entries
        )
        assert (str(entries["etc/x"].owner), entries["etc/x"].entry.mode) == (f"package {name}", wins.mode)


def test_equal_files_and_folders_may_be_shared(spool):
    for entry in (File(data=b"1"), folder(0o2775, gid=50)):
        build(spool, *two(spool, entry, entry))


def test_the_order_of_packages_changes_nothing(spool):
    one, other = two(spool, File(data=b"1"), File(data=b"1"))
    assert build(spool, one, other) == build(spool, other, one)


# Scripts


def digest(text):
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_unreviewed_scripts_stop_the_build_and_all_are_listed(spool):
    packages = [
        unpacked(spool, make(name, scripts={"postinst": f"echo {name}", "preinst": "true", "prerm": "x"}), name)
        for name in ("aaa", "bbb", "ccc")
    ]
    with pytest.raises(UnsupportedError) as caught:
        build(spool, *packages, reviewed={digest("echo bbb"): "nothing"}, acknowledged=("ccc",))
    assert caught.value.where == "3 scripts"
    assert "build.script-unreviewed" in caught.value.why
    assert f"aaa postinst {digest('echo aaa')}" in caught.value.why
    assert "bbb preinst" in caught.value.why
    assert "ccc" not in caught.value.why
    assert "prerm" not in caught.value.why


def test_skipped_scripts_are_listed_with_what_stands_in(spool):
    package = unpacked(spool, make("aaa", scripts={"postinst": "a", "preinst": "b"}), "aaa")
    found = build(spool, package, reviewed={digest("a"): "a link"}, acknowledged=("aaa",)).skipped
    assert [(one.name, one.effect) for one in found] == [("preinst", "acknowledged"), ("postinst", "a link")]


def test_the_shipped_table_says_what_stands_in_for_each_script():
    from assay.bootstrap.specs import reviewed_scripts

    table = reviewed_scripts()
    assert len(table) > 50
    assert all(key.startswith("sha256:") and len(key) == 71 and effect for key, effect in table.items())


def test_alternatives_become_links_where_their_target_is_there(spool):
    script = (
        "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n"
        "  --slave /usr/bin/nawk nawk /usr/bin/mawk\nupdate-alternatives --quiet --install /usr/bin/gone gone /usr/bin/none 9\n"
    )
    files = {"usr/bin/mawk": File(data=b"m", mode=0o755)}
    package = unpacked(spool, make("mawk", files=files, scripts={"postinst": script}), "mawk")
    entries = shown(build(spool, package, acknowledged=("mawk",)).entries)
    assert entries["usr/bin/awk"].entry.link == entries["usr/bin/nawk"].entry.link == b"/usr/bin/mawk"
    assert "usr/bin/gone" not in entries


def test_the_highest_priority_wins_then_the_first_name():
    wish = scripts.Alternative
    assert scripts.chosen([wish("/l", 5, "/b"), wish("/l", 10, "/c"), wish("/l", 10, "/a")]) == {"/l": "/a"}


def test_variables_with_plain_values_are_read_and_computed_ones_are_not():
    text = (
        "V=1.16\nX=$(date)\nupdate-alternatives --install /a a /b-${V} 5\nupdate-alternatives --install /c c /d-$X 5\n"
    )
    assert scripts.alternatives(text) == (scripts.Alternative("/a", 5, "/b-1.16"),)


def test_a_hostile_script_is_read_in_little_time():
    scripts.alternatives("update-alternatives " * 20_000 + " " * 50_000)
    scripts.alternatives("update-alternatives --install /a a /b 5" + " --slave x" * 20_000)


# Traps


def test_the_link_to_trusted_roots_is_there_without_the_openssl_command(spool):
    files = {
        "usr/share/ca-certificates/mozilla/B.crt": File(data=b"B"),
        "usr/share/ca-certificates/mozilla/A.crt": File(data=b"A\n"),
        "usr/share/ca-certificates/README": File(data=b"no"),
    }
    entries = shown(build(spool, unpacked(spool, make("ca-certificates", files=files), "ca-certificates")).entries)
    assert text_of(spool, entries["etc/ssl/certs/ca-certificates.crt"]) == b"A\nB\n"
    assert entries["usr/lib/ssl/certs"].entry.link == b"/etc/ssl/certs"


def test_mount_points_are_part_of_a_build_root(spool):
    entries = shown(build(spool, mount_points=("src", "out", "tmp")).entries)
    assert {entries[name].entry.kind for name in ("src", "out", "tmp")} == {"directory"}
    assert entries["tmp"].entry.mode == 0o1777


def test_a_folder_with_its_own_group_keeps_it(spool):
    """`/var/local` is 2775 with group 50, and no rule knows it."""
    package = unpacked(spool, make("base-files", files={"var/local/": folder(0o2775, gid=50)}), "base-files")
    entry = shown(build(spool, package).entries)["var/local"].entry
    assert (entry.mode, entry.gid) == (0o2775, 50)


def test_folders_that_scripts_turn_into_links_are_links(spool):
    package = unpacked(spool, make("base-files", files={"var/run/": folder(), "var/lock/": folder()}), "base-files")
    entries = shown(build(spool, package).entries)
    assert (entries["var/run"].entry.link, entries["var/lock"].entry.link) == (b"/run", b"/run/lock")


def test_defaults_are_copied_and_a_packages_own_file_wins(spool):
    files = {"usr/share/base-passwd/passwd.master": File(data=b"root"), "etc/hosts": File(data=b"own")}
    entries = shown(build(spool, unpacked(spool, make("base-passwd", files=files), "base-passwd")).entries)
    assert text_of(spool, entries["etc/passwd"]) == b"root"
    assert (text_of(spool, entries["etc/hosts"]), str(entries["etc/hosts"].owner)) == (b"own", "package base-passwd")


def test_local_time_is_declared(spool):
    entries = shown(build(spool, unpacked(spool, make("tzdata"), "tzdata")).entries)
    assert entries["etc/localtime"].entry.link == b"/usr/share/zoneinfo/Etc/UTC"


def test_odd_padding_of_ar_is_read():
    odd = ar(
        VERSION, ("control.tar.gz", gzip.compress(CONTROL[1])[:0] + COMPRESS[".gz"](CONTROL[1])), ("data.tar", tar({}))
    )
    assert deb.read([odd], where="x", take=lambda _, found: None).name == "hello"
