"""Inventories for tests: one that uses every field, a Hypothesis strategy for any, and a big one."""

from itertools import pairwise

from hypothesis import strategies as st

from assay.model.digest import Digest
from assay.model.image import Layer, Platform, Subject
from assay.model.inventory import (
    BaseImage,
    Component,
    Distro,
    Gap,
    Inventory,
    Licence,
    Occurrence,
    Relation,
    SourcePackage,
)
from assay.model.lock import LockDisagreement, LockState
from assay.model.report import Tool

TOOL = Tool("assay", "0.1.0")
TIME = "2026-01-02T03:04:05Z"


def full() -> Inventory:
    """A small image in which every field of the model is used."""
    base = Component(
        key="deb/debian/openssl@3.0.15-1",
        purl="pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12",
        ecosystem="deb",
        name="libssl3",
        version="3.0.15-1",
        source=SourcePackage("openssl", "3.0.15-1"),
        architecture="amd64",
        licence=Licence(
            expression="Apache-2.0",
            declared=("Apache-2.0",),
            concluded="Apache-2.0",
            confidence="strong",
            method="text",
            evidence="usr/share/doc/libssl3/copyright",
        ),
        maintainer="Debian OpenSSL Team <pkg-openssl@lists.example>",
        supplier="Debian GNU/Linux",
        cataloguer="dpkg",
        occurrences=(Occurrence("var/lib/dpkg/status", 0, "package-database"),),
        introduced=0,
    )
    wheel = Component(
        key="pypi/cryptography@41.0.0",
        purl="pkg:pypi/cryptography@41.0.0",
        ecosystem="pypi",
        name="cryptography",
        version="41.0.0",
        licence=Licence(
            declared=("BSD or Apache", "see LICENSE"),
            reason="no SPDX expression: BSD or Apache",
            concluded="BSD-3-Clause OR LicenseRef-a",
            confidence="weak",
            method="text+notice",
            evidence="x\udcff/LICENSE",
        ),
        cataloguer="pypi",
        occurrences=(
            Occurrence("usr/lib/python3/dist-packages/crypto\udcffgraphy/METADATA", 1, "package-metadata", "strong"),
        ),
        introduced=1,
        removed_by=2,
        owner="deb/debian/openssl@3.0.15-1",
        hashes=("sha256:" + "ab" * 32, "xxh64:0011"),
        properties=(("pypi:requested", "true"),),
    )
    unknown = Component(key="file/x", purl="", ecosystem="", name="x\x9b\x00\u202e", version="")
    return Inventory(
        subject=Subject(
            name="debian:12",
            kind="rootfs",
            digest=Digest("sha256", "11" * 32),
            index=Digest("sha256", "22" * 32),
            platform=Platform("linux", "arm64", "v8"),
            media_type="application/vnd.oci.image.manifest.v1+json",
        ),
        distro=Distro(
            id="debian", version_id="12", codename="bookworm", name="Debian GNU/Linux 12", id_like=("x", "y")
        ),
        components=(base, unknown, wheel),
        relations=(
            Relation(base.key, "contains", unknown.key, "a\udcff"),
            Relation(base.key, "depends_on", unknown.key, "runtime"),
            Relation(wheel.key, "built_from", "elsewhere", "build"),
            Relation(wheel.key, "depends_on", base.key, "optional"),
            Relation(wheel.key, "owned_by", base.key),
        ),
        gaps=(
            Gap("unreadable", "a/b\udc80", 1, "cut short", "dpkg"),
            Gap("unknown-program", "usr/bin/x", None, "no owner"),
        ),
        layers=(
            Layer(
                index=0, diff_id=Digest("sha256", "33" * 32), digest=Digest("sha512", "44" * 64), size=7, media_type="m"
            ),
            Layer(index=1, diff_id=None, created_by="RUN pip install"),
        ),
        created="2025-12-31T00:00:00Z",
        base=BaseImage(
            layers_count=1,
            confidence="strong",
            method="history",
            name="debian:12\udcff",
            digest="sha256:" + "55" * 32,
            reason="a CMD ends it",
        ),
        properties=(("config.label:a", "b"), ("config.user", "root")),
        locks=(
            LockState(
                ecosystem="npm",
                tool="npm",
                manifest="app/\udcffpackage.json",
                lock="app/package-lock.json",
                present="yes",
                hashed="some",
                entries_count=2,
                unhashed_count=1,
                with_manifest="no",
                with_installed="unknown",
                installed="app/node_modules",
                disagreements=(
                    LockDisagreement("constraint", "a", "^2", "1.0.0", "app/package-lock.json"),
                    LockDisagreement("unhashed", "a"),
                ),
                more_count=1,
                reasons=("nobody knows",),
            ),
            LockState(ecosystem="gem", present="no", hashed="unknown", with_manifest="absent", with_installed="absent"),
        ),
    )


def big(count: int = 3_000) -> Inventory:
    """`count` components as an image has them, each needing the one before."""
    components = tuple(
        Component(
            key=f"deb/debian/lib{n:05}@1.{n}-1",
            purl=f"pkg:deb/debian/lib{n:05}@1.{n}-1?arch=amd64&distro=debian-12",
            ecosystem="deb",
            name=f"lib{n:05}",
            version=f"1.{n}-1",
            source=SourcePackage(f"source{n}", f"1.{n}-1"),
            architecture="amd64",
            licence=Licence(expression="GPL-2.0-or-later", declared=("GPL-2+",)),
            maintainer="Someone <someone@example.org>",
            cataloguer="dpkg",
            occurrences=(Occurrence("var/lib/dpkg/status", 0, "package-database"),),
            introduced=0,
        )
        for n in range(count)
    )
    relations = tuple(Relation(b.key, "depends_on", a.key) for a, b in pairwise(components))
    return Inventory(
        subject=Subject(name="big", digest=Digest("sha256", "11" * 32)),
        distro=Distro(id="debian", version_id="12"),
        components=components,
        relations=tuple(sorted(relations)),
    )


text = st.text(max_size=8) | st.text('\\ud89abcdef\udc80\ud800"\x00\x9b\n', max_size=10)
_some = text.filter(bool)
_layer = st.none() | st.integers(0, 999)
_digest = st.sampled_from([Digest("sha256", "0f" * 32), Digest("sha512", "1e" * 64), Digest("sha384", "2d" * 48)])
_hash = (
    st.sampled_from(["md5:" + "0a" * 16, "sha256:" + "0b" * 32, "SHA256:" + "0B" * 32, "blake3:" + "1c" * 32, ":"])
    | text
)
_purl = st.sampled_from(["", "pkg:pypi/a@1", "pkg:npm/%40a/b@1?x=y", "pkg:deb/debian/c@1:2", "pkg:", "no purl"]) | text
_occurrences = st.builds(
    Occurrence, text, _layer, text | st.just("package-database"), st.sampled_from(["certain", "strong", "weak"])
)


def _tuple(items, size=3):
    return st.lists(items, max_size=size).map(tuple)


def _sorted(items, size=3):
    return st.lists(items, max_size=size, unique=True).map(lambda x: tuple(sorted(x)))


def _component(key: str):
    return st.builds(
        Component,
        key=st.just(key),
        purl=_purl,
        ecosystem=st.sampled_from(["deb", "pypi", ""]) | text,
        name=text,
        version=text,
        source=st.none() | st.builds(SourcePackage, text, text),
        architecture=text,
        licence=st.builds(
            Licence,
            expression=text,
            declared=_tuple(text),
            reason=text,
            concluded=text,
            confidence=st.sampled_from(["", "strong", "weak"]),
            method=text,
            evidence=text,
        ),
        maintainer=text,
        supplier=text,
        cataloguer=text,
        occurrences=_tuple(_occurrences),
        introduced=_layer,
        removed_by=_layer,
        owner=text,
        hashes=_sorted(_hash),
        properties=_tuple(st.tuples(text, text)),
    )


_locks = st.builds(
    LockState,
    ecosystem=text,
    tool=text,
    manifest=text,
    lock=text,
    present=st.sampled_from(["yes", "no", "unknown"]),
    hashed=st.sampled_from(["all", "some", "none", "impossible", "unknown"]),
    entries_count=st.integers(0, 1_000_000),
    unhashed_count=st.integers(0, 1_000_000),
    with_manifest=st.sampled_from(["yes", "no", "unknown", "absent"]),
    with_installed=st.sampled_from(["yes", "no", "unknown", "absent"]),
    installed=text,
    disagreements=_tuple(
        st.builds(LockDisagreement, st.sampled_from(["missing-lock", "other-version"]), text, text, text, text), 2
    ),
    more_count=st.integers(0, 1_000_000),
    reasons=_tuple(text, 2),
)


@st.composite
def inventories(draw) -> Inventory:
    """Any inventory with unique keys and sorted relations, hostile text included."""
    keys = sorted(draw(st.sets(_some | st.sampled_from(["subject", "operating-system", "a"]), max_size=4)))
    ends = st.sampled_from([*keys, "nowhere"]) | text
    kinds = st.sampled_from(["depends_on", "contains", "owned_by", "built_from"])
    scopes = st.sampled_from(["", "runtime", "optional"]) | text
    relation = st.builds(Relation, ends, kinds, ends, scopes)
    return Inventory(
        subject=draw(
            st.builds(
                Subject,
                name=text,
                kind=st.sampled_from(["image", "directory", "rootfs", "sbom"]) | text,
                digest=st.none() | _digest,
                index=st.none() | _digest,
                platform=st.none() | st.builds(Platform, text, text, text),
                media_type=text,
            )
        ),
        distro=draw(
            st.none() | st.builds(Distro, id=text, version_id=text, codename=text, name=text, id_like=_tuple(text))
        ),
        components=tuple(draw(_component(key)) for key in keys),
        relations=draw(
            st.lists(relation, max_size=5, unique_by=lambda r: (r.source, r.kind, r.target)).map(
                lambda x: tuple(sorted(x))
            )
        ),
        base=draw(
            st.none()
            | st.builds(
                BaseImage,
                layers_count=st.none() | st.integers(0, 99),
                confidence=st.sampled_from(["certain", "strong", "weak", "unknown"]),
                method=st.sampled_from(["given", "history", "none"]),
                name=text,
                digest=text,
                reason=text,
            )
        ),
        gaps=draw(
            _tuple(
                st.builds(
                    Gap,
                    st.sampled_from(["limit", "unreadable", "unknown-program", "unsupported", "skipped"]),
                    text,
                    _layer,
                    text,
                    text,
                )
            )
        ),
        layers=draw(
            _tuple(
                st.builds(
                    Layer,
                    index=st.integers(0, 999),
                    diff_id=st.none() | _digest,
                    digest=st.none() | _digest,
                    size=st.none() | st.integers(0, 1 << 40),
                    media_type=text,
                    created_by=text,
                )
            )
        ),
        created=draw(st.just("2025-01-01T00:00:00Z") | text),
        properties=draw(_tuple(st.tuples(text, text))),
        locks=draw(_tuple(_locks, 2)),
    )
