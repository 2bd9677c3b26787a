"""An image full of old packages, made of the feeds themselves: versions at, before and after the edges of ranges.

A patched image says little about matching: nothing is found in it. This one holds, for each package that a feed names,
a version that some advisory calls fixed or affected, as an installation of its ecosystem would leave it behind. Which
version is chosen depends on the name alone, so two builds are equal. Nothing in it runs.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from peerdbs import Row

PACKAGES_COUNT = 600
"""At most, of one ecosystem."""
Chosen = list[tuple[str, str]]
Files = dict[str, bytes]
_OCI = "application/vnd.oci.image"
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@/:+")


def choose(rows: Iterable[Row], ecosystem: str) -> Chosen:
    """(name, version) of the packages of an ecosystem, by name; the version from those that advisories mention."""
    mentioned: dict[str, set[str]] = defaultdict(set)
    for feed, record in rows:
        if feed == "malicious":
            continue
        for affected in record.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem") != ecosystem or not set(package["name"]) <= _NAME_CHARACTERS:
                continue
            versions = mentioned[package["name"]]
            versions.update(affected.get("versions", ()))
            for one in affected.get("ranges", ()):
                if one.get("type") != "GIT":
                    versions.update(v for event in one["events"] for v in event.values() if v != "0")
    usable = {name: sorted(v for v in found if v and " " not in v) for name, found in mentioned.items()}
    named = sorted((_number(name), name) for name, found in usable.items() if found)[:PACKAGES_COUNT]
    return sorted((name, usable[name][number % len(usable[name])]) for number, name in named)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")


def debian(chosen: Chosen) -> Files:
    """dpkg's status file; each source package as one binary package of its name."""
    text = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: M <m@example.org>\n"
        f"Version: {version}\nDescription: x\n"
        for name, version in chosen
    )
    release = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
    return {"etc/os-release": release, "etc/debian_version": b"12.0\n", "var/lib/dpkg/status": text.encode()}


def alpine(chosen: Chosen) -> Files:
    """apk's database."""
    text = "".join(f"P:{n}\nV:{v}\nA:x86_64\nT:x\nL:MIT\no:{n}\nS:1\nI:1\n\n" for n, v in chosen)
    release = b'ID=alpine\nVERSION_ID=3.17.0\nPRETTY_NAME="Alpine Linux v3.17"\n'
    return {"etc/os-release": release, "etc/alpine-release": b"3.17.0\n", "lib/apk/db/installed": text.encode()}


def python(chosen: Chosen) -> Files:
    """One `dist-info` a package."""
    site = "usr/local/lib/python3.11/site-packages"
    return {
        f"{site}/{name.replace('-', '_')}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n".encode()
        )
        for name, version in chosen
    }


def npm(chosen: Chosen) -> Files:
    """One `package.json` a package."""
    return {
        f"srv/app/node_modules/{name}/package.json": json.dumps({"name": name, "version": version}).encode()
        for name, version in chosen
    }


def maven(chosen: Chosen) -> Files:
    """One jar a library, named by its `pom.properties`."""
    made = {}
    for name, version in chosen:
        group, _, artifact = name.partition(":")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            told = f"groupId={group}\nartifactId={artifact}\nversion={version}\n"
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
            archive.writestr(f"META-INF/maven/{group}/{artifact}/pom.properties", told)
        made[f"opt/lib/{group}/{artifact}-{version}.jar"] = out.getvalue()
    return made


def ruby(chosen: Chosen) -> Files:
    """One specification a gem, as RubyGems writes them."""
    return {
        f"usr/local/bundle/specifications/{name}-{version}.gemspec": (
            f'# -*- encoding: utf-8 -*-\nGem::Specification.new do |s|\n  s.name = "{name}".freeze\n'
            f'  s.version = "{version}"\n  s.licenses = ["MIT".freeze]\nend\n'.encode()
        )
        for name, version in chosen
    }


def composer(chosen: Chosen) -> Files:
    """Composer's record of what it installed."""
    packages = [{"name": n, "version": v, "version_normalized": f"{v}.0", "type": "library"} for n, v in chosen]
    told = {"packages": packages, "dev": False, "dev-package-names": []}
    return {"srv/php/vendor/composer/installed.json": json.dumps(told).encode()}


Maker = Callable[[Chosen], Files]
IMAGES: dict[str, dict[str, Maker]] = {
    "worn": {"Debian:12": debian, "PyPI": python, "npm": npm, "Maven": maven, "RubyGems": ruby, "Packagist": composer},
    "worn-alpine": {"Alpine:v3.17": alpine},
}
"""Image to ecosystems and how their packages are written down."""


def build(rows: list[Row], folder: Path) -> list[tuple[str, str]]:
    """Write the images as OCI layouts; returns (reference, name) of each."""
    for name, makers in IMAGES.items():
        layers = [maker(choose(rows, ecosystem)) for ecosystem, maker in makers.items()]
        layout(folder / name, layers)
    return [(f"oci-dir:{folder / name}", name) for name in IMAGES]


def layout(folder: Path, layers: Iterable[Mapping[str, bytes]]) -> None:
    """An OCI layout of one image for linux/amd64."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data: bytes, kind: str) -> dict[str, object]:
        value = hashlib.sha256(data).hexdigest()
        (blobs / value).write_bytes(data)
        return {"mediaType": f"{_OCI}.{kind}", "digest": f"sha256:{value}", "size": len(data)}

    tars = [_tar(files) for files in layers]
    config = {
        "created": "2026-11-22T00:00:00Z", "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in tars]},
        "history": [{"created_by": f"worn layer {number}"} for number in range(len(tars))],
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2, "mediaType": f"{_OCI}.manifest.v1+json",
        "config": put(json.dumps(config).encode(), "config.v1+json"),
        "layers": [put(gzip.compress(one, mtime=0), "layer.v1.tar+gzip") for one in tars],
    }  # fmt: skip
    entry = put(json.dumps(manifest).encode(), "manifest.v1+json")
    entry |= {"platform": {"os": "linux", "architecture": "amd64"},
              "annotations": {"org.opencontainers.image.ref.name": "latest"}}  # fmt: skip
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _tar(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            member.size, member.mtime = len(files[path]), 1_700_000_000
            archive.addfile(member, io.BytesIO(files[path]))
    return out.getvalue()
